/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The times in which records are missing. perf says so only later (LOST comes with the next
 * record of that buffer, LOST_SAMPLES at the end), when records of other buffers have long been
 * taken; so they are looked for first.
 *
 * A loss is placed between the last record before it in its buffer and the record that tells of
 * it. Which vCPUs it hit is not known.
 */
#ifndef INPUT_PERF_LOST_H
#define INPUT_PERF_LOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "input/perf_attr.h"

struct perf_interval {
	uint64_t from, to; /* records are missing after FROM and not after TO */
	uint64_t count;    /* how many */
};

struct perf_lost {
	struct perf_interval *intervals; /* ascending, apart from each other */
	size_t n, room;
	uint64_t total;
};

/* Finds the losses in SIZE bytes of records at DATA. Returns 0 or -ENOMEM. */
int perf_lost_find(struct perf_lost *l, const struct perf_attrs *attrs, const uint8_t *data,
		   size_t size);

void perf_lost_free(struct perf_lost *l);

#endif
