# SPDX-License-Identifier: BSD-2-Clause
# cmake --install: program, libraries, headers, pkg-config file, man pages, completion, licence, what runs the agent.
# Components: program, library; the module's source is component module.

if(TARGET reblock_shared)
	install(TARGETS reblock_shared COMPONENT library)
endif()
if(TARGET reblock_archive)
	install(FILES ${CMAKE_BINARY_DIR}/analyzer/libreblock.a DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT library)
endif()
if(TARGET reblock)
	install(TARGETS reblock COMPONENT program)
endif()
install(DIRECTORY analyzer/include/reblock TYPE INCLUDE COMPONENT library FILES_MATCHING PATTERN "*.h")

# The prefix is relative to the file itself, so that an installed tree may be moved.
file(RELATIVE_PATH pc_prefix /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" pc_prefix "${pc_prefix}")
configure_file(cmake/reblock.pc.in reblock.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/reblock.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT library)

file(GLOB man_pages CONFIGURE_DEPENDS docs/man/*.1)
install(FILES ${man_pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 COMPONENT program)
install(
	FILES completions/reblock.bash
	DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions
	RENAME reblock
	COMPONENT program
)
# Findings name docs/rules.md, alerts docs/alerts.md.
file(GLOB pages CONFIGURE_DEPENDS docs/*.md)
list(FILTER pages EXCLUDE REGEX "/(developing|performance)\\.md$")
install(FILES LICENSE ${pages} TYPE DOC COMPONENT program)
install(DIRECTORY examples TYPE DOC COMPONENT library)

# What runs the agent and looks at it. The unit names the program by its place, which --prefix may change.
if(TARGET collector)
	install(
		CODE "
		set(REBLOCK_BINDIR \"\${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_BINDIR}\")
		set(unit \"\${CMAKE_INSTALL_PREFIX}/lib/systemd/system/reblock-watch.service\")
		message(STATUS \"Installing: \$ENV{DESTDIR}\${unit}\")
		configure_file(
			\"${CMAKE_SOURCE_DIR}/packaging/systemd/reblock-watch.service.in\" \"\$ENV{DESTDIR}\${unit}\" @ONLY
		)
		list(APPEND CMAKE_INSTALL_MANIFEST_FILES \"\${unit}\")"
		COMPONENT program
	)
	install(FILES packaging/systemd/reblock-watch.socket DESTINATION lib/systemd/system COMPONENT program)
	install(
		FILES packaging/prometheus/reblock.rules.yml packaging/grafana/reblock.json
		DESTINATION ${CMAKE_INSTALL_DATADIR}/reblock
		COMPONENT program
	)
endif()
