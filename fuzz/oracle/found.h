/* SPDX-License-Identifier: BSD-2-Clause */
/* What the parts of the oracle share. */
#ifndef ORACLE_FOUND_H
#define ORACLE_FOUND_H

#include "oracle/pair.h"

/* How something is known: no grade is 0. */
struct proof {
	enum reblock_evidence grade; /* REBLOCK_PREDICTED: it is not known */
	uint8_t needs;               /* enum reblock_assumption */
	uint8_t n;
	size_t at
		[REBLOCK_FINDING_RECORDS]; /* records of the line, ascending, or PROOF_WITNESS with a place in the series */
};

#define PROOF_WITNESS (SIZE_MAX / 2 + 1)

/* The strongest proof that blocking had to be 1 at the entry of a pair, and was 0. */
struct proof proof_of_miss(const struct pair *pair);

/* The proof of it by the first exit after the pair alone: it is at the IRET, and blocking is 0 there. */
struct proof shown_by_next_exit(const struct pair *pair);

/* What became of an exit that unblocked, where that is not a miss. */
enum reblock_outcome outcome_of(const struct pair *pair);

/* Whether exit X, the first after the pair, is at the RIP of the pair's exit, and in the same VMCS. */
bool is_at_iret(const struct pair *pair, size_t x);

/* Whether entry N did not fail: YES, NO, UNKNOWN; *NEEDS gets what it takes to say so. */
enum reblock_tri has_entered(const struct line *line, size_t n, uint8_t *needs);

/* All NMIs that came into a handler which the exit of PAIR had left open. */
void nmi_in_nmi(struct oracle *oracle, const struct pair *pair, const struct proof *miss);

void report(struct oracle *oracle, const struct line *line, enum reblock_finding_kind kind,
	    const struct proof *proof);

#endif
