/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a recorder may leave out: pairs of an exit and the entry after it of which nothing can come, so
 * that the audit finds the same in what is left as in the whole stream (docs/rules.md, section 5).
 *
 * Pure, and small enough for a BPF program: state of some bytes for each vCPU, no loops. The rules err
 * on one side only: what is not known is not left out.
 *
 * A recorder asks, for each vCPU and in the order of its events,
 *   at an exit       reblock_filter_exit: has it to be kept until its entry? Else it is forgotten
 *                    at once, with the operations that follow it, and its entry stands alone;
 *   at an operation  that follows a kept exit, or none: reblock_filter_operation;
 *   at an entry      reblock_filter_pair: is all of that to be recorded, or left out?
 */
#ifndef REBLOCK_FILTER_H
#define REBLOCK_FILTER_H

#include <stdbool.h>
#include <reblock/record.h>

#define REBLOCK_FILTER_INLINE static inline __attribute__((always_inline))

/* Pairs recorded after one that matters, at least: an NMI that nests shows in the second exit after a miss. */
#define REBLOCK_FILTER_MORE 2

/*
 * How long after an NMI it is kept where events came in since then (docs/rules.md, section 4): handlers
 * end within microseconds, and one whose IRET is that late has a finding with its assumption named.
 */
#define REBLOCK_DELIVERED_NS 100000000u

/* All zero at the start. */
struct reblock_filter {
	uint64_t rip;    /* of the exit that mattered last ... */
	uint64_t until;  /* the end of the time after an NMI; 0: none came */
	uint8_t waiting; /* ... and no exit elsewhere has been seen since */
	uint8_t more;    /* pairs to record in any case */
};

enum reblock_matters {
	REBLOCK_MATTERS_NOT,   /* nothing in it is of interest */
	REBLOCK_MATTERS_MAYBE, /* a field that applies is absent; at the entry that is a yes */
	REBLOCK_MATTERS
};

/* The end of the time in which it is kept what came in since an NMI that was injected at T. */
REBLOCK_FILTER_INLINE uint64_t reblock_delivered_until(uint64_t t)
{
	return t > UINT64_MAX - REBLOCK_DELIVERED_NS ? UINT64_MAX : t + REBLOCK_DELIVERED_NS;
}

/* Whether T is within it. Where a time is not known, it may be. */
REBLOCK_FILTER_INLINE bool reblock_delivered_counts(uint64_t until, uint64_t t)
{
	return until && (t == REBLOCK_NO_TIME || t <= until);
}

/* What an exit of this reason can be, all 32 bits of it: MAYBE where its fields decide. */
REBLOCK_FILTER_INLINE enum reblock_matters reblock_filter_reason(uint32_t reason)
{
	if (reason & REBLOCK_REASON_FAILED_ENTRY)
		return REBLOCK_MATTERS;
	switch (reason & REBLOCK_REASON_BASIC) {
	case REBLOCK_REASON_NMI_WINDOW:
	case REBLOCK_REASON_TASK_SWITCH:
		return REBLOCK_MATTERS;
	case REBLOCK_REASON_EXCEPTION_NMI:
	case REBLOCK_REASON_EPT_VIOLATION:
	case REBLOCK_REASON_PML_FULL:
	case REBLOCK_REASON_SPP:
	case REBLOCK_REASON_NOTIFY:
		return REBLOCK_MATTERS_MAYBE;
	default:
		return REBLOCK_MATTERS_NOT;
	}
}

REBLOCK_FILTER_INLINE bool reblock_filter_is_nmi(uint32_t info)
{
	return (info & (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE)) ==
	       (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI);
}

/* An exit by itself: bit 12, an NMI on its way in or out, NMIs blocked. */
REBLOCK_FILTER_INLINE enum reblock_matters reblock_filter_exit_alone(
	const struct reblock_record *exit)
{
	enum reblock_matters reason;

	if (!(exit->presence & REBLOCK_HAS_REASON))
		return REBLOCK_MATTERS;
	/* Fields that are absent hold 0. */
	if (reblock_filter_is_nmi(exit->idt_vectoring) ||
	    (exit->interruptibility & REBLOCK_BLOCKING_NMI))
		return REBLOCK_MATTERS;
	reason = reblock_filter_reason(exit->reason);
	if (reason != REBLOCK_MATTERS_MAYBE)
		return reason;
	if ((exit->reason & REBLOCK_REASON_BASIC) == REBLOCK_REASON_EXCEPTION_NMI) {
		if (!(exit->presence & REBLOCK_HAS_INTR_INFO))
			return REBLOCK_MATTERS_MAYBE;
		return reblock_filter_is_nmi(exit->intr_info) ||
				       (exit->intr_info & REBLOCK_NMI_UNBLOCKING) ?
			       REBLOCK_MATTERS :
			       REBLOCK_MATTERS_NOT;
	}
	if (!(exit->presence & REBLOCK_HAS_QUALIFICATION))
		return REBLOCK_MATTERS_MAYBE;
	return exit->qualification & REBLOCK_NMI_UNBLOCKING ? REBLOCK_MATTERS : REBLOCK_MATTERS_NOT;
}

