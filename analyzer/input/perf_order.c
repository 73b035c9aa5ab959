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

int perf_order_add_slowly(struct perf_order *o, uint64_t t, const uint8_t *sample, size_t size,
			  bool copy)
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

/*
 * Merges two runs; of equals that of the first comes first. OUT may be such that the second stays where it is.
 * Which is next cannot be guessed, so there is no branch on it.
 */
static void merge(const struct perf_key *a, size_t n_a, const struct perf_key *b, size_t n_b,
		  struct perf_key *out)
{
	size_t i = 0, j = 0;

	while (i < n_a && j < n_b) {
		uint64_t of_a = a[i].t, of_b = b[j].t;
		const uint8_t *sample_a = a[i].sample, *sample_b = b[j].sample;
		bool second = of_b < of_a;

		out->t = second ? of_b : of_a;
		out->sample = second ? sample_b : sample_a;
		out++;
		j += second;
		i += !second;
	}
	memmove(out, a + i, (n_a - i) * sizeof(*a));
	memmove(out + (n_a - i), b + j, (n_b - j) * sizeof(*b));
}

/* Where in KEYS from LOW to HIGH, which are in order, those newer than T begin. */
static size_t not_newer(const struct perf_key *keys, size_t low, size_t high, uint64_t t)
{
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (keys[middle].t <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * All that wait become one run. The first is what was left when they were sorted last, as long as all others
 * and mostly older: it comes in at the end.
 */
static void sort(struct perf_order *o)
{
	struct perf_key *from = o->keys, *to = o->spare, *merged;
	size_t first, older;

	if (o->n_runs < 2)
		return;
	first = o->runs[1];
	while (o->n_runs > 2) {
		size_t n = 1;

		for (size_t i = 1; i < o->n_runs; i += 2) {
			size_t at = o->runs[i];
			size_t middle = i + 1 < o->n_runs ? o->runs[i + 1] : o->n;
			size_t end = i + 2 < o->n_runs ? o->runs[i + 2] : o->n;

			merge(from + at, middle - at, from + middle, end - middle, to + at);
			o->runs[n++] = at;
		}
		o->n_runs = n;
		merged = to;
		to = from;
		from = merged;
	}
	older = not_newer(o->keys, 0, first, from[first].t);
	memcpy(o->spare, o->keys, older * sizeof(*o->keys));
	merge(o->keys + older, first - older, from + first, o->n - first, o->spare + older);
	merged = o->spare;
	o->spare = o->keys;
	o->keys = merged;
	o->n_runs = 1;
}

/*
 * Makes the first N of what waits ready, and what is not newer than T or than what was given before: so that
 * nothing which is that old waits. All are sorted.
 */
static void make_ready(struct perf_order *o, size_t n, uint64_t t)
{
	size_t low;

	if (n && o->keys[n - 1].t > t)
		t = o->keys[n - 1].t;
	if (t > o->limit)
		o->limit = t;
	low = not_newer(o->keys, n, o->n, o->limit);
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
