# SPDX-License-Identifier: BSD-2-Clause
# The model and the audit once more, with planted faults (analyzer/planted.h), and what is tried on them: the unit tests that
# are fast and are about them, and the fuzz targets. REBLOCK_PLANT=NUMBER in the environment chooses the fault. The
# programs have the names that they have without faults, and are in fuzz/planted.

file(
	GLOB planted_sources CONFIGURE_DEPENDS
	${CMAKE_SOURCE_DIR}/analyzer/model/*.c
	${CMAKE_SOURCE_DIR}/analyzer/model/*/*.c
	${CMAKE_SOURCE_DIR}/analyzer/audit/*.c
)
add_library(planted_objects OBJECT EXCLUDE_FROM_ALL ${CMAKE_SOURCE_DIR}/fuzz/planted/choose.c ${planted_sources})
target_compile_definitions(planted_objects PRIVATE REBLOCK_PLANTED)
target_include_directories(planted_objects PRIVATE ${CMAKE_SOURCE_DIR}/analyzer ${CMAKE_SOURCE_DIR}/analyzer/include)

# planted(TARGET): the program TARGET, linked with these objects. They come before the library, so that of it only the rest
# is taken.
function(planted target)
	get_target_property(libraries ${target} LINK_LIBRARIES)
	get_target_property(options ${target} LINK_OPTIONS)
	add_executable(${target}_planted ${ARGN} $<TARGET_OBJECTS:${target}> $<TARGET_OBJECTS:planted_objects>)
	set_target_properties(
		${target}_planted PROPERTIES
		OUTPUT_NAME ${target}
		RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz/planted
	)
	target_link_libraries(${target}_planted PRIVATE ${libraries})
	if(options)
		target_link_options(${target}_planted PRIVATE ${options})
	endif()
endfunction()

# The fuzz targets: only when asked for, by fuzz/measure.sh.
add_custom_target(planted_targets)
foreach(source IN LISTS targets)
	get_filename_component(name ${source} NAME_WE)
	string(REGEX REPLACE "_fuzz$" "" name ${name})
	if(TARGET ${name}_fuzz AND REBLOCK_FUZZ STREQUAL libfuzzer)
		# libFuzzer takes a mutator where one is linked.
		add_executable(${name}_default_fuzz EXCLUDE_FROM_ALL ${source})
		target_link_libraries(${name}_default_fuzz PRIVATE run)
		target_link_options(${name}_default_fuzz PRIVATE -fsanitize=fuzzer)
	endif()
	foreach(program IN ITEMS ${name}_fuzz ${name}_default_fuzz ${name}_afl ${name}_replay ${name}_enumerate)
		# libFuzzer's instrumentation wants its runtime, which brings a main of its own.
		if(REBLOCK_FUZZ AND program MATCHES "_(replay|enumerate)$")
			continue()
		endif()
		if(TARGET ${program})
			planted(${program} EXCLUDE_FROM_ALL)
			add_dependencies(planted_targets ${program}_planted)
		endif()
	endforeach()
endforeach()

if(NOT REBLOCK_TESTS OR NOT TARGET unit_shared)
	return()
endif()
pkg_check_modules(CMOCKA IMPORTED_TARGET cmocka)
set(
	planted_tests
	audit_cases
	audit_plain
	audit_properties
	audit_retire
	filter_rules
	policy_differences
	policy_kvm
	policy_stream
	policy_table
	sim
)
foreach(name IN LISTS planted_tests)
	planted(${name}_test)
endforeach()
add_test(
	NAME planted/unit
	COMMAND bash ${CMAKE_SOURCE_DIR}/tests/planted/unit.sh ${CMAKE_BINARY_DIR}/fuzz/planted
)
set_tests_properties(planted/unit PROPERTIES LABELS planted TIMEOUT 240 PROCESSORS 2)
