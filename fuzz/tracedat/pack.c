/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <zstd.h>
#include "fuzz.h"
#include "tracedat/shape.h"

#define PAGES_MOST 16 /* in a chunk */

/* The pages at FROM become a chunk at AT; returns its size, 0 where there is no room. */
static size_t put_chunk(struct dat_shape *s, size_t at, size_t from, size_t size)
{
	static ZSTD_CCtx *context; /* for all inputs: it keeps nothing of one */
	size_t packed;

	if (!context)
		context = ZSTD_createCCtx();
	if (!context)
		fuzz_fail("out of memory");
	if (s->room - at < 8 + ZSTD_compressBound(size))
		return 0;
	packed =
		ZSTD_compressCCtx(context, s->at + at + 8, s->room - at - 8, s->at + from, size, 1);
	if (ZSTD_isError(packed))
		fuzz_fail("no compression");
	dat_set(s, at, 4, packed);
	dat_set(s, at + 4, 4, size);
	return 8 + packed;
}

/* The pages of a CPU; returns where the next may begin, 0 where there is no room. */
static size_t pack_lane(struct dat_shape *s, size_t i, size_t at, uint32_t *seed)
{
	uint32_t page = s->lanes[i].page_size, chunks = 0;
	size_t from = (size_t)dat_get(s, s->lanes[i].place, 8);
	size_t left = (size_t)dat_get(s, s->lanes[i].place + 8, 8), begin = at;

	if (!left)
		return at;
	if (s->room - at < 4)
		return 0;
	for (at += 4; left; chunks++) {
		size_t some = (1 + (*seed = *seed * 1664525 + 1013904223) % PAGES_MOST) * page, n;

		some = some < left ? some : left;
		n = put_chunk(s, at, from, some);
		if (!n)
			return 0;
		at += n;
		from += some;
		left -= some;
	}
	dat_set(s, begin, 4, chunks);
	dat_set(s, s->lanes[i].place, 8, begin);
	/* The number of chunks is not counted in the size. */
	dat_set(s, s->lanes[i].place + 8, 8, at - begin - 4);
	return at;
}

bool dat_pack(struct dat_shape *s, uint32_t seed)
{
	size_t at = s->size;

	if (s->version != 7 || s->zstd || !s->n_lanes || s->n_lanes == DAT_LANES_MOST)
		return false;
	for (size_t i = 0; i < s->n_lanes; i++) {
		size_t buffer = s->lanes[i].buffer;

		if (dat_get(s, s->lanes[i].place + 8, 8) % s->lanes[i].page_size ||
		    (dat_get(s, buffer + 2, 2) & 1))
			return false;
	}
	for (size_t i = 0; i < s->n_lanes; i++) {
		at = pack_lane(s, i, at, &seed);
		if (!at)
			return false;
	}
	for (size_t i = 0; i < s->n_lanes; i++) {
		size_t flags = s->lanes[i].buffer + 2;

		dat_set(s, flags, 2, dat_get(s, flags, 2) | 1);
	}
	memcpy(s->at + 18, "zstd", 5);
	s->size = at;
	return true;
}
