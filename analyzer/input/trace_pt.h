/* SPDX-License-Identifier: BSD-2-Clause */
/* PT chunks of a trace file: found and checked when it is opened, passed over when its records are read. */
#ifndef INPUT_TRACE_PT_H
#define INPUT_TRACE_PT_H

#include <reblock/trace_pt.h>
#include "input/reader.h"
#include "pt/clock.h"

/* One chunk of bytes, as it lies in the file. */
struct trace_pt_piece {
	const uint8_t *stored;
	uint64_t at; /* of `stored` in the file */
	uint64_t offset, time;
	uint32_t size, stored_size; /* as in the chunk's header */
	uint32_t cpu, flags;
	bool packed;
};

struct trace_pt {
	bool described;
	struct reblock_pt_setup setup; /* what is not known is 0 */
	struct pt_clock_point *points; /* ascending in both clocks */
	size_t n_points, points_room;
	struct trace_pt_piece *pieces; /* in the order of the file */
	size_t n_pieces, pieces_room;
	uint64_t passed; /* chunks in a pipe, which are not looked at */
	char note[256];  /* what reblock_input_note says */
};

/* Bytes of a PT chunk behind its header; SIZE_MAX where the header C contradicts itself. */
size_t trace_pt_payload(const struct reblock_trace_pt_chunk *c);

/*
 * Looks through all chunks from the position on, which is left as it is: IN->pt is what they say of PT, NULL where
 * there is none. Parts whose CRC or content is wrong are damages. Of a pipe nothing is looked at. Returns 0 or -ENOMEM.
 */
int trace_pt_index(struct reblock_input *in);

/* Offers what trace_pt_index has found to the part that decodes (input/aux.h). Returns 0 or -ENOMEM. */
int trace_pt_offer(struct reblock_input *in);

/* Passes over the PT chunk with header C at the position, which is there whole. */
void trace_pt_pass(struct reblock_input *in, const struct reblock_trace_pt_chunk *c);

/* As reblock_input_note. */
const char *trace_pt_note(const struct reblock_input *in, size_t i);

void trace_pt_free(struct trace_pt *pt); /* NULL is allowed */

#endif