/* An entry by itself: an NMI goes in, NMIs are blocked, or it must fail. */
REBLOCK_FILTER_INLINE bool reblock_filter_entry_alone(const struct reblock_record *entry)
{
	return (entry->flags & REBLOCK_NMI_INJECTED) || reblock_filter_is_nmi(entry->intr_info) ||
	       ((entry->intr_info & REBLOCK_INTR_VALID) &&
		(entry->intr_info & REBLOCK_ENTRY_INTR_RESERVED)) ||
	       (entry->interruptibility & REBLOCK_BLOCKING_NMI);
}

/*
 * Whether an event may come in at this entry, or nothing is known of it: to a nested guest. EXIT is the
 * exit before it; where not even that says whose guest it is, this source does not see nested guests.
 */
REBLOCK_FILTER_INLINE bool reblock_filter_delivers(const struct reblock_record *exit,
						   const struct reblock_record *entry)
{
	if (entry->presence & REBLOCK_HAS_L2) {
		if (entry->flags & REBLOCK_L2)
			return true;
	} else if (!exit || (exit->presence & REBLOCK_HAS_L2)) {
		return true;
	}
	if (entry->presence & REBLOCK_HAS_INTR_INFO)
		return entry->intr_info & REBLOCK_INTR_VALID;
	return !(entry->presence & REBLOCK_HAS_NMI_INJECTED) ||
	       !(entry->flags & REBLOCK_NO_OTHER_INJECTION);
}

/* Whether all pairs of this vCPU are recorded now. */
REBLOCK_FILTER_INLINE bool reblock_filter_open(const struct reblock_filter *f)
{
	return f->waiting || f->more;
}

/* Whether this vCPU's exits have to be looked at now, whatever they are. */
REBLOCK_FILTER_INLINE bool reblock_filter_awake(const struct reblock_filter *f, uint64_t t)
{
	return reblock_filter_open(f) || reblock_delivered_counts(f->until, t);
}

/*
 * Whether EXIT has to be kept until its entry. Where blocking is seen at exits, each is kept: what is wrong
 * with one of them shows only at its entry, or in what the hypervisor reports in between.
 */
REBLOCK_FILTER_INLINE bool reblock_filter_exit(const struct reblock_filter *f,
					       const struct reblock_record *exit)
{
	return (exit->presence & REBLOCK_HAS_INTERRUPTIBILITY) ||
	       reblock_filter_exit_alone(exit) != REBLOCK_MATTERS_NOT ||
	       reblock_filter_awake(f, exit->t);
}

/*
 * Whether an operation makes its pair matter: one that follows no exit (EXIT is NULL, and none was left
 * out), one that sets the NMI mask, or a report of it where blocking is known. Any other goes with its pair.
 */
REBLOCK_FILTER_INLINE bool reblock_filter_operation(const struct reblock_record *exit, uint8_t kind)
{
	return !exit || kind == REBLOCK_MASK_WRITE || kind == REBLOCK_EVENTS_WRITE ||
	       (kind == REBLOCK_MASK_READ && (exit->presence & REBLOCK_HAS_INTERRUPTIBILITY));
}

/*
 * Whether to record a pair. EXIT is NULL where it was left out already, ENTRY where there was none before the
 * next exit; not both. ASKED: an operation between made it matter, or the entry follows no exit at all.
 */
REBLOCK_FILTER_INLINE bool reblock_filter_pair(struct reblock_filter *f,
					       const struct reblock_record *exit, bool asked,
					       const struct reblock_record *entry)
{
	bool has_rip = exit && (exit->presence & REBLOCK_HAS_RIP);
	bool matters = asked || (exit && reblock_filter_exit_alone(exit) != REBLOCK_MATTERS_NOT);

	if (entry && reblock_filter_entry_alone(entry)) {
		matters = true;
		if ((entry->flags & REBLOCK_NMI_INJECTED) ||
		    reblock_filter_is_nmi(entry->intr_info))
			f->until = reblock_delivered_until(entry->t);
	}
	if (matters) {
		f->rip = has_rip ? exit->rip : 0;
		f->waiting = has_rip;
		f->more = REBLOCK_FILTER_MORE;
		return true;
	}
	if (reblock_filter_open(f)) {
		/* What counts exits at one RIP starts anew with one whose RIP is not known. */
		if (f->waiting && !(has_rip && exit->rip == f->rip))
			f->waiting = 0;
		if (f->more)
			f->more--;
		return true;
	}
	return entry && reblock_delivered_counts(f->until, entry->t) &&
	       reblock_filter_delivers(exit, entry);
}

#endif
