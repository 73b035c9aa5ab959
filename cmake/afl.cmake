# SPDX-License-Identifier: BSD-2-Clause
# Toolchain of the presets afl...: afl-clang-lto where it makes a program that runs, else afl-clang-fast.
# Link-time optimisation gives each edge of the program a place of its own in the map.

if(NOT DEFINED ENV{REBLOCK_AFL_CC})
	set(afl_compiler afl-clang-fast)
	find_program(AFL_CLANG_LTO afl-clang-lto)
	find_program(AFL_LLD NAMES ld.lld)
	if(AFL_CLANG_LTO AND AFL_LLD)
		set(folder ${CMAKE_BINARY_DIR}/CMakeFiles/afl)
		file(WRITE ${folder}/try.c "int main(void) { return 0; }\n")
		execute_process(
			COMMAND ${AFL_CLANG_LTO} -o ${folder}/try ${folder}/try.c
			RESULT_VARIABLE failed
			OUTPUT_QUIET ERROR_QUIET
		)
		if(failed EQUAL 0)
			execute_process(COMMAND ${folder}/try RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
		endif()
		if(failed EQUAL 0)
			set(afl_compiler afl-clang-lto)
		endif()
	endif()
	# Also for the projects that CMake's own tests of the compiler make.
	set(ENV{REBLOCK_AFL_CC} ${afl_compiler})
endif()
set(CMAKE_C_COMPILER $ENV{REBLOCK_AFL_CC})
# The archiver has to know the compiler's object files.
find_program(AFL_AR NAMES llvm-ar llvm-ar-19 llvm-ar-14)
find_program(AFL_RANLIB NAMES llvm-ranlib llvm-ranlib-19 llvm-ranlib-14)
if(AFL_AR AND AFL_RANLIB)
	set(CMAKE_AR ${AFL_AR} CACHE FILEPATH "Archiver")
	set(CMAKE_RANLIB ${AFL_RANLIB} CACHE FILEPATH "Archiver's indexer")
endif()
if(REBLOCK_AFL_CMPLOG)
	set(CMAKE_C_COMPILER_LAUNCHER env AFL_LLVM_CMPLOG=1)
	set(CMAKE_C_LINKER_LAUNCHER env AFL_LLVM_CMPLOG=1)
endif()
