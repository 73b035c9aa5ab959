/* SPDX-License-Identifier: BSD-2-Clause */
/* A pair: an exit and the entry after it, with what lies between and what is assumed of them. */
#ifndef ORACLE_PAIR_H
#define ORACLE_PAIR_H

#include "oracle/line.h"
#include "oracle/worlds.h"

struct pair {
	const struct line *line;
	size_t e, n;                       /* exit and entry */
	struct reblock_record exit, entry; /* with what is assumed filled in */
	uint8_t assumes;                   /* what that was */
	unsigned only_world; /* all that is true, where that is one world; it is asked for often */
};

/* Makes the pair of exit E; false where its entry was not recorded. */
bool pair_of(struct pair *pair, const struct line *line, size_t e);

/* Which of the facts in WANTED hold. NMI: its entry is known from elsewhere to inject an NMI. */
unsigned pair_facts(const struct pair *pair, int nmi, unsigned wanted);

/* The same, when only what lies before record UPTO counts as lying between. */
unsigned pair_facts_upto(const struct pair *pair, size_t upto, unsigned wanted);

/* Which of the assumptions it takes for the facts in WANTED to hold. */
uint8_t pair_needs(const struct pair *pair, int nmi, unsigned wanted);

bool pair_same_vmcs(const struct pair *pair);

/* Whether one of row 2's operations lies between, or cannot be excluded. */
bool pair_has_operation(const struct pair *pair);

/* The first record (of looks at the VMCS: the last) between exit and entry of that kind, whose flag is known to be VALUE; or ORACLE_NONE. */
size_t pair_operation(const struct pair *pair, enum reblock_kind kind, bool value);

/* Whether an exit has interrupted the delivery of an NMI. */
static inline bool holds_nmi(const struct reblock_record *exit)
{
	return reblock_has(exit, REBLOCK_HAS_IDT_VECTORING) &&
	       (exit->idt_vectoring & (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE)) ==
		       (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI);
}

/* Blocking by NMI as a record shows it. */
static inline enum reblock_tri blocking_at(const struct reblock_record *r)
{
	if (!reblock_has(r, REBLOCK_HAS_INTERRUPTIBILITY))
		return REBLOCK_UNKNOWN;
	return r->interruptibility & REBLOCK_BLOCKING_NMI ? REBLOCK_YES : REBLOCK_NO;
}

#endif
