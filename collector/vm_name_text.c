// SPDX-License-Identifier: BSD-2-Clause
#include "vm_name_parse.h"

#include <stdint.h>

/*
 * Bytes of the printable character that P begins with, 0 where there is none: the well-formed sequences
 * of the Unicode Standard (table 3-7), of two bytes only those from U+00A0 on, since the ones before are
 * control characters.
 */
static size_t character(struct piece p)
{
	static const struct {
		uint8_t first, last, length, second_first, second_last;
	} rows[] = {
		{ 0x20, 0x7e, 1, 0, 0 },       { 0xc2, 0xc2, 2, 0xa0, 0xbf },
		{ 0xc3, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf },
		{ 0xe1, 0xec, 3, 0x80, 0xbf }, { 0xed, 0xed, 3, 0x80, 0x9f },
		{ 0xee, 0xef, 3, 0x80, 0xbf }, { 0xf0, 0xf0, 4, 0x90, 0xbf },
		{ 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
	};
	const uint8_t *at = (const uint8_t *)p.at;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (at[0] < rows[i].first || at[0] > rows[i].last)
			continue;
		if (rows[i].length > p.size)
			return 0;
		if (rows[i].length > 1 &&
		    (at[1] < rows[i].second_first || at[1] > rows[i].second_last))
			return 0;
		for (size_t b = 2; b < rows[i].length; b++)
			if ((at[b] & 0xc0) != 0x80)
				return 0;
		return rows[i].length;
	}
	return 0;
}

size_t piece_write(struct piece p, char *name, size_t room)
{
	size_t length = 0;

	if (!room)
		return 0;
	while (p.size) {
		size_t n = character(p), bytes = n ? n : 1;

		if (length + bytes >= room)
			break;
		if (n)
			memcpy(name + length, p.at, n);
		else
			name[length] = '?';
		length += bytes;
		p = piece_after(p, bytes);
	}
	name[length] = 0;
	return length;
}
