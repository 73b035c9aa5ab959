/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Merges the CPUs' rings into one stream by time. Pure: rings are memory, the time is an argument.
 *
 * A vCPU moves between CPUs, so its records lie in several rings, and those of one vCPU have to come out in
 * order. That is so if only samples before a bound come out, sorted by time, where every sample that was not
 * yet seen in any ring was reserved after the bound:
 *
 *   Say Y, a vCPU's sample in ring B, comes out, and X, an earlier one of the same vCPU in ring A, does not
 *   come before it. X was submitted before Y took its time, which is before the bound. So X was reserved before the
 *   bound, and was seen. Whatever was reserved before X in ring A took its time before that, hence before Y: it comes out
 *   before Y, and so does X.
 *
 * The bound of a ring is the last time before a look that saw everything in it; a sample that is reserved and
 * not yet submitted (its program was preempted) hides what is behind it, and keeps the bound where it was. What
 * may not come out yet stays in its ring: the merge needs no memory, and a ring that gets full is its CPU's loss
 * only, counted where it was made.
 */
#ifndef COLLECTOR_MERGE_H
#define COLLECTOR_MERGE_H

#include <stddef.h>
#include <stdint.h>

/*
 * One BPF ring buffer as user space maps it (kernel: Documentation/bpf/ringbuf.rst): positions count bytes from
 * the beginning, and the data is mapped twice in a row, so that no sample is in two pieces.
 */
struct ring {
	unsigned long *consumer;
	const unsigned long *producer;
	const unsigned char *data;
	size_t size; /* bytes, a power of two */
	/* the merge's own */
	unsigned long at;   /* the next sample to come out */
	unsigned long seen; /* all before it have been submitted */
	uint64_t bound;     /* what was not seen was reserved after this time */
	uint64_t key;       /* time of the sample at `at`, while the ring is in the heap */
};

struct merge {
	struct ring *rings;
	struct ring **heap; /* room for all of them */
	size_t n, heaped;
};

/*
 * Clocks of different CPUs, and the kernel's and ours, may differ by less than this (the kernel's own bound is some
 * nanoseconds). What is younger waits for the next round.
 */
#define MERGE_MARGIN 1000000 /* ns */

/* Takes SIZE bytes: one or more records. Returns 0 to go on; anything else ends the round. */
typedef int merge_sink(void *context, const void *sample, size_t size);

/* Takes the N RINGS, whose first four members are set. Returns 0 or -ENOMEM. */
int merge_begin(struct merge *merge, struct ring *rings, size_t n);
void merge_end(struct merge *merge);

/*
 * One round: looks at all rings, and gives at most MOST samples to SINK. NOW is a time (of the clock that the records
 * have) that was read before the call; UINT64_MAX: no program runs any more, everything comes out.
 * Returns 0; -EAGAIN where MOST has kept something back; -EBADMSG for what no kernel writes into a ring; else what SINK
 * has returned (the sample that it refused counts as taken).
 */
int merge_round(struct merge *merge, uint64_t now, size_t most, merge_sink *sink, void *context);

/* How many rings hold samples that are reserved and not submitted, as of the last round. */
size_t merge_hidden(const struct merge *merge);

#endif
