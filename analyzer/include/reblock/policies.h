/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policies that come with reblock: models of hypervisors, each a reading of the source that it
 * names. What they do in the situations that the rules tell apart is computed by running them.
 */
#ifndef REBLOCK_POLICIES_H
#define REBLOCK_POLICIES_H

#include <stddef.h>
#include <reblock/policy.h>

/* Returns the I-th policy, the SDM's first; NULL past the last. */
const struct reblock_policy *reblock_policy_at(size_t i);

/* Returns the policy of that name, or NULL. */
const struct reblock_policy *reblock_policy_find(const char *name);

/* What a policy does in one situation. */
enum reblock_cell {
	REBLOCK_CELL_RIGHT,    /* "y": as the rules ask */
	REBLOCK_CELL_WRONG,    /* "n": a mistake */
	REBLOCK_CELL_LIVELOCK, /* "L": re-blocks, and never services the exit */
	REBLOCK_CELL_NONE,     /* "-": does not arise with this hypervisor */
	REBLOCK_CELL_UNKNOWN,  /* "?": the model does not say, or its initial states differ */
	REBLOCK_CELL_STATIC    /* "s": its controls always make bit 12 defined, it need not ask */
};

/* The situations, columns of the comparison, from 0. Both return NULL past the last. */
const char *reblock_situation_name(size_t situation); /* at most 4 characters */
const char *reblock_situation_text(size_t situation); /* one line */

/*
 * Runs POLICY in a made-up SITUATION (a column) and judges it by the rules. Never fails; a
 * SITUATION past the last is REBLOCK_CELL_NONE.
 */
enum reblock_cell reblock_situation_ask(const struct reblock_policy *policy, size_t situation);

/* The letter above. */
char reblock_cell_letter(enum reblock_cell cell);

#endif
