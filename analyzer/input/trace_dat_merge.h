/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The events of all CPUs of a buffer in the order of time, and where some are missing.
 *
 * Missing events of a CPU may be of any vCPU that ran there, so that what is missing on one CPU
 * makes the whole time uncertain for all vCPUs. Each CPU is read one event ahead, so a gap is known
 * before anything that lies in it is handed out.
 */
#ifndef INPUT_TRACE_DAT_MERGE_H
#define INPUT_TRACE_DAT_MERGE_H

#include "input/trace_dat.h"
#include "input/trace_dat_ring.h"

enum merge_item { MERGE_END, MERGE_GAP_BEGINS, MERGE_EVENT, MERGE_GAP_ENDS };

struct merge;

/* Of a MERGE_EVENT, valid until the next call; of a MERGE_GAP_BEGINS only count. */
struct merged {
	uint64_t t;
	uint64_t count; /* RING_UNKNOWN: not known */
	const uint8_t *data;
	uint32_t size, cpu;
};

/*
 * Begins with buffer B. WANTED has a bit for each event id that is to be given; it is copied.
 * Returns NULL when memory is short.
 */
struct merge *merge_new(struct trace_dat *d, const struct trace_dat_buffer *b,
			const uint64_t wanted[1024]);

/* Gives the next item: enum merge_item, or -ENOMEM. A gap may have no end. */
int merge_next(struct merge *m, struct merged *item);

/* Bytes of the file that are still to be read. */
uint64_t merge_left(const struct merge *m);

void merge_free(struct merge *m); /* NULL is allowed */

/*
 * Goes through all of buffer B: sets a bit in SEEN for each event id that is there, and adds to
 * D->unplaced what the kernel counted as lost and no page shows. Returns 0 or -ENOMEM.
 */
int merge_scan(struct trace_dat *d, const struct trace_dat_buffer *b, uint64_t seen[1024]);

#endif
