/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Samples in the order of time. perf takes what each buffer holds in turn, and says when it has been
 * round: what was in the buffers then is not newer than what the next round brings last. So at the end
 * of a round all that is not newer than the newest at the end of the round before is complete.
 */
#ifndef INPUT_PERF_ORDER_H
#define INPUT_PERF_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most samples that wait for the end of a round: 64 MiB with the room to sort them. */
#define PERF_ORDER_MOST ((size_t)1 << 21)
/* The most bytes of such that came out of compressed records. */
#define PERF_ORDER_BYTES ((size_t)48 << 20)

/* So many samples are fetched ahead of the one that is given. */
#define PERF_ORDER_AHEAD 16

struct perf_key {
	uint64_t t;
	const uint8_t *sample; /* the record */
};

struct perf_order {
	struct perf_key *keys, *spare;
	size_t room;
	size_t next, ready; /* keys[next .. ready - 1] are to be given now, in order */
	size_t n;           /* keys[ready .. n - 1] wait */
	size_t *runs;       /* where ascending runs of those that wait begin */
	size_t n_runs, runs_room;
	uint64_t newest;   /* of all that came */
	uint64_t limit;    /* up to here all have been given */
	uint64_t complete; /* NEWEST at the end of the round before */
	/* copies of samples whose own bytes do not stay */
	struct perf_block *blocks;
	size_t bytes;
};

/*
 * Adds the sample record of SIZE bytes at time T; COPY says that its bytes do not stay. Returns 0 or
 * -ENOMEM. Nothing may be waiting to be given.
 */
static inline int perf_order_add(struct perf_order *o, uint64_t t, const uint8_t *sample,
				 size_t size, bool copy);
int perf_order_add_slowly(struct perf_order *o, uint64_t t, const uint8_t *sample, size_t size,
			  bool copy);

static inline int perf_order_add(struct perf_order *o, uint64_t t, const uint8_t *sample,
				 size_t size, bool copy)
{
	/* Nearly always it goes on where the one before was. */
	if (copy || o->ready || !o->n || o->n == o->room || t < o->keys[o->n - 1].t)
		return perf_order_add_slowly(o, t, sample, size, copy);
	o->keys[o->n++] = (struct perf_key){ t, sample };
	if (t > o->newest)
		o->newest = t;
	return 0;
}

/* Whether so many wait that some have to be given, by perf_order_overflow. */
static inline bool perf_order_full(const struct perf_order *o)
{
	return o->n - o->ready >= PERF_ORDER_MOST || o->bytes >= PERF_ORDER_BYTES;
}

/* The end of a round; the end of all; too many: makes keys ready. */
void perf_order_round(struct perf_order *o);
void perf_order_finish(struct perf_order *o);
void perf_order_overflow(struct perf_order *o); /* the older half of those that wait */

/* Gives the next that is ready, NULL where none is; its sample stays until perf_order_add. */
static inline const struct perf_key *perf_order_next(struct perf_order *o)
{
	return o->next < o->ready ? &o->keys[o->next++] : NULL;
}

/* Fetches one that comes soon: in the order of time samples come from all over the round. */
static inline void perf_order_ahead(const struct perf_order *o)
{
	const uint8_t *sample;

	if (o->ready - o->next <= PERF_ORDER_AHEAD)
		return;
	sample = o->keys[o->next + PERF_ORDER_AHEAD].sample;
	__builtin_prefetch(sample);
	__builtin_prefetch(sample + 64);
}

void perf_order_free(struct perf_order *o);

#endif
