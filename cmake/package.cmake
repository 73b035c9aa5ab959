# SPDX-License-Identifier: BSD-2-Clause
# cpack -G DEB: the package reblock (program, unit, manuals, rules) and, apart from it, reblock-vmread-dkms: the module
# wants a compiler and kernel headers, which many hosts must not have, and everything but exact evidence works without it.

set(packaging ${CMAKE_SOURCE_DIR}/packaging)
install(
	FILES packaging/systemd/reblock-watch.default
	DESTINATION /etc/default
	RENAME reblock-watch
	COMPONENT debian
	EXCLUDE_FROM_ALL
)

set(components program debian)
if(EXISTS ${CMAKE_SOURCE_DIR}/collector/vmread/dkms.conf.in)
	set(VERSION ${PROJECT_VERSION})
	configure_file(collector/vmread/dkms.conf.in packaging/dkms.conf @ONLY)
	foreach(script IN ITEMS postinst prerm)
		configure_file(
			packaging/debian/module/${script}.in
			packaging/module/${script}
			@ONLY
			FILE_PERMISSIONS
				OWNER_READ
				OWNER_WRITE
				OWNER_EXECUTE
				GROUP_READ
				GROUP_EXECUTE
				WORLD_READ
				WORLD_EXECUTE
		)
	endforeach()
	# not what a build in that folder left
	file(GLOB module_sources CONFIGURE_DEPENDS collector/vmread/*.[ch])
	install(
		FILES ${module_sources} collector/vmread/Kbuild collector/vmread/Makefile collector/vmread/README.md
		DESTINATION /usr/src/reblock-vmread-${PROJECT_VERSION}
		COMPONENT module
		EXCLUDE_FROM_ALL
	)
	install(
		FILES ${CMAKE_BINARY_DIR}/packaging/dkms.conf
		DESTINATION /usr/src/reblock-vmread-${PROJECT_VERSION}
		COMPONENT module
		EXCLUDE_FROM_ALL
	)
	list(APPEND components module)
endif()

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME reblock)
# who builds packages for others puts themselves here
set(REBLOCK_PACKAGE_CONTACT "The reblock authors <packages@reblock.invalid>" CACHE STRING "Maintainer of packages")
set(CPACK_PACKAGE_CONTACT "${REBLOCK_PACKAGE_CONTACT}")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_STRIP_FILES ON)
set(CPACK_COMPONENTS_ALL ${components})
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_COMPONENT_PROGRAM_GROUP program)
set(CPACK_COMPONENT_DEBIAN_GROUP program)
set(CPACK_COMPONENT_MODULE_GROUP module)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_SOURCE_DIR}/cmake/package-debian.cmake)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME reblock)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SUGGESTS "reblock-vmread-dkms, prometheus")
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION
"finds hypervisors that forget to block NMIs again
A guest's IRET that takes a VM exit has unblocked NMIs already, and the
hypervisor must block them again before the guest goes on. Where it forgets,
the next NMI overwrites the stack of the handler that is still running.

reblock records what KVM on Intel does about it, by BPF, judges it, also as
an agent with metrics for Prometheus, and audits traces of perf and trace-cmd."
)
file(WRITE ${CMAKE_BINARY_DIR}/packaging/conffiles "/etc/default/reblock-watch\n")
list(APPEND CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA ${CMAKE_BINARY_DIR}/packaging/conffiles)
foreach(script IN ITEMS postinst prerm postrm)
	list(APPEND CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_EXTRA ${packaging}/debian/program/${script})
endforeach()
set(CPACK_DEBIAN_PROGRAM_PACKAGE_CONTROL_STRICT_PERMISSION ON)

set(CPACK_DEBIAN_MODULE_PACKAGE_NAME reblock-vmread-dkms)
set(CPACK_DEBIAN_MODULE_PACKAGE_SECTION kernel)
set(CPACK_DEBIAN_MODULE_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_MODULE_PACKAGE_DEPENDS "dkms (>= 2.8)")
set(CPACK_DEBIAN_MODULE_PACKAGE_SUGGESTS reblock)
set(CPACK_DEBIAN_MODULE_DESCRIPTION
"kernel module that gives reblock exact evidence (source for DKMS)
Hands two fields of the VMCS, which no memory of KVM holds, to reblock's BPF
programs at each VM exit and entry: the guest's interruptibility state and
the VM-entry interruption information. It only reads."
)
set(
	CPACK_DEBIAN_MODULE_PACKAGE_CONTROL_EXTRA
	${CMAKE_BINARY_DIR}/packaging/module/postinst
	${CMAKE_BINARY_DIR}/packaging/module/prerm
)
set(CPACK_DEBIAN_MODULE_PACKAGE_CONTROL_STRICT_PERMISSION ON)

# Read by cpack before each generator's run; the last three are for package-debian.cmake.
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_BINARY_DIR}/packaging/cpack.cmake)
file(
	WRITE ${CPACK_PROJECT_CONFIG_FILE}
	"set(REBLOCK_SOURCE_DIR \"${CMAKE_SOURCE_DIR}\")
# else it stands before each package's own description
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY \"\")
set(REBLOCK_PACKAGE_program reblock)
set(REBLOCK_PACKAGE_module reblock-vmread-dkms)
"
)
include(CPack)
