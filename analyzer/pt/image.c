/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include "pt/code.h"
#include "pt/image.h"
#include "pt/instruction.h"

enum { LONGEST = 15 }; /* instruction: SDM volume 2, "Instruction Format" */

struct piece {
	uint64_t address;
	const uint8_t *bytes;
	size_t size;
	bool memory;   /* as it was in memory, not as in the file of a program */
	uint64_t last; /* highest address of this piece and of all before it */
};

struct pt_image {
	struct piece *pieces; /* by address */
	size_t n, room;
	bool memory; /* one of them is */
	struct pt_code *code;
};

struct pt_image *pt_image_make(void)
{
	struct pt_image *image = calloc(1, sizeof(*image));

	if (!image)
		return NULL;
	image->code = pt_code_make();
	if (!image->code) {
		free(image);
		return NULL;
	}
	return image;
}

static int more_room(struct pt_image *image)
{
	size_t room = image->room ? 2 * image->room : 8;
	struct piece *more;

	if (image->n < image->room)
		return 0;
	more = realloc(image->pieces, room * sizeof(*more));
	if (!more)
		return -ENOMEM;
	image->pieces = more;
	image->room = room;
	return 0;
}

static uint64_t last_of(const struct piece *p)
{
	return p->address + (p->size - 1);
}

static int put(struct pt_image *image, const struct piece *piece)
{
	struct piece *p;
	size_t i;

	if (!piece->size)
		return 0;
	if (piece->last < piece->address)
		return -EINVAL;
	if (more_room(image))
		return -ENOMEM;
	p = image->pieces;
	for (i = image->n++; i > 0 && p[i - 1].address > piece->address; i--)
		p[i] = p[i - 1];
	p[i] = *piece;
	for (; i < image->n; i++) {
		p[i].last = last_of(&p[i]);
		if (i && p[i - 1].last > p[i].last)
			p[i].last = p[i - 1].last;
	}
	image->memory |= piece->memory;
	pt_code_forget(image->code);
	return 0;
}

int pt_image_put(struct pt_image *image, uint64_t address, const uint8_t *bytes, size_t size)
{
	return put(image,
		   &(struct piece){ address, bytes, size, true, address + (uint64_t)size - 1 });
}

int pt_image_put_program(struct pt_image *image, uint64_t address, const uint8_t *bytes,
			 size_t size)
{
	return put(image,
		   &(struct piece){ address, bytes, size, false, address + (uint64_t)size - 1 });
}

bool pt_image_has_memory(const struct pt_image *image)
{
	return image && image->memory;
}

/* How many pieces begin at ADDRESS or before it. */
static size_t pieces_up_to(const struct pt_image *image, uint64_t address)
{
	size_t low = 0, high = image->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->pieces[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The byte at ADDRESS, or -1; with MEMORY only of pieces that are as they were there. */
static int byte_at(const struct pt_image *image, uint64_t address, bool memory)
{
	int byte = -1;

	for (size_t i = pieces_up_to(image, address); i-- && image->pieces[i].last >= address;) {
		const struct piece *p = &image->pieces[i];

		if (address - p->address >= p->size || (memory && !p->memory))
			continue;
		if (byte >= 0 && byte != p->bytes[address - p->address])
			return -1;
		byte = p->bytes[address - p->address];
	}
	return byte;
}

/* The piece that has all of these bytes, where there is no other for any of them. */
static const struct piece *piece_alone(const struct pt_image *image, uint64_t address, size_t size)
{
	uint64_t end = address + size - 1;
	size_t n = size && end >= address ? pieces_up_to(image, end) : 0;
	const struct piece *p = n ? &image->pieces[n - 1] : NULL;

	if (!p || address < p->address || end - p->address >= p->size ||
	    (n > 1 && p[-1].last >= address))
		return NULL;
	return p;
}

const uint8_t *pt_image_alone(const struct pt_image *image, uint64_t address, uint64_t *begin,
			      uint64_t *last)
{
	const struct piece *has = NULL, *p;

	for (size_t i = pieces_up_to(image, *last); i-- && image->pieces[i].last >= *begin;) {
		p = &image->pieces[i];
		if (!p->memory)
			continue;
		if (p->address > address) {
			*last = *last < p->address ? *last : p->address - 1;
		} else if (last_of(p) < address) {
			*begin = *begin > last_of(p) ? *begin : last_of(p) + 1;
		} else {
			if (has)
				return NULL;
			has = p;
		}
	}
	if (!has)
		return NULL;
	*begin = *begin > has->address ? *begin : has->address;
	*last = *last < last_of(has) ? *last : last_of(has);
	return has->bytes + (*begin - has->address);
}

struct pt_code *pt_image_code(const struct pt_image *image)
{
	return image->code;
}

size_t pt_image_read(const struct pt_image *image, uint64_t address, uint8_t *bytes, size_t size)
{
	const struct piece *alone = piece_alone(image, address, size);
	size_t n;

	if (alone && alone->memory) {
		memcpy(bytes, alone->bytes + (address - alone->address), size);
		return size;
	}
	for (n = 0; n < size && address + n >= address; n++) {
		int byte = byte_at(image, address + n, true);

		if (byte < 0)
			break;
		bytes[n] = (uint8_t)byte;
	}
	return n;
}

enum reblock_tri pt_image_at_iret(const struct pt_image *image, uint64_t address)
{
	bool rex = false;

	for (unsigned i = 0; image && i < LONGEST; i++) {
		int byte = byte_at(image, address + i, false);

		if (byte < 0)
			return REBLOCK_UNKNOWN;
		if (byte == 0xcf)
			/* in 32-bit mode it was INC or DEC */
			return rex && address >> 32 == 0 ? REBLOCK_UNKNOWN : REBLOCK_YES;
		if (pt_is_legacy_prefix(byte)) {
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
	pt_code_end(image->code);
	free(image->pieces);
	free(image);
}
