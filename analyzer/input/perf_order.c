/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A merge sort of runs: what comes out of one buffer is in order but for a few, so there are about as many
 * runs as CPUs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "input/perf_order.h"

#define BLOCK_BYTES ((size_t)1 << 20)

struct perf_block {
	struct perf_block *next;
	size_t used;
	uint64_t newest; /* of the samples in it */
	uint8_t bytes[BLOCK_BYTES];
};

/* Drops the keys that were given. */
static void drop_given(struct perf_order *o)
{
	struct perf_block **at = &o->blocks;

	if (!o->ready)
		return;
	memmove(o->keys, o->keys + o->ready, (o->n - o->ready) * sizeof(*o->keys));
	for (size_t i = 0; i < o->n_runs; i++)
		o->runs[i] -= o->ready;
	o->n -= o->ready;
	o->next = o->ready = 0;
	/* All up to LIMIT are gone; those of a block that is wholly older with it. */
	while (*at) {
		struct perf_block *b = *at;

		if (o->n && b->newest > o->limit) {
			at = &b->next;
			continue;
		}
		*at = b->next;
		o->bytes -= BLOCK_BYTES;
		free(b);
	}
}

static int copy_sample(struct perf_order *o, uint64_t t, const uint8_t **sample, size_t size)
{
	struct perf_block *b = o->blocks;

	if (!b || BLOCK_BYTES - b->used < size) {
		b = malloc(sizeof(*b));
		if (!b)
			return -ENOMEM;
		b->next = o->blocks;
		b->used = 0;
		b->newest = 0;
		o->blocks = b;
		o->bytes += BLOCK_BYTES;
	}
	memcpy(b->bytes + b->used, *sample, size);
	*sample = b->bytes + b->used;
	b->used += (size + 7) & ~(size_t)7;
	if (b->used > BLOCK_BYTES)
		b->used = BLOCK_BYTES;
	if (t > b->newest)
		b->newest = t;
	return 0;
}

static int more_keys(struct perf_order *o)
{
	size_t room = o->room ? o->room * 2 : 256;
	struct perf_key *keys = realloc(o->keys, room * sizeof(*keys));

	if (!keys)
		return -ENOMEM;
	o->keys = keys;
	free(o->spare);
	o->spare = malloc(room * sizeof(*keys));
	if (!o->spare)
		return -ENOMEM;
	o->room = room;
	return 0;
}

static int begin_run(struct perf_order *o)
{
	if (o->n_runs == o->runs_room) {
		size_t room = o->runs_room ? o->runs_room * 2 : 64;
		size_t *runs = realloc(o->runs, room * sizeof(*runs));

		if (!runs)
			return -ENOMEM;
		o->runs = runs;
		o->runs_room = room;
	}
	o->runs[o->n_runs++] = o->n;
	return 0;
}

int perf_order_add(struct perf_order *o, uint64_t t, const uint8_t *sample, size_t size, bool copy)
{
	int err = 0;

	drop_given(o);
	if (o->n == o->room)
		err = more_keys(o);
	if (!err && (!o->n || t < o->keys[o->n - 1].t))
		err = begin_run(o);
	if (!err && copy)
		err = copy_sample(o, t, &sample, size);
	if (err)
		return err;
	o->keys[o->n++] = (struct perf_key){ t, sample };
	if (t > o->newest)
		o->newest = t;
	return 0;
}

/* Merges two runs that follow each other; of equals that of the first comes first. */
static void merge(const struct perf_key *a, const struct perf_key *a_end, const struct perf_key *b,
		  const struct perf_key *b_end, struct perf_key *out)
{
	while (a < a_end && b < b_end) {
		bool second = b->t < a->t;

		*out++ = second ? *b : *a;
		b += second;
		a += !second;
	}
	memcpy(out, a, (size_t)(a_end - a) * sizeof(*a));
	memcpy(out + (a_end - a), b, (size_t)(b_end - b) * sizeof(*b));
}

/* All that wait become one run. */
static void sort(struct perf_order *o)
{
	while (o->n_runs > 1) {
		struct perf_key *out = o->spare;
		size_t n = 0;

		for (size_t i = 0; i < o->n_runs; i += 2) {
			size_t from = o->runs[i];
			size_t middle = i + 1 < o->n_runs ? o->runs[i + 1] : o->n;
			size_t end = i + 2 < o->n_runs ? o->runs[i + 2] : o->n;

			merge(o->keys + from, o->keys + middle, o->keys + middle, o->keys + end,
			      out + from);
			o->runs[n++] = from;
		}
		o->n_runs = n;
		o->spare = o->keys;
		o->keys = out;
	}
}

/*
 * Makes the first N of what waits ready, and what is not newer than T or than what was given before: so that
 * nothing which is that old waits. All are sorted.
 */
static void make_ready(struct perf_order *o, size_t n, uint64_t t)
{
	size_t low = n, high = o->n;

	if (n && o->keys[n - 1].t > t)
		t = o->keys[n - 1].t;
	if (t > o->limit)
		o->limit = t;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (o->keys[middle].t <= o->limit)
			low = middle + 1;
		else
			high = middle;
	}
	o->next = 0;
	o->ready = low;
	o->n_runs = 0;
	if (low < o->n)
		o->runs[o->n_runs++] = low;
}

void perf_order_round(struct perf_order *o)
{
	drop_given(o);
	sort(o);
	make_ready(o, 0, o->complete);
	o->complete = o->newest;
}

void perf_order_finish(struct perf_order *o)
{
	drop_given(o);
	sort(o);
	make_ready(o, o->n, 0);
}

void perf_order_overflow(struct perf_order *o)
{
	drop_given(o);
	sort(o);
	make_ready(o, o->n - o->n / 2, 0);
}

void perf_order_free(struct perf_order *o)
{
	struct perf_block *b = o->blocks;

	while (b) {
		struct perf_block *next = b->next;

		free(b);
		b = next;
	}
	free(o->keys);
	free(o->spare);
	free(o->runs);
	memset(o, 0, sizeof(*o));
}
