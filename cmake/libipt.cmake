# SPDX-License-Identifier: BSD-2-Clause
# libipt, Intel's decoder of Processor Trace: the target libipt, which carries where its header and library are. Without it all
# is built, and says so when it meets Intel PT.
#
# It has no pkg-config file, and Debian has no static library of it. All references to it are weak (analyzer/pt/libipt.h): what
# is linked without it, as reblock-static, runs without. One program serves every libipt 2.x: it asks at run time what
# there is. So one built here with the newer one of ./dev setup (cmake/fetch-libipt) works with the system's when installed.

option(REBLOCK_SYSTEM_LIBIPT "Do not take the newer libipt that ./dev setup has brought into build/libipt" OFF)

# A weak reference alone does not make a linker that was told --as-needed, as Ubuntu's is, keep a library.
set(CMAKE_LINK_LIBRARY_USING_whole_SUPPORTED TRUE)
set(CMAKE_LINK_LIBRARY_USING_whole "LINKER:--push-state,--no-as-needed" "<LINK_ITEM>" "LINKER:--pop-state")

set(libipt_paths)
if(NOT REBLOCK_SYSTEM_LIBIPT)
	set(libipt_root ${CMAKE_SOURCE_DIR}/build/libipt/usr)
	if(EXISTS ${libipt_root}/include/intel-pt.h)
		set(libipt_paths ${libipt_root}/include ${libipt_root}/lib/${CMAKE_LIBRARY_ARCHITECTURE})
	endif()
endif()
# With REBLOCK_FUZZ=engine only static libraries are looked for; this one is there as a shared one only.
set(libipt_suffixes ${CMAKE_FIND_LIBRARY_SUFFIXES})
set(CMAKE_FIND_LIBRARY_SUFFIXES .so)
# Asked anew each time: it may have been brought since.
unset(LIBIPT_INCLUDE_DIR CACHE)
unset(LIBIPT_LIBRARY CACHE)
unset(LIBIPT_SYSTEM_INCLUDE_DIR CACHE)
unset(LIBIPT_SYSTEM_LIBRARY CACHE)
if(libipt_paths)
	find_path(LIBIPT_INCLUDE_DIR intel-pt.h PATHS ${libipt_paths} NO_DEFAULT_PATH)
	find_library(LIBIPT_LIBRARY NAMES ipt PATHS ${libipt_paths} NO_DEFAULT_PATH)
endif()
# The system's, whatever else there is: a test compares the two.
find_path(LIBIPT_SYSTEM_INCLUDE_DIR intel-pt.h)
find_library(LIBIPT_SYSTEM_LIBRARY NAMES ipt)
set(CMAKE_FIND_LIBRARY_SUFFIXES ${libipt_suffixes})
if(NOT LIBIPT_INCLUDE_DIR OR NOT LIBIPT_LIBRARY)
	set(LIBIPT_INCLUDE_DIR ${LIBIPT_SYSTEM_INCLUDE_DIR})
	set(LIBIPT_LIBRARY ${LIBIPT_SYSTEM_LIBRARY})
endif()

# libipt_target(NAME INCLUDE LIBRARY)
function(libipt_target name include library)
	add_library(${name} INTERFACE)
	if(include AND library)
		target_include_directories(${name} SYSTEM INTERFACE ${include})
		target_compile_definitions(${name} INTERFACE REBLOCK_LIBIPT)
		target_link_libraries(${name} INTERFACE "$<LINK_LIBRARY:whole,${library}>")
	endif()
endfunction()

libipt_target(libipt "${LIBIPT_INCLUDE_DIR}" "${LIBIPT_LIBRARY}")
if(LIBIPT_INCLUDE_DIR AND LIBIPT_LIBRARY)
	file(STRINGS ${LIBIPT_INCLUDE_DIR}/intel-pt.h libipt_version REGEX "define LIBIPT_VERSION_(MAJOR|MINOR|PATCH) +[0-9]")
	list(TRANSFORM libipt_version REPLACE "^.* ([0-9]+)$" "\\1")
	list(JOIN libipt_version "." libipt_version)
	message(STATUS "libipt ${libipt_version}: ${LIBIPT_LIBRARY}")
else()
	message(WARNING "no libipt (libipt-dev): what is built cannot decode Intel PT")
endif()
