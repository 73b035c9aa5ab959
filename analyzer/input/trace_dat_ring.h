/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The pages of the kernel's ring buffer that trace-cmd copied from one CPU, as events (Linux:
 * kernel/trace/ring_buffer.c; the fields of a page and an event's header are in the recording too,
 * events/header_page and events/header_event).
 */
#ifndef INPUT_TRACE_DAT_RING_H
#define INPUT_TRACE_DAT_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trace_dat;

#define RING_UNKNOWN UINT64_MAX

struct ring {
	struct trace_dat *dat;
	uint32_t cpu;
	uint32_t page_size;
	bool cut;   /* the file ends within this CPU's data, or the rest of it cannot be found */
	bool quiet; /* damages were, or will be, said in another pass */
	/* what is left of this CPU's data in the file */
	uint64_t offset, left;
	/* compressed: what is left to uncompress, and what was */
	bool compressed;
	uint32_t chunks;
	uint8_t *chunk;
	size_t chunk_room, chunk_size, chunk_at;
	/* the page being read, from the next event on */
	const uint8_t *at, *end;
	uint64_t page;  /* its offset: in the file, or of its chunk */
	uint64_t stamp; /* time up to here in the page */
	uint64_t t;     /* of the last event, 0 before the first */
	/* the event that ring_next has met */
	const uint8_t *data;
	uint32_t size;
	/* events are missing between the one before, whose time was missing_from, and it or the end */
	bool missing;
	uint64_t missing_from;
	uint64_t missing_count; /* RING_UNKNOWN: not known */
};

/*
 * Goes to the next event. Returns 1; or 0 at the end, where events may be missing too; or -ENOMEM.
 * What the event's data points to is valid until the next call.
 */
int ring_next(struct ring *r);

/* Starts over at OFFSET, where SIZE bytes are this CPU's (both within the file). */
void ring_rewind(struct ring *r, uint64_t offset, uint64_t size);

void ring_free(struct ring *r);

#endif
