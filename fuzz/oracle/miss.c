/* SPDX-License-Identifier: BSD-2-Clause */
/* The evidence of a missed re-block (docs/rules.md, section 4), each kind of it by itself. */
#include "oracle/found.h"
#include "oracle/places.h"
#include "oracle/witness.h"

static struct proof from(const struct pair *p, enum reblock_evidence grade, uint8_t needs)
{
	return (struct proof){ .grade = grade, .needs = needs, .n = 2, .at = { p->e, p->n } };
}

enum reblock_tri has_entered(const struct line *line, size_t n, uint8_t *needs)
{
	const struct reblock_record *exit;
	bool could_show = (line->source->presence & REBLOCK_SOURCE_FIELDS) &&
			  (line->source->fields & REBLOCK_HAS_INTERRUPTIBILITY);
	size_t x = line_exit_after(line, n);
	struct reblock_record entry;
	uint8_t assumes = 0;

	if (x != ORACLE_NONE) {
		exit = line_at(line, x);
		if (!reblock_has(exit, REBLOCK_HAS_REASON))
			return REBLOCK_UNKNOWN;
		return exit->reason & REBLOCK_REASON_FAILED_ENTRY ? REBLOCK_NO : REBLOCK_YES;
	}
	if (!line_ends_after(line, n))
		return REBLOCK_UNKNOWN;
	/* The trace ends. */
	entry = line_filled(line, n, &assumes);
	if (blocking_at(&entry) == REBLOCK_UNKNOWN && could_show)
		return REBLOCK_UNKNOWN;
	if (blocking_at(&entry) == REBLOCK_YES &&
	    !oracle_facts(NULL, &entry, 0, 0, FACT_ENTRY_NO_VIRTUAL_NMIS))
		return REBLOCK_NO;
	*needs |= REBLOCK_ASSUMES_ENTERED;
	return REBLOCK_YES;
}

/* Blocking was read at the entry. */
static struct proof read_at_entry(const struct pair *p)
{
	if (blocking_at(&p->entry) != REBLOCK_NO || !pair_facts(p, 0, FACT_MUST_BE_1))
		return (struct proof){ 0 };
	return from(p, REBLOCK_DIRECT, pair_needs(p, 0, FACT_MUST_BE_1));
}

/*
 * The hypervisor's own read said "not blocked". For a nested guest it says nothing, and without virtual NMIs a
 * hypervisor that keeps a mask of its own (KVM) answers from that.
 */
static struct proof read_by_hypervisor(const struct pair *p)
{
	const unsigned facts = FACT_MUST_BE_1 | FACT_VIRTUAL_NMIS;
	size_t read = pair_operation(p, REBLOCK_BLOCKED_READ, false);
	struct proof proof;

	if (read == ORACLE_NONE || reblock_flag(&p->exit, REBLOCK_L2) ||
	    pair_facts(p, 0, facts) != facts)
		return (struct proof){ 0 };
	proof = from(p, REBLOCK_DIRECT, pair_needs(p, 0, facts));
	proof.at[1] = read;
	proof.at[2] = p->n;
	proof.n = 3;
	return proof;
}

/* An exit between two instructions, at which blocking is known; else UNKNOWN. */
static enum reblock_tri blocking_between(const struct line *line, size_t x)
{
	const struct reblock_record *exit = line_at(line, x);

	if (!reblock_has(exit, REBLOCK_HAS_REASON) || (exit->reason & REBLOCK_REASON_FAILED_ENTRY))
		return REBLOCK_UNKNOWN;
	switch (exit->reason & REBLOCK_REASON_BASIC) {
	case REBLOCK_REASON_NMI_WINDOW: /* rule 1.10 */
		return exit->idt_vectoring & REBLOCK_INTR_VALID ? REBLOCK_UNKNOWN : REBLOCK_NO;
	case REBLOCK_REASON_EXCEPTION_NMI:
		if (!reblock_has(exit, REBLOCK_HAS_INTR_INFO) ||
		    (exit->intr_info & (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE)) !=
			    (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI))
			return REBLOCK_UNKNOWN;
		/* fall through */
	case REBLOCK_REASON_EXTERNAL_INTERRUPT:
	case REBLOCK_REASON_INTERRUPT_WINDOW:
	case REBLOCK_REASON_PREEMPTION_TIMER:
		if (!reblock_has(exit, REBLOCK_HAS_IDT_VECTORING) ||
		    (exit->idt_vectoring & REBLOCK_INTR_VALID))
			return REBLOCK_UNKNOWN;
		return line_shows_saved_state(line) ? blocking_at(exit) : REBLOCK_UNKNOWN;
	default:
		return REBLOCK_UNKNOWN;
	}
}

