/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The records of perf.data in the order in which they stand there, those in compressed records
 * included. What is no record is passed over up to the next that is one.
 */
#ifndef INPUT_PERF_WALK_H
#define INPUT_PERF_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "input/perf_format.h"

struct perf_walk {
	const uint8_t *from, *at, *end; /* of the file's records */
	uint64_t offset;                /* of FROM in the file */
	struct perf_unpack *unpack;     /* made when the first compressed record comes */
	bool broken;                    /* what is compressed cannot be unpacked any further */
	/* set by perf_walk_next */
	bool unpacked; /* the record comes out of a compressed one: it lives until the next call */
	bool damaged; /* something is missing before the record that is returned, or before the end */
	char what[160]; /* then: what is wrong, and where */
};

/* Walks SIZE bytes at DATA, which stand at OFFSET in their file. */
void perf_walk_begin(struct perf_walk *w, const uint8_t *data, size_t size, uint64_t offset);

/*
 * Returns the next record: its header, and so many bytes as the header says; for those with a payload
 * behind them (AUXTRACE, HEADER_TRACING_DATA) the payload too. NULL at the end, or when memory is
 * short (then *ERR is -ENOMEM, else 0).
 */
const uint8_t *perf_walk_next(struct perf_walk *w, int *err);

/*
 * The next record if it is a sample that stands in the file as it is, which nearly all do; else NULL, and it
 * is for perf_walk_next.
 */
static inline const uint8_t *perf_walk_sample(struct perf_walk *w)
{
	const uint8_t *r = w->at;
	size_t left = (size_t)(w->end - r), size;

	if (w->unpack || left < PERF_RECORD_HEADER || perf_type(r) != PERF_SAMPLE)
		return NULL;
	size = perf_size(r);
	if (size < PERF_RECORD_HEADER || size > left)
		return NULL;
	w->at += size;
	return r;
}

void perf_walk_end(struct perf_walk *w);

/* perf_unpack.c: one stream of zstd, which all compressed records of a file continue. */
struct perf_unpack *perf_unpack_new(void);
/* Gives it the bytes of the next compressed record; they must stay until it wants more. */
void perf_unpack_feed(struct perf_unpack *u, const uint8_t *data, size_t size);
/*
 * Returns the next record of what was fed, or NULL where that is used up (the rest of a record waits for
 * the next feed), or it cannot be unpacked: then *WHAT says why, and nothing more can come.
 */
const uint8_t *perf_unpack_next(struct perf_unpack *u, const char **what);
void perf_unpack_free(struct perf_unpack *u); /* NULL is allowed */

#endif
