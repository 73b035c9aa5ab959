# SPDX-License-Identifier: BSD-2-Clause
# cmake --install: program, libraries, headers, pkg-config file, man pages, completion, licence.

if(TARGET reblock_shared)
	install(TARGETS reblock_shared)
endif()
if(TARGET reblock_archive)
	install(FILES ${CMAKE_BINARY_DIR}/analyzer/libreblock.a DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()
if(TARGET reblock)
	install(TARGETS reblock)
endif()
install(DIRECTORY analyzer/include/reblock TYPE INCLUDE FILES_MATCHING PATTERN "*.h")

# The prefix is relative to the file itself, so that an installed tree may be moved.
file(RELATIVE_PATH pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
configure_file(cmake/reblock.pc.in reblock.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/reblock.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

file(GLOB man_pages CONFIGURE_DEPENDS docs/man/*.1)
install(FILES ${man_pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES completions/reblock.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME reblock)
# Findings name docs/rules.md.
install(FILES LICENSE docs/rules.md docs/collector.md docs/jsonl.md docs/perf.md docs/policies.md docs/reports.md
	docs/trace-dat.md docs/trace-format.md TYPE DOC)
install(DIRECTORY examples TYPE DOC)
