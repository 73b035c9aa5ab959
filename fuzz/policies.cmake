# SPDX-License-Identifier: BSD-2-Clause
# What the targets rules and policy are made of beside their own file, and what is built upon them.

# rules_table is the second statement of the rules, with its table in it: the unit tests use it too.
set(rules_table_source ${CMAKE_CURRENT_BINARY_DIR}/rules_table_text.c)
set(rules_table_file ${CMAKE_SOURCE_DIR}/tests/unit/tables/rules.table)
add_custom_command(
	OUTPUT ${rules_table_source}
	COMMAND ${CMAKE_COMMAND} -DTEXT=${rules_table_file} -DNAME=rules_table_text -DOUTPUT=${rules_table_source}
		-P ${CMAKE_SOURCE_DIR}/cmake/embed_text.cmake
	DEPENDS ${CMAKE_SOURCE_DIR}/cmake/embed_text.cmake ${rules_table_file}
	VERBATIM
)
add_library(rules_table STATIC table/rules_table.c ${rules_table_source})
target_include_directories(rules_table PUBLIC ${CMAKE_CURRENT_SOURCE_DIR}/table ${CMAKE_SOURCE_DIR}/analyzer/include)

# policy_search looks for the shortest runs in which a policy differs; it loads shared objects as the program does.
function(policy_programs)
	set(cli ${CMAKE_SOURCE_DIR}/analyzer/cli)

	add_executable(policy_search policy/search_main.c ${cli}/policy_load.c ${cli}/shared/open_symbol.c)
	target_include_directories(policy_search PRIVATE ${CMAKE_SOURCE_DIR}/analyzer)
	target_link_libraries(policy_search PRIVATE run ${CMAKE_DL_LIBS})
endfunction()
