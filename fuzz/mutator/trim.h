/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes a run shorter, and then plainer, as long as somebody says that it still does what it did: first half of its cells are left
 * out, then quarters, and so on; last, cells become the plain one.
 */
#ifndef TRIM_H
#define TRIM_H

#include <stdbool.h>
#include "mutator/mutator.h"

#define TRIM_PARTS \
	16 /* the smallest block that is left out, of a run; it bounds what a trim costs */

struct trim {
	uint8_t best[MUTATOR_SIZE_MOST], candidate[MUTATOR_SIZE_MOST];
	size_t size, candidate_size;
	size_t block, least; /* cells; block 0: cells become plain */
	size_t at;           /* the cell that is tried next */
};

/* Starts with the run of SIZE bytes at DATA. Returns false if there is nothing to try. */
bool trim_start(struct trim *trim, const uint8_t *data, size_t size);

/* The candidate: what to try. Valid until trim_judge. */
const uint8_t *trim_candidate(const struct trim *trim, size_t *size);

/* Whether the candidate does what the run did. Returns false when there is nothing more to try: BEST and SIZE are it. */
bool trim_judge(struct trim *trim, bool same);

#endif
