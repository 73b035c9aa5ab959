/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Compressed records (perf record -z). perf compresses what it takes out of its buffers as one zstd
 * stream for the whole file, flushed at the end of each compressed record; a record of the content
 * may begin in one of them and end in the next.
 */
#include <stdlib.h>
#include <zstd.h>
#include "input/perf_walk.h"

#define ROOM ((size_t)1 << 18)
#define WINDOW_LOG_MAX 27 /* what zstd's highest level needs: 128 MiB */
/* One compressed record has at most 64 KiB; perf fills it from a buffer of this size at most. */
#define UNPACKED_MOST ((uint64_t)1 << 30)

struct perf_unpack {
	ZSTD_DStream *stream;
	ZSTD_inBuffer in;
	uint64_t unpacked; /* bytes, of what was fed last */
	size_t at, filled; /* of the buffer: looked at, written */
	bool more;         /* the stream may hold more of what was fed */
	const char *broken;
	uint8_t buffer[ROOM];
};

struct perf_unpack *perf_unpack_new(void)
{
	struct perf_unpack *u = malloc(sizeof(*u));

	if (!u)
		return NULL;
	u->stream = ZSTD_createDStream();
	u->in = (ZSTD_inBuffer){ NULL, 0, 0 };
	u->at = u->filled = 0;
	u->more = false;
	u->broken = NULL;
	if (!u->stream ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(u->stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
		perf_unpack_free(u);
		return NULL;
	}
	return u;
}

void perf_unpack_feed(struct perf_unpack *u, const uint8_t *data, size_t size)
{
	u->in = (ZSTD_inBuffer){ data, size, 0 };
	u->unpacked = 0;
	u->more = size != 0;
}

/* Unpacks some more behind what is in the buffer. Returns whether anything came. */
static bool unpack(struct perf_unpack *u)
{
	ZSTD_outBuffer out;
	size_t result;

	if (!u->more || u->broken)
		return false;
	memmove(u->buffer, u->buffer + u->at, u->filled - u->at);
	u->filled -= u->at;
	u->at = 0;
	out = (ZSTD_outBuffer){ u->buffer, ROOM, u->filled };
	result = ZSTD_decompressStream(u->stream, &out, &u->in);
	if (ZSTD_isError(result)) {
		u->broken = "it cannot be unpacked";
		return false;
	}
	u->unpacked += out.pos - u->filled;
	if (u->unpacked > UNPACKED_MOST) {
		u->broken = "it unpacks to more than a buffer of perf can hold";
		return false;
	}
	/* A full buffer may leave content in the stream; else all of the input was used. */
	u->more = out.pos == ROOM || u->in.pos < u->in.size;
	if (out.pos == u->filled)
		return false;
	u->filled = out.pos;
	return true;
}

const uint8_t *perf_unpack_next(struct perf_unpack *u, const char **what)
{
	*what = NULL;
	for (;;) {
		const uint8_t *record = u->buffer + u->at;
		size_t left = u->filled - u->at;

		if (left >= PERF_RECORD_HEADER) {
			uint16_t size = perf_size(record);

			if (size < PERF_RECORD_HEADER || perf_type(record) >= PERF_TYPES) {
				u->broken = "what it unpacks to is no record";
				break;
			}
			if (left >= size) {
				u->at += size;
				return record;
			}
		}
		if (!unpack(u))
			break;
	}
	*what = u->broken;
	return NULL;
}

void perf_unpack_free(struct perf_unpack *u)
{
	if (!u)
		return;
	ZSTD_freeDStream(u->stream);
	free(u);
}
