# SPDX-License-Identifier: BSD-2-Clause
# cpack runs it over what it is about to pack: as Debian wants it, compressed, with copyright and changelog.
file(GLOB_RECURSE pages LIST_DIRECTORIES false ${CPACK_TEMPORARY_DIRECTORY}/program/usr/share/man/*)
foreach(page IN LISTS pages)
	execute_process(COMMAND gzip -9n ${page} COMMAND_ERROR_IS_FATAL ANY)
endforeach()

file(STRINGS ${REBLOCK_SOURCE_DIR}/LICENSE lines)
set(LICENSE "")
foreach(line IN LISTS lines)
	if(line STREQUAL "")
		set(line ".")
	endif()
	string(APPEND LICENSE " ${line}\n")
endforeach()
string(REGEX REPLACE "\n$" "" LICENSE "${LICENSE}")
set(VERSION ${CPACK_PACKAGE_VERSION})
foreach(component IN ITEMS program module)
	if(NOT EXISTS ${CPACK_TEMPORARY_DIRECTORY}/${component})
		continue()
	endif()
	set(package ${REBLOCK_PACKAGE_${component}})
	set(folder ${CPACK_TEMPORARY_DIRECTORY}/${component}/usr/share/doc/${package})
	# the copyright file holds it
	file(REMOVE ${folder}/LICENSE)
	configure_file(${REBLOCK_SOURCE_DIR}/packaging/debian/copyright.txt ${folder}/copyright @ONLY)
	configure_file(${REBLOCK_SOURCE_DIR}/packaging/debian/changelog.txt ${folder}/changelog @ONLY)
	execute_process(COMMAND gzip -9n ${folder}/changelog COMMAND_ERROR_IS_FATAL ANY)
	file(
		CHMOD_RECURSE ${folder}
		FILE_PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ
		DIRECTORY_PERMISSIONS
			OWNER_READ
			OWNER_WRITE
			OWNER_EXECUTE
			GROUP_READ
			GROUP_EXECUTE
			WORLD_READ
			WORLD_EXECUTE
	)
endforeach()
