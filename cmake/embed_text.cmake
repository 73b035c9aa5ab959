# SPDX-License-Identifier: BSD-2-Clause
# cmake -DTEXT=some.table -DNAME=some_table_text -DOUTPUT=some.c -P embed_text.cmake
#
# Makes a C string NAME of a text file.

file(READ ${TEXT} bytes HEX)
string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${bytes}")
file(WRITE ${OUTPUT} "extern const char ${NAME}[];\nconst char ${NAME}[] = {\n${bytes}0\n};\n")
