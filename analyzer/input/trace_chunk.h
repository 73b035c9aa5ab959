/* SPDX-License-Identifier: BSD-2-Clause */
/* Chunks of a trace file: tell intact headers from other bytes, and find the next one. */
#ifndef INPUT_TRACE_CHUNK_H
#define INPUT_TRACE_CHUNK_H

#include <reblock/trace.h>
#include "input/bytes.h"
#include "input/well_formed.h"

/* Bytes of the largest chunk, its header included. */
#define TRACE_CHUNK_MOST \
	(sizeof(struct reblock_trace_chunk) + REBLOCK_CHUNK_RECORDS * sizeof(struct reblock_record))

/* Whether 64 BYTES are a chunk header with a right CRC and a possible number of records; copies it to C. */
bool trace_chunk_header(const uint8_t *bytes, struct reblock_trace_chunk *c);

/*
 * Goes on in steps of 64 bytes, at least one, to the next such header; *FOUND false: to the end, of which
 * less than 64 bytes may be left. At most LIMIT bytes are passed. Returns 0 or a negative errno.
 */
int trace_chunk_seek(struct bytes *b, uint64_t limit, bool *found);

/* What the first N records of a chunk are worth; all 0 to begin. */
struct trace_chunk_checked {
	uint32_t crc;         /* CRC32C of them */
	uint32_t well_formed; /* so many from the first on are well-formed */
	uint32_t n;
};

/*
 * So many records are best checked at once: the near cache holds them while CRC and form are looked at
 * in turn, and they are a multiple of what crc32c.c takes at once.
 */
#define TRACE_CHUNK_PIECE (7 * 3072 / sizeof(struct reblock_record))

/* Looks at the N records at R, which follow those checked. W is the caller's; two threads need two. */
void trace_chunk_check(struct well_formed *w, const struct reblock_record *r, uint32_t n,
		       struct trace_chunk_checked *checked);

#endif
