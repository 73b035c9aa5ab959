# SPDX-License-Identifier: BSD-2-Clause
# fuzz_target(NAME SOURCE): the programs of a fuzz target.
#
#   NAME_replay     in every build: runs over files and folders. Its test replays corpus/fuzz/NAME, corpus/regressions/NAME
#                   and the recorded traces.
#   NAME_enumerate  in every build, if SOURCE includes run.h or calls run_decode: gives all short runs to the target. Its test is bounded.
#   NAME_fuzz       REBLOCK_FUZZ=libfuzzer: a libFuzzer program
#                   REBLOCK_FUZZ=engine: the same for the engine of LIB_FUZZING_ENGINE, as OSS-Fuzz has it (fuzz/oss-fuzz/)
#   NAME_afl        REBLOCK_FUZZ=afl: a program for afl-fuzz; the compiler is AFL++'s (cmake/afl.cmake)

# With REBLOCK_FUZZ=afl, run_mutator.so is there too: for AFL_CUSTOM_MUTATOR_LIBRARY, with targets that take runs.

if(REBLOCK_FUZZ STREQUAL afl)
	file(GLOB mutator_sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/mutator/*.c)
	list(FILTER mutator_sources EXCLUDE REGEX "/libfuzzer\\.c$")
	add_library(run_mutator MODULE ${mutator_sources})
	target_include_directories(run_mutator PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/analyzer/include)
	# It runs inside afl-fuzz: nothing is instrumented or sanitized.
	target_compile_options(run_mutator PRIVATE -O2 -fno-sanitize=all)
	target_link_options(run_mutator PRIVATE -fno-sanitize=all)
	set_target_properties(
		run_mutator PROPERTIES
		PREFIX ""
		C_VISIBILITY_PRESET hidden
		C_COMPILER_LAUNCHER "env;AFL_NOOPT=1"
		C_LINKER_LAUNCHER "env;AFL_NOOPT=1"
	)
endif()

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

	file(STRINGS ${source} takes_runs REGEX "^#include \"run\\.h\"|run_decode")
	if(takes_runs)
		add_executable(${name}_enumerate ${source} ${drivers}/enumerate.c)
		target_link_libraries(${name}_enumerate PRIVATE run)
		if(REBLOCK_TESTS)
			# The sanitizers take ten times as long.
			set(most 60000)
			if(REBLOCK_SANITIZE)
				set(most 5000)
			endif()
			add_test(NAME fuzz/${name}-enumerate COMMAND ${name}_enumerate --most ${most})
			set_tests_properties(fuzz/${name}-enumerate PROPERTIES LABELS fuzz TIMEOUT 240)
		endif()
	endif()

	if(REBLOCK_FUZZ MATCHES "^(libfuzzer|engine)$")
		file(GLOB mutator CONFIGURE_DEPENDS ${name}_mutator.c)
		if(takes_runs)
			set(mutator ${CMAKE_CURRENT_SOURCE_DIR}/mutator/libfuzzer.c)
		endif()
		add_executable(${name}_fuzz ${source} ${mutator})
		target_link_libraries(${name}_fuzz PRIVATE run)
		if(REBLOCK_FUZZ STREQUAL engine)
			separate_arguments(engine UNIX_COMMAND "$ENV{LIB_FUZZING_ENGINE}")
			target_link_libraries(${name}_fuzz PRIVATE ${engine})
			set_target_properties(${name}_fuzz PROPERTIES LINKER_LANGUAGE CXX)
		else()
			target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
		endif()
		add_dependencies(fuzz_targets ${name}_fuzz)
	endif()

	if(REBLOCK_FUZZ STREQUAL afl)
		add_executable(${name}_afl ${source} ${drivers}/afl.c)
		target_link_libraries(${name}_afl PRIVATE run)
	endif()
endfunction()

# fuzz_bench(NAME SOURCE): NAME_fuzz, NAME_afl and NAME_replay once more, as NAME_counted_..., which count what they do
# (tests/bench/fuzz/count.c); not built unless they are asked for, as target fuzz_bench.
function(fuzz_bench name source)
	set(drivers ${CMAKE_CURRENT_SOURCE_DIR}/drivers)
	set(count ${CMAKE_SOURCE_DIR}/tests/bench/fuzz/count.c)
	set(programs ${name}_counted_replay)

	add_executable(${name}_counted_replay EXCLUDE_FROM_ALL ${source} ${drivers}/replay.c ${count})
	if(REBLOCK_FUZZ STREQUAL libfuzzer)
		add_executable(${name}_counted_fuzz EXCLUDE_FROM_ALL ${source} ${count})
		target_link_options(${name}_counted_fuzz PRIVATE -fsanitize=fuzzer)
		list(APPEND programs ${name}_counted_fuzz)
	elseif(REBLOCK_FUZZ STREQUAL afl)
		add_executable(${name}_counted_afl EXCLUDE_FROM_ALL ${source} ${drivers}/afl.c ${count})
		list(APPEND programs ${name}_counted_afl)
	endif()
	foreach(program IN LISTS programs)
		target_link_libraries(${program} PRIVATE run)
		foreach(wrapped IN ITEMS reblock_audit_feed reblock_audit_feed_some oracle_judge policy_differences policy_predictions
				LLVMFuzzerTestOneInput)
			target_link_options(${program} PRIVATE -Wl,--wrap=${wrapped})
		endforeach()
	endforeach()
	add_dependencies(fuzz_bench ${programs})
endfunction()