/* Whether exit X is of the same VMCS as the pair, and both RIPs are known. */
static bool is_comparable(const struct pair *p, size_t x)
{
	uint8_t assumes = 0;
	struct reblock_record exit = line_filled(p->line, x, &assumes);

	return reblock_has(&exit, REBLOCK_HAS_RIP | REBLOCK_HAS_L2) &&
	       reblock_has(&p->exit, REBLOCK_HAS_RIP) && reblock_has(&p->entry, REBLOCK_HAS_L2) &&
	       reblock_flag(&exit, REBLOCK_L2) == reblock_flag(&p->entry, REBLOCK_L2);
}

bool is_at_iret(const struct pair *p, size_t x)
{
	return is_comparable(p, x) && line_at(p->line, x)->rip == p->exit.rip;
}

/* The first exit after the entry is one before the IRET has run, and blocking is 0 there. */
struct proof shown_by_next_exit(const struct pair *p)
{
	const unsigned still = FACT_MUST_BE_1 | FACT_UNBLOCKED | FACT_OR_NMI;
	const struct reblock_record *entry = line_at(p->line, p->n), *exit;
	size_t x = line_exit_after(p->line, p->n);
	enum came_in came_in;
	struct proof proof;

	if (x == ORACLE_NONE || !is_at_iret(p, x))
		return (struct proof){ 0 };
	exit = line_at(p->line, x);
	if (blocking_between(p->line, x) != REBLOCK_NO || pair_facts(p, 0, still) != still ||
	    pair_facts(p, 0, FACT_NMI))
		return (struct proof){ 0 };
	/* Intel PT shows that nothing has run. */
	if (has_stood_still(p->line, p->n, x)) {
		proof = from(p, REBLOCK_DIRECT, pair_needs(p, 0, FACT_MUST_BE_1));
		proof.at[proof.n++] = x;
		return proof;
	}
	came_in = pair_facts(p, 0, FACT_VIRTUAL_NMIS) ?
			  oracle_came_in(p->line, p->e, p->exit.rip) :
			  CAME_IN_UNKNOWN; /* NMIs come by themselves */
	if (came_in == CAME_IN_HERE)
		return (struct proof){ 0 };
	proof = from(p, REBLOCK_DIRECT, pair_needs(p, 0, FACT_MUST_BE_1));
	proof.at[proof.n++] = x;
	/* An NMI window opens right behind the IRET; to any other exit the guest may have run a long way. */
	if (came_in == CAME_IN_UNKNOWN ||
	    (exit->reason & REBLOCK_REASON_BASIC) != REBLOCK_REASON_NMI_WINDOW)
		proof.needs |= REBLOCK_ASSUMES_RETURNS_ELSEWHERE;
	if (!reblock_has(entry, REBLOCK_HAS_PIN) || (entry->pin & REBLOCK_PIN_POSTED_INTERRUPTS)) {
		proof.grade = REBLOCK_DERIVED;
		proof.needs |= REBLOCK_ASSUMES_NO_HANDLER;
	}
	return proof;
}

/* An NMI went in, and the entry did not fail: with virtual NMIs it would have if blocking had been 1. */
static struct proof delivered(const struct pair *p)
{
	const unsigned facts = FACT_ROW_9 | FACT_ENTRY_VIRTUAL_NMIS;
	struct proof proof;
	uint8_t needs = 0;

	if (pair_facts(p, 0, facts) != facts || has_entered(p->line, p->n, &needs) != REBLOCK_YES)
		return (struct proof){ 0 };
	proof = from(p, REBLOCK_DELIVERED, pair_needs(p, 0, facts));
	proof.needs |= needs;
	return proof;
}

/* The same, where that the entry injected an NMI shows only in the exit after it. */
static struct proof delivered_as_seen_later(const struct pair *p)
{
	const unsigned facts = FACT_ROW_9 | FACT_ENTRY_VIRTUAL_NMIS;
	size_t x = line_exit_after(p->line, p->n);
	struct proof proof;
	struct pair pair = *p;
	uint8_t needs = 0, assumes = 0;

	/* The controls were at the entry what the exit shows: nobody writes them while the guest runs. */
	if (x != ORACLE_NONE && !reblock_has(&pair.entry, REBLOCK_HAS_PIN)) {
		struct reblock_record exit = line_filled(p->line, x, &assumes);

		pair.entry.pin = exit.pin;
		pair.entry.presence |= exit.presence & REBLOCK_HAS_PIN;
	}
	if (x == ORACLE_NONE || !is_at_iret(p, x) || pair_facts(p, 0, FACT_NO_NMI) ||
	    pair_facts(p, 0, FACT_NMI) || !holds_nmi(line_at(p->line, x)) ||
	    pair_facts(&pair, 1, facts) != facts ||
	    has_entered(p->line, p->n, &needs) != REBLOCK_YES)
		return (struct proof){ 0 };
	proof = from(p, REBLOCK_DELIVERED, pair_needs(p, 1, facts));
	proof.at[proof.n++] = x;
	return proof;
}

