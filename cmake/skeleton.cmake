# SPDX-License-Identifier: BSD-2-Clause
# Writes the skeleton of BPF object OBJECT, named NAME, to OUTPUT.
execute_process(
	COMMAND ${BPFTOOL} gen skeleton ${OBJECT} name ${NAME}
	OUTPUT_VARIABLE skeleton
	COMMAND_ERROR_IS_FATAL ANY
)
# It is generated: what clang-tidy thinks of it is of no use.
file(WRITE ${OUTPUT} "/* NOLINTBEGIN */\n${skeleton}/* NOLINTEND */\n")
