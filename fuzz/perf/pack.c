/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <zstd.h>
#include "fuzz.h"
#include "perf/format.h"
#include "perf/shape.h"

#define PIECE_MOST 16384

/* A compressed record of SIZE bytes at FROM, at AT of the file; returns its size. */
static size_t put_packed(struct perf_shape *s, size_t at, const uint8_t *from, size_t size)
{
	static ZSTD_CStream *stream; /* one for all inputs: each begins by resetting it */
	ZSTD_inBuffer in = { from, size, 0 };
	ZSTD_outBuffer out = { s->at + at + PERF_HEAD, 0, 0 };
	uint32_t type = PERF_PACKED;
	uint16_t whole;
	size_t left;

	if (!stream)
		stream = ZSTD_createCStream();
	if (!stream)
		fuzz_fail("out of memory");
	if (!from) {
		if (ZSTD_isError(ZSTD_initCStream(stream, 1)))
			fuzz_fail("no compression");
		return 0;
	}
	out.size = ZSTD_compressBound(size);
	if (out.size > UINT16_MAX - PERF_HEAD)
		out.size = UINT16_MAX - PERF_HEAD;
	do {
		left = ZSTD_compressStream2(stream, &out, &in, ZSTD_e_flush);
		if (ZSTD_isError(left) || (left && out.pos == out.size))
			fuzz_fail("no compression");
	} while (left);
	whole = (uint16_t)(PERF_HEAD + out.pos);
	memcpy(s->at + at, &type, 4);
	memset(s->at + at + 4, 0, 2);
	memcpy(s->at + at + 6, &whole, 2);
	return whole;
}

bool perf_pack(struct perf_shape *s, uint32_t seed)
{
	size_t from = s->data, end = s->data + s->data_size, at = (s->size + 7) & ~(size_t)7;
	size_t first = at, features = 0;
	uint64_t offset, size;

	if (s->pipe || !s->plain || !s->data_size)
		return false;
	for (size_t i = 0; i < PERF_FEATURES; i++)
		features += s->at[72 + i / 8] >> i % 8 & 1;
	/* What does not compress grows a little. */
	if (s->room - at < 2 * s->data_size + 4096 + 16 * features)
		return false;
	memset(s->at + s->size, 0, at - s->size);
	(void)put_packed(s, 0, NULL, 0);
	while (from < end) {
		size_t some = 1 + (seed = seed * 1664525 + 1013904223) % PIECE_MOST;

		if (s->room - at < PIECE_MOST + 4096)
			return false;
		some = some < end - from ? some : end - from;
		at += put_packed(s, at, s->at + from, some);
		from += some;
	}
	memcpy(s->at + at, s->at + end, 16 * features);
	offset = first;
	size = at - first;
	memcpy(s->at + 40, &offset, 8);
	memcpy(s->at + 48, &size, 8);
	s->size = at + 16 * features;
	return true;
}