/* KVM believed NMIs unmasked at the fault, so it returned before it re-blocked. */
static struct proof believed(const struct pair *p)
{
	const unsigned facts = FACT_MUST_BE_1 | FACT_FAULT;

	if (!reblock_has(&p->exit, REBLOCK_HAS_NMI_KNOWN_UNMASKED) ||
	    !reblock_flag(&p->exit, REBLOCK_NMI_KNOWN_UNMASKED) || pair_facts(p, 0, facts) != facts)
		return (struct proof){ 0 };
	return from(p, REBLOCK_DERIVED, pair_needs(p, 0, facts));
}

/* Grades in the order of enum reblock_evidence; what one proof needs, another may not. */
static void add(struct proof *best, struct proof proof)
{
	if (!proof.grade)
		return;
	if (!best->grade) {
		*best = proof;
		return;
	}
	proof.needs &= best->needs;
	best->needs &= proof.needs;
	if (proof.grade > best->grade)
		*best = proof;
}

/* Intel PT shows that the first thing after the entry was an NMI's handler. */
static struct proof delivered_as_witnessed(const struct pair *p, size_t witness)
{
	bool own = pair_facts(p, 0, FACT_NOTHING);
	struct proof proof =
		from(p, REBLOCK_DELIVERED,
		     pair_needs(p, !own,
				own ? FACT_MUST_BE_1 : FACT_ROW_9 | FACT_ENTRY_VIRTUAL_NMIS));

	proof.at[proof.n++] = PROOF_WITNESS | witness;
	return proof;
}

struct proof proof_of_miss(const struct pair *p)
{
	struct proof best = { 0 }, last;
	enum answer answer;
	size_t witness = 0;
	uint8_t needs;

	if (blocking_at(&p->entry) == REBLOCK_YES)
		return best;
	add(&best, read_at_entry(p));
	add(&best, read_by_hypervisor(p));
	add(&best, believed(p));
	answer = answer_of(p, &witness, &needs);
	/* At the end of the trace it is only assumed. */
	if (answer == ANSWER_NMI && !(needs && best.grade)) {
		last = delivered_as_witnessed(p, witness);
		last.needs |= needs;
		add(&best, last);
	}
	/* After that no exit says anything. */
	if (answer != ANSWER_NONE)
		return best;
	add(&best, shown_by_next_exit(p));
	add(&best, delivered_as_seen_later(p));
	last = delivered(p);
	/* At the end of the trace it is only assumed. */
	if (!best.grade || !(last.needs & REBLOCK_ASSUMES_ENTERED))
		add(&best, last);
	return best;
}

enum reblock_outcome outcome_of(const struct pair *p)
{
	size_t x = line_exit_after(p->line, p->n);
	uint8_t needs = 0;
	size_t witness;

	if (pair_facts(p, 0, FACT_ROW_7))
		return REBLOCK_OUTCOME_REFLECTED;
	/* Whoever has set it, it was not missed. */
	if (blocking_at(&p->entry) == REBLOCK_YES)
		return pair_same_vmcs(p) &&
				       oracle_facts(&p->exit, &p->entry, 0, 0, FACT_MUST_BE_1) ?
			       REBLOCK_OUTCOME_REBLOCKED :
			       REBLOCK_OUTCOME_UNJUDGED;
	switch (answer_of(p, &witness, &needs)) {
	case ANSWER_RAN_REBLOCKED:
		return REBLOCK_OUTCOME_REBLOCKED;
	case ANSWER_NONE:
		needs = 0;
		break;
	default:
		return REBLOCK_OUTCOME_UNJUDGED;
	}
	if (x == ORACLE_NONE || has_entered(p->line, p->n, &needs) != REBLOCK_YES ||
	    pair_facts(p, 0, FACT_MUST_BE_1 | FACT_NOTHING) != (FACT_MUST_BE_1 | FACT_NOTHING))
		return REBLOCK_OUTCOME_UNJUDGED;
	/* Without virtual NMIs one may have come in that no exit tells of, and blocks. */
	if (is_at_iret(p, x))
		return blocking_between(p->line, x) == REBLOCK_YES &&
				       pair_facts(p, 0, FACT_ENTRY_VIRTUAL_NMIS) ?
			       REBLOCK_OUTCOME_REBLOCKED :
			       REBLOCK_OUTCOME_UNJUDGED;
	/* Elsewhere: with blocking 0 the NMI-window exit that was asked for would have come at once. */
	return is_comparable(p, x) && reblock_has(&p->entry, REBLOCK_HAS_EXEC) &&
			       (p->entry.exec & REBLOCK_EXEC_NMI_WINDOW) ?
		       REBLOCK_OUTCOME_REBLOCKED :
		       REBLOCK_OUTCOME_UNJUDGED;
}
