# SPDX-License-Identifier: BSD-2-Clause
# cmake -DPAGE=page.html -DSTYLE=page.css "-DSCRIPTS=a.js b.js" -DOUTPUT=page.c -P embed.cmake
#
# Puts style and scripts into the page, with the hashes by which its Content-Security-Policy lets these run and nothing
# else, and makes a C array of it.

# The SHA-256 of TEXT in base64, as Content-Security-Policy wants it.
function(policy_hash text out)
	set(letters ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
	string(SHA256 hex "${text}")
	set(hash "")
	# 32 bytes: ten groups of three, and two bytes that are filled up.
	foreach(group RANGE 10)
		math(EXPR at "6 * ${group}")
		string(SUBSTRING "${hex}00" ${at} 6 digits)
		math(EXPR bits "0x${digits}")
		foreach(shift 18 12 6 0)
			math(EXPR letter "(${bits} >> ${shift}) & 63")
			string(SUBSTRING ${letters} ${letter} 1 letter)
			string(APPEND hash ${letter})
		endforeach()
	endforeach()
	string(REGEX REPLACE "A$" "=" hash ${hash})
	set(${out} "sha256-${hash}" PARENT_SCOPE)
endfunction()

file(READ ${PAGE} page)
file(READ ${STYLE} style)
separate_arguments(SCRIPTS)
set(script "'use strict';\n")
foreach(file IN LISTS SCRIPTS)
	file(READ ${file} text)
	string(APPEND script "${text}")
endforeach()
policy_hash("${style}" style_hash)
policy_hash("${script}" script_hash)
foreach(slot style_hash script_hash style script)
	string(REPLACE "@${slot}@" "${${slot}}" page "${page}")
endforeach()
string(HEX "${page}" bytes)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT} "#include \"report/html_page.h\"\n\nconst char html_page[] = {\n${bytes}0\n};\n")
