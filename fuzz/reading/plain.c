/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdint.h>
#include <stdlib.h>
#include "reading/plain.h"

/* The length of the UTF-8 character at P if it is one that is printed, else 0. A zero ends the text. */
static size_t character(const uint8_t *p)
{
	static const struct {
		uint8_t mask, lead;
		uint32_t least;
	} forms[] = { { 0x80, 0x00, 0x20 },
		      { 0xe0, 0xc0, 0xa0 }, /* up to 0x9f there are only controls */
		      { 0xf0, 0xe0, 0x800 },
		      { 0xf8, 0xf0, 0x10000 } };

	for (size_t n = 0; n < sizeof(forms) / sizeof(forms[0]); n++) {
		uint32_t code = p[0] & (uint8_t)~forms[n].mask;

		if ((p[0] & forms[n].mask) != forms[n].lead)
			continue;
		for (size_t i = 1; i <= n; i++) {
			if ((p[i] & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (p[i] & 0x3f);
		}
		if (code < forms[n].least || code > 0x10ffff || code == 0x7f ||
		    (code >= 0xd800 && code < 0xe000))
			return 0;
		return n + 1;
	}
	return 0;
}

bool plain_text(const char *text)
{
	const uint8_t *p = (const uint8_t *)text;

	while (*p) {
		size_t n = character(p);

		if (!n)
			return false;
		p += n;
	}
	return true;
}
