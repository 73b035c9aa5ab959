/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include "pt/image.h"

enum { LONGEST = 15 }; /* instruction: SDM volume 2, "Instruction Format" */

struct piece {
	uint64_t address;
	const uint8_t *bytes;
	size_t size;
};

struct pt_image {
	struct piece *pieces;
	size_t n;
};

struct pt_image *pt_image_make(void)
{
	return calloc(1, sizeof(struct pt_image));
}

int pt_image_put(struct pt_image *image, uint64_t address, const uint8_t *bytes, size_t size)
{
	struct piece *more;

	if (!size)
		return 0;
	if (address + (size - 1) < address)
		return -EINVAL;
	more = realloc(image->pieces, (image->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	image->pieces = more;
	more[image->n++] = (struct piece){ address, bytes, size };
	return 0;
}

/* The byte at ADDRESS, or -1. */
static int byte_at(const struct pt_image *image, uint64_t address)
{
	int byte = -1;

	for (size_t i = 0; i < image->n; i++) {
		const struct piece *p = &image->pieces[i];

		if (address - p->address >= p->size)
			continue;
		if (byte >= 0 && byte != p->bytes[address - p->address])
			return -1;
		byte = p->bytes[address - p->address];
	}
	return byte;
}

/* LOCK is not: with it, IRET is none. */
static bool is_legacy_prefix(int byte)
{
	switch (byte) {
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x64:
	case 0x65:
	case 0x66:
	case 0x67:
	case 0xf2:
	case 0xf3:
		return true;
	default:
		return false;
	}
}

enum reblock_tri pt_image_at_iret(const struct pt_image *image, uint64_t address)
{
	bool rex = false;

	for (unsigned i = 0; image && i < LONGEST; i++) {
		int byte = byte_at(image, address + i);

		if (byte < 0)
			return REBLOCK_UNKNOWN;
		if (byte == 0xcf)
			/* in 32-bit mode it was INC or DEC */
			return rex && address >> 32 == 0 ? REBLOCK_UNKNOWN : REBLOCK_YES;
		if (is_legacy_prefix(byte)) {
			/* The processor passes over a REX prefix that others follow: no compiler makes that. */
			if (rex)
				return REBLOCK_UNKNOWN;
			continue;
		}
		if (rex || (byte & 0xf0) != 0x40)
			return REBLOCK_NO;
		rex = true;
	}
	return image ? REBLOCK_NO : REBLOCK_UNKNOWN;
}

void pt_image_end(struct pt_image *image)
{
	if (!image)
		return;
	free(image->pieces);
	free(image);
}
