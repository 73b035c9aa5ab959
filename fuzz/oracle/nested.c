/* SPDX-License-Identifier: BSD-2-Clause */
/* NMIs that come into a handler whose IRET has not run. */
#include "oracle/witness.h"

static void push(struct proof *proof, size_t i)
{
	if (proof->n < REBLOCK_FINDING_RECORDS)
		proof->at[proof->n++] = i;
}

/* X is an NMI-window exit at the IRET of the pair P. */
static bool is_window(const struct pair *p, size_t x)
{
	const struct reblock_record *exit = line_at(p->line, x);

	return is_at_iret(p, x) && reblock_has(exit, REBLOCK_HAS_REASON) &&
	       !(exit->reason & REBLOCK_REASON_FAILED_ENTRY) &&
	       (exit->reason & REBLOCK_REASON_BASIC) == REBLOCK_REASON_NMI_WINDOW &&
	       !(exit->idt_vectoring & REBLOCK_INTR_VALID);
}

/* What the next exit X shows of what the entry of P injected: an NMI, whose delivery it interrupted. */
static bool shows_nmi(const struct pair *p, size_t x)
{
	return x != ORACLE_NONE && holds_nmi(line_at(p->line, x)) && is_at_iret(p, x) &&
	       !pair_facts(p, 0, FACT_NO_NMI);
}

/* The NMI that Intel PT shows first after the entry of PAIR, if it is what came into the handler of P; ORACLE_NONE. */
static size_t shown_first(const struct pair *p, const struct pair *pair)
{
	const struct line *line = p->line;
	size_t i = nmi_first_after(line, pair->n);
	const struct reblock_record *nmi;

	if (i == ORACLE_NONE ||
	    (!pair_facts(pair, 0, FACT_NMI) &&
	     (pair_facts(pair, 0, FACT_NO_NMI) || !pair_facts(pair, 0, FACT_ENTRY_VIRTUAL_NMIS))))
		return ORACLE_NONE;
	nmi = series_at(line, i);
	return reblock_has(nmi, REBLOCK_HAS_RIP) && reblock_has(&p->exit, REBLOCK_HAS_RIP) &&
			       nmi->rip != p->exit.rip ?
		       ORACLE_NONE :
		       i;
}

/*
 * Tells of the NMI that came in with the entry of PAIR into the handler of P, which is open as *PROOF says. Returns whether there
 * is one, and that it is not told otherwise.
 */
static bool tell(struct oracle *oracle, const struct pair *p, const struct pair *pair,
		 struct proof *proof)
{
	const struct line *line = p->line;
	size_t shown = shown_first(p, pair), later = line_exit_after(line, pair->n);
	struct proof found;

	if (shown != ORACLE_NONE) {
		oracle->told[pair->n] = true;
		push(proof, PROOF_WITNESS | shown);
		found = *proof;
		if (!witness_counts(line, pair->n, &found.needs))
			return false;
		report(oracle, line, REBLOCK_NMI_IN_NMI, &found);
		return true;
	}
	/* Intel PT tells of it by itself. */
	if (is_nesting_witnessed(line, pair->n))
		return false;
	found = *proof;
	if (!pair_facts(pair, 0, FACT_NMI)) {
		if (!shows_nmi(pair, later))
			return false;
		push(&found, later);
	}
	if (has_entered(line, pair->n, &found.needs) != REBLOCK_YES)
		return false;
	report(oracle, line, REBLOCK_NMI_IN_NMI, &found);
	return true;
}

/*
 * What follows entry N of the pair P, after which the handler of that IRET is open as PROOF says: an NMI-window exit
 * shows that NMIs are open before anything has run there, and the next NMI nests; and so on.
 */
static void follow(struct oracle *oracle, const struct pair *p, struct proof proof)
{
	const struct line *line = p->line;
	struct pair pair = *p;

	for (;;) {
		size_t x = line_exit_after(line, pair.n);
		struct pair next;

		if (x == ORACLE_NONE || !is_window(&pair, x) || !pair_of(&next, line, x) ||
		    pair_has_operation(&next) || !pair_facts(&next, 0, FACT_RIP_SAME))
			return;
		if (proof.at[proof.n - 1] != x)
			push(&proof, x);
		push(&proof, next.n);
		if (!tell(oracle, p, &next, &proof))
			return;
		pair = next;
	}
}

/*
 * Blocking was read as 0 at the entry, which injects nothing, and nothing else holds NMIs back: an NMI-window exit right
 * after it came before any instruction, so it proves the handler open whatever its IRET returns to.
 */
static bool comes_at_once(const struct pair *p)
{
	return blocking_at(&p->entry) == REBLOCK_NO && pair_facts(p, 0, FACT_OR_NMI) &&
	       !(p->entry.interruptibility & (REBLOCK_BLOCKING_STI | REBLOCK_BLOCKING_MOV_SS));
}

void nmi_in_nmi(struct oracle *oracle, const struct pair *p, const struct proof *miss)
{
	struct proof proof = { .grade = REBLOCK_DELIVERED, .n = 2, .at = { p->e, p->n } };
	bool known = pair_facts(p, 0, FACT_ROW_9);
	size_t witness;
	uint8_t needs;

	if (known || ((p->line->witnessed || shows_nmi(p, line_exit_after(p->line, p->n))) &&
		      !pair_facts(p, 0, FACT_NO_NMI) && pair_facts(p, 1, FACT_ROW_9))) {
		proof.needs = pair_needs(p, !known, FACT_ROW_9);
		if (tell(oracle, p, p, &proof)) {
			follow(oracle, p, proof);
			return;
		}
	}
	if (!known && miss->grade && answer_of(p, &witness, &needs) == ANSWER_NONE) {
		proof = comes_at_once(p) ? *miss : shown_by_next_exit(p);
		if (proof.grade)
			follow(oracle, p, proof);
	}
}
