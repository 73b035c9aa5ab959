/* SPDX-License-Identifier: BSD-2-Clause */
/* Making and mapping the rings: one for each CPU. */
#ifndef COLLECTOR_RINGS_H
#define COLLECTOR_RINGS_H

#include "merge.h"

struct rings {
	struct ring *ring;
	size_t n;
	size_t size; /* of each, in bytes */
};

/*
 * How many rings of which size CPUS want, sets `n` and `size`: WANTED bytes in all (0: the default),
 * each a power of two and a page at least. By default each is large enough for what a busy CPU ships
 * between two looks, and there are no more than some of 64 MiB in all: on larger hosts some CPUs share
 * one.
 */
void rings_plan(size_t wanted, unsigned cpus, struct rings *rings);

/*
 * Makes RINGS, planned, and puts them into the table TABLE (a BPF array of maps) for each of CPUS.
 * Returns 0 or a negative errno; then nothing is left of them.
 */
int rings_make(struct rings *rings, int table, unsigned cpus);

void rings_free(struct rings *rings);

#endif
