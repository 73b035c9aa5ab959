/* SPDX-License-Identifier: BSD-2-Clause */
/* What match.c and match_cluster.c share. */
#ifndef PT_MATCH_H
#define PT_MATCH_H

#include "pt/join_state.h"

/* Records of different CPUs are in order but for so much (ns). */
#define PT_DISORDER 10000000

/* A - B and A + B, which end at 0 and at PT_FOREVER. */
static inline uint64_t pt_less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static inline uint64_t pt_plus(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static inline struct pt_held *pt_held(struct pt_join *j, uint64_t number)
{
	return &j->held[number & (j->held_room - 1)];
}

static inline struct pt_stay *pt_stay(const struct pt_lane *l, size_t i)
{
	return &l->stays[l->first + i];
}

/*
 * Decides of the stays of L, with the sections of its guest, all that nothing more can belong to; where FORCE, the others too.
 * Returns 0 or a negative errno.
 */
int pt_match_decide(struct pt_join *j, struct pt_lane *l, bool force);

#endif
