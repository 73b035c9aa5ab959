/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Chunks ahead of the reader, for other threads to check. What they find only spares the reader the work:
 * it stays the reader who decides what a chunk is worth, and where the next one is.
 */
#ifndef INPUT_TRACE_AHEAD_H
#define INPUT_TRACE_AHEAD_H

#include "input/reader.h"
#include "input/trace_chunk.h"

struct trace_ahead {
	uint64_t offset; /* of the chunk in the file */
	const struct reblock_record *records;
	uint32_t n;
};

/*
 * Looks at the chunk at *OFFSET of a mapped trace file. Returns true with *AHEAD filled and *OFFSET moved to
 * the next chunk if there is one with records that seems in order, by its header; else false.
 */
bool trace_look_ahead(const struct reblock_input *in, uint64_t *offset, struct trace_ahead *ahead);

#endif
