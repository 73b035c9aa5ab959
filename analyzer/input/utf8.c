/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "input/utf8.h"

/* Bytes of the printable character that P, a string, begins with; 0 where there is none. */
static size_t character(const unsigned char *p)
{
	uint32_t code;
	size_t length;

	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f;
	if (p[0] >= 0xc2 && p[0] < 0xe0) {
		length = 2;
		code = p[0] & 0x1f;
	} else if (p[0] >= 0xe0 && p[0] < 0xf0) {
		length = 3;
		code = p[0] & 0x0f;
	} else if (p[0] >= 0xf0 && p[0] < 0xf5) {
		length = 4;
		code = p[0] & 0x07;
	} else {
		return 0;
	}
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < 0xa0 || (length == 3 && code < 0x800) || (length == 4 && code < 0x10000) ||
	    code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
		return 0;
	return length;
}

void utf8_clean(char *text)
{
	unsigned char *p = (unsigned char *)text;

	while (*p) {
		size_t length = character(p);

		if (!length)
			*p = '?';
		p += length ? length : 1;
	}
}

bool utf8_name_valid(const struct reblock_record *r)
{
	struct reblock_record clean = *r;

	utf8_name_clean(&clean);
	return memcmp(&clean, r, sizeof(clean)) == 0;
}

void utf8_name_clean(struct reblock_record *r)
{
	char name[REBLOCK_NAME_LENGTH + 1];
	uint16_t presence = r->presence;

	reblock_record_name(r, name);
	utf8_clean(name);
	reblock_record_set_name(r, name);
	r->presence = presence; /* a name that is absent stays so */
}
