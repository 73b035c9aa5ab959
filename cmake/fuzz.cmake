# SPDX-License-Identifier: BSD-2-Clause
# fuzz_target(NAME SOURCE): the programs of a fuzz target.
#
#   NAME_replay     in every build: runs over files and folders. Its test replays corpus/fuzz/NAME, corpus/regressions/NAME
#                   and the recorded traces.
#   NAME_enumerate  in every build, if SOURCE includes run.h: gives all short runs to the target. Its test is bounded.
#   NAME_fuzz       REBLOCK_FUZZ=libfuzzer: a libFuzzer program
#   NAME_afl        REBLOCK_FUZZ=afl: a program for afl-fuzz; the compiler is AFL++'s (cmake/afl.cmake)

function(fuzz_target name source)
	set(drivers ${CMAKE_CURRENT_SOURCE_DIR}/drivers)

	add_executable(${name}_replay ${source} ${drivers}/replay.c)
	target_link_libraries(${name}_replay PRIVATE run)
	if(REBLOCK_TESTS)
		file(
			GLOB inputs CONFIGURE_DEPENDS
			${CMAKE_SOURCE_DIR}/corpus/fuzz/${name}/* ${CMAKE_SOURCE_DIR}/corpus/regressions/${name}/*
			${CMAKE_SOURCE_DIR}/corpus/traces/*.rbt
		)
		add_test(NAME fuzz/${name} COMMAND ${name}_replay ${inputs})
		set_tests_properties(fuzz/${name} PROPERTIES LABELS fuzz TIMEOUT 240)
	endif()

	file(STRINGS ${source} takes_runs REGEX "^#include \"run\\.h\"")
	if(takes_runs)
		add_executable(${name}_enumerate ${source} ${drivers}/enumerate.c)
		target_link_libraries(${name}_enumerate PRIVATE run)
		if(REBLOCK_TESTS)
			# The sanitizers take ten times as long.
			set(most 500000)
			if(REBLOCK_SANITIZE)
				set(most 20000)
			endif()
			add_test(NAME fuzz/${name}-enumerate COMMAND ${name}_enumerate --most ${most})
			set_tests_properties(fuzz/${name}-enumerate PROPERTIES LABELS fuzz TIMEOUT 240)
		endif()
	endif()

	if(REBLOCK_FUZZ STREQUAL libfuzzer)
		file(GLOB mutator CONFIGURE_DEPENDS ${name}_mutator.c)
		add_executable(${name}_fuzz ${source} ${mutator})
		target_link_libraries(${name}_fuzz PRIVATE run)
		target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
	endif()

	if(REBLOCK_FUZZ STREQUAL afl)
		add_executable(${name}_afl ${source} ${drivers}/afl.c)
		target_link_libraries(${name}_afl PRIVATE run)
	endif()
endfunction()
