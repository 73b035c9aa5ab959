/* SPDX-License-Identifier: BSD-2-Clause */
/* NMIs that come into a handler whose IRET has not run. */
#include "oracle/found.h"

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

/*
 * What follows entry N of the pair P, after which the handler of that IRET is open as PROOF says: an NMI-window exit
 * shows that NMIs are open before anything has run there, and the next NMI nests; and so on.
 */
static void follow(struct oracle *oracle, const struct pair *p, struct proof proof)
{
	const struct line *line = p->line;
	struct pair pair = *p;

	for (;;) {
		size_t x = line_exit_after(line, pair.n), later;
		struct proof found;
		struct pair next;

		if (x == ORACLE_NONE || !is_window(&pair, x) || !pair_of(&next, line, x) ||
		    pair_has_operation(&next) || !pair_facts(&next, 0, FACT_RIP_SAME))
			return;
		if (proof.at[proof.n - 1] != x)
			push(&proof, x);
		push(&proof, next.n);
		found = proof;
		later = line_exit_after(line, next.n);
		if (pair_facts(&next, 0, FACT_NMI)) {
			if (has_entered(line, next.n, &found.needs) != REBLOCK_YES)
				return;
		} else if (shows_nmi(&next, later) &&
			   has_entered(line, next.n, &found.needs) == REBLOCK_YES) {
			push(&found, later);
		} else {
			return;
		}
		report(oracle, line, REBLOCK_NMI_IN_NMI, &found);
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
	size_t x = line_exit_after(p->line, p->n);

	if (pair_facts(p, 0, FACT_ROW_9)) {
		proof.needs = pair_needs(p, 0, FACT_ROW_9);
		if (has_entered(p->line, p->n, &proof.needs) != REBLOCK_YES)
			return;
		report(oracle, p->line, REBLOCK_NMI_IN_NMI, &proof);
		follow(oracle, p, proof);
	} else if (shows_nmi(p, x) && pair_facts(p, 1, FACT_ROW_9)) {
		proof.needs = pair_needs(p, 1, FACT_ROW_9);
		push(&proof, x);
		if (has_entered(p->line, p->n, &proof.needs) == REBLOCK_YES)
			report(oracle, p->line, REBLOCK_NMI_IN_NMI, &proof);
	} else if (miss->grade) {
		proof = comes_at_once(p) ? *miss : shown_by_next_exit(p);
		if (proof.grade)
			follow(oracle, p, proof);
	}
}
