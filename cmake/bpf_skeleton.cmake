# SPDX-License-Identifier: BSD-2-Clause
# bpf_skeleton(SKELETON SOURCE NAME [FLAG...]): compiles the BPF programs of SOURCE and makes the header SKELETON, in which
# all names begin with NAME.
function(bpf_skeleton skeleton source name)
	get_filename_component(folder ${skeleton} DIRECTORY)
	get_filename_component(base ${skeleton} NAME_WE)
	set(compiled ${CMAKE_CURRENT_BINARY_DIR}/${base}.compiled.o)
	set(object ${CMAKE_CURRENT_BINARY_DIR}/${base}.bpf.o)
	file(MAKE_DIRECTORY ${folder})
	add_custom_command(
		OUTPUT ${compiled}
		COMMAND
			${REBLOCK_CLANG} -target bpf -mcpu=v3 -O2 -g -std=gnu17 -ffreestanding -Wall -Werror ${ARGN}
			-ffile-prefix-map=${CMAKE_SOURCE_DIR}/= -I ${CMAKE_SOURCE_DIR}/analyzer/include
			-I ${CMAKE_SOURCE_DIR}/collector -I ${CMAKE_SOURCE_DIR}/collector/bpf
			-idirafter /usr/include/${CMAKE_C_LIBRARY_ARCHITECTURE}
			-MD -MF ${compiled}.d -MT ${compiled} -c ${source} -o ${compiled}
		DEPFILE ${compiled}.d
		DEPENDS ${source}
		COMMENT "Compiling the BPF programs of ${base}"
		VERBATIM
	)
	# "gen object" drops the DWARF that clang had to make for BTF.
	add_custom_command(
		OUTPUT ${skeleton}
		COMMAND ${REBLOCK_BPFTOOL} gen object ${object} ${compiled}
		COMMAND
			${CMAKE_COMMAND} -DBPFTOOL=${REBLOCK_BPFTOOL} -DOBJECT=${object} -DNAME=${name}
			-DOUTPUT=${skeleton} -P ${CMAKE_SOURCE_DIR}/cmake/skeleton.cmake
		DEPENDS ${compiled} ${CMAKE_SOURCE_DIR}/cmake/skeleton.cmake
		COMMENT "Making the skeleton of ${base}"
		VERBATIM
	)
endfunction()
