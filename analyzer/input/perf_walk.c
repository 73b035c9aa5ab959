/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include "input/perf_walk.h"

/* A place is taken for the beginning of a record where so many records follow each other. */
#define PLAUSIBLE 4
#define PERF_KERNEL_TYPES 21u /* the last that the kernel has so far */

void perf_walk_begin(struct perf_walk *w, const uint8_t *data, size_t size, uint64_t offset)
{
	memset(w, 0, sizeof(*w));
	w->from = w->at = data;
	w->end = data + size;
	w->offset = offset;
}

void perf_walk_end(struct perf_walk *w)
{
	perf_unpack_free(w->unpack);
	w->unpack = NULL;
}

/* The size of the record at P, its payload included; 0 where no record is, or it is cut off. */
static uint64_t size_at(const struct perf_walk *w, const uint8_t *p)
{
	uint64_t left = (uint64_t)(w->end - p), size;

	if (left < PERF_RECORD_HEADER)
		return 0;
	size = perf_size(p);
	if (size < PERF_RECORD_HEADER || size > left || !perf_type(p) || perf_type(p) >= PERF_TYPES)
		return 0;
	if (perf_type(p) == PERF_AUXTRACE) {
		uint64_t payload = size >= 48 ? perf_u64(p + 8) : UINT64_MAX;

		return payload <= left - size ? size + payload : 0;
	}
	if (perf_type(p) == PERF_HEADER_TRACING_DATA) {
		uint64_t payload = size >= 12 ? perf_u32(p + 8) : UINT64_MAX;

		return payload <= left - size ? size + payload : 0;
	}
	return size;
}

static bool plausible(const struct perf_walk *w, const uint8_t *p)
{
	for (int i = 0; i < PLAUSIBLE && p < w->end; i++) {
		uint64_t size = size_at(w, p);
		uint32_t type;

		if (!size)
			return false;
		type = perf_type(p);
		if (type > PERF_KERNEL_TYPES &&
		    (type < PERF_HEADER_ATTR || type > PERF_COMPRESSED2))
			return false;
		p += size;
	}
	return true;
}

/* What is at the position is no record. */
static void pass_over(struct perf_walk *w)
{
	/* Compressed records have any size, TRACING_DATA a multiple of 4; the rest multiples of 8. */
	const ptrdiff_t step = w->unpack ? 1 : 4;
	const uint8_t *from = w->at;
	uint64_t offset = w->offset + (uint64_t)(from - w->from);

	w->damaged = true;
	do {
		w->at = w->end - w->at > step ? w->at + step : w->end;
	} while (w->at < w->end && !plausible(w, w->at));
	if (w->at < w->end)
		snprintf(w->what, sizeof(w->what),
			 "offset %" PRIu64 ": no record here; read on at offset %" PRIu64, offset,
			 w->offset + (uint64_t)(w->at - w->from));
	else
		snprintf(w->what, sizeof(w->what),
			 "offset %" PRIu64 ": no whole record here, nor in the %" PRIu64
			 " bytes to the end",
			 offset, (uint64_t)(w->end - from));
}

/* Hands the content of the compressed record at R to the unpacker. */
static int open_compressed(struct perf_walk *w, const uint8_t *r)
{
	size_t at = PERF_RECORD_HEADER, size = perf_size(r) - at;

	if (!w->unpack)
		w->unpack = perf_unpack_new();
	if (!w->unpack)
		return -ENOMEM;
	if (perf_type(r) == PERF_COMPRESSED2) {
		at += 8; /* the size without padding */
		if (size < 8 || perf_u64(r + 8) > size - 8)
			size = 0;
		else
			size = (size_t)perf_u64(r + 8);
	}
	perf_unpack_feed(w->unpack, r + at, size);
	return 0;
}

/* The next record that comes out of compressed ones, NULL where there is none at this place. */
static const uint8_t *next_unpacked(struct perf_walk *w)
{
	const char *what;
	const uint8_t *r = perf_unpack_next(w->unpack, &what);

	if (!r && what) {
		w->broken = w->damaged = true;
		snprintf(w->what, sizeof(w->what),
			 "the compressed record before offset %" PRIu64
			 ": %s, nor can those after it",
			 w->offset + (uint64_t)(w->at - w->from), what);
	}
	return r;
}

const uint8_t *perf_walk_next(struct perf_walk *w, int *err)
{
	*err = 0;
	w->damaged = false;
	for (;;) {
		const uint8_t *r;
		uint64_t size;

		w->unpacked = w->unpack && !w->broken;
		if (w->unpacked) {
			r = next_unpacked(w);
			if (r)
				return r;
			w->unpacked = false;
		}
		if (w->at >= w->end)
			return NULL;
		r = w->at;
		size = size_at(w, r);
		if (!size) {
			pass_over(w);
			continue;
		}
		w->at += size;
		if (perf_type(r) != PERF_COMPRESSED && perf_type(r) != PERF_COMPRESSED2)
			return r;
		*err = w->broken ? 0 : open_compressed(w, r);
		if (*err)
			return NULL;
	}
}
