# SPDX-License-Identifier: BSD-2-Clause
# The model and the audit once more, with planted faults (analyzer/planted.h), and what they are tried on: the unit tests that
# are fast and are about them, and the fuzz targets (planted_target). REBLOCK_PLANT=NUMBER in the environment chooses.

file(
	GLOB planted_sources CONFIGURE_DEPENDS
	${CMAKE_SOURCE_DIR}/analyzer/model/*.c
	${CMAKE_SOURCE_DIR}/analyzer/model/*/*.c
	${CMAKE_SOURCE_DIR}/analyzer/audit/*.c
)
add_library(planted_objects OBJECT planted.c ${planted_sources})
target_compile_definitions(planted_objects PRIVATE REBLOCK_PLANTED)
target_include_directories(planted_objects PRIVATE ${CMAKE_SOURCE_DIR}/analyzer ${CMAKE_SOURCE_DIR}/analyzer/include)

# planted_target(NAME TARGET): NAME is the program TARGET, linked with them. They come before the library, so that of it
# only the rest is taken.
function(planted_target name target)
	get_target_property(libraries ${target} LINK_LIBRARIES)
	get_target_property(options ${target} LINK_OPTIONS)
	add_executable(${name} $<TARGET_OBJECTS:${target}> $<TARGET_OBJECTS:planted_objects>)
	set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/planted)
	target_link_libraries(${name} PRIVATE ${libraries})
	if(options)
		target_link_options(${name} PRIVATE ${options})
	endif()
endfunction()

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
	planted_target(${name}_planted ${name}_test)
endforeach()
add_test(
	NAME planted/unit
	COMMAND bash ${CMAKE_SOURCE_DIR}/tests/planted/unit.sh ${CMAKE_CURRENT_BINARY_DIR}/planted
)
set_tests_properties(planted/unit PROPERTIES LABELS planted TIMEOUT 240 PROCESSORS 2)
