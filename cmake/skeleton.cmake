# SPDX-License-Identifier: BSD-2-Clause
# Writes the skeleton of BPF object OBJECT, named NAME, to OUTPUT; a failed run leaves no output behind.
execute_process(
	COMMAND ${BPFTOOL} gen skeleton ${OBJECT} name ${NAME}
	OUTPUT_FILE ${OUTPUT}
	RESULT_VARIABLE result
)
if(NOT result EQUAL 0)
	file(REMOVE ${OUTPUT})
	message(FATAL_ERROR "bpftool gen skeleton ${OBJECT} failed: ${result}")
endif()
