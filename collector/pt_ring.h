/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The two rings of one CPU's event, as perf_event_open(2) maps them: the AUX area, which the processor writes, and the
 * data ring, in which the kernel says what it has let it write (PERF_RECORD_AUX). Pure: both are memory.
 */
#ifndef COLLECTOR_PT_RING_H
#define COLLECTOR_PT_RING_H

#include <linux/perf_event.h>
#include "pt.h"

/* What may still be delivered in this second. */
struct pt_limit {
	uint64_t most; /* bytes in a second; 0: no limit */
	uint64_t left;
	uint64_t began; /* ns */
};

/* To be called often, with the time NOW in ns. */
void pt_limit_look(struct pt_limit *limit, uint64_t now);

struct pt_ring {
	uint32_t cpu;
	struct perf_event_mmap_page *page;
	const uint8_t *data;
	size_t data_size; /* a power of two, like the other */
	const uint8_t *aux;
	size_t aux_size;
	size_t first_fd, n_fds; /* its events, in the list of all */
	/* the ring's own */
	uint64_t taken; /* all bytes before it were delivered or left out */
	uint32_t flags; /* enum pt_flag of reblock/trace_pt.h, for the next piece */
	bool stalled; /* PT may stand still, because the area was full: the event wants to be enabled again */
	struct pt_stats stats;
};

/*
 * Delivers what the kernel has published, with NOW as its time, and gives the room back. Returns 0 or what the sink has
 * returned; then what it refused counts as delivered.
 */
int pt_ring_drain(struct pt_ring *ring, uint64_t now, struct pt_limit *limit,
		  const struct pt_sink *sink);

/*
 * The same for an area that was written round and round, and is not written any more: all of it, the oldest first.
 */
int pt_ring_snapshot(struct pt_ring *ring, uint64_t now, const struct pt_sink *sink);

#endif
