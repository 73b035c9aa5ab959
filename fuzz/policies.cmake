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
