/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "oracle/worlds.h"

#define VALID REBLOCK_INTR_VALID
#define EVENT (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE | REBLOCK_INTR_VECTOR)
#define NMI (VALID | REBLOCK_INTR_TYPE_NMI | REBLOCK_VECTOR_NMI)
#define FAULT (VALID | REBLOCK_INTR_TYPE_HARD_EXCEPTION)
#define BIT12 REBLOCK_NMI_UNBLOCKING

/* One for each thing that the rules tell apart; the values of the records themselves come on top. */
static const uint32_t reasons[] = { 48, 0, 10, 9, 48 | REBLOCK_REASON_FAILED_ENTRY };
static const uint64_t qualifications[] = { 0x1000, 0, 0xc0000000u, 0xc0001000u };
static const uint32_t exit_events[] = {
	FAULT | 14 | BIT12, 0, FAULT | 14, FAULT | 8 | BIT12, FAULT | 8, NMI | BIT12, NMI
};
static const uint32_t vectorings[] = { 0, NMI, VALID | 0x31, FAULT | 14 };
static const uint16_t pins[] = { REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS,
				 REBLOCK_PIN_NMI_EXITING, 0 };
static const uint32_t injections[] = { 0,
				       NMI,
				       VALID | 0x31,
				       VALID | 0x32,
				       FAULT | 14,
				       FAULT | 13,
				       VALID | REBLOCK_INTR_TYPE_SOFT_INTERRUPT | 0x80,
				       VALID | REBLOCK_INTR_TYPE_SOFT_EXCEPTION | 3,
				       VALID | REBLOCK_INTR_TYPE_OTHER };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define VALUES 12

enum axis { REASON, QUALIFICATION, EXIT_EVENT, VECTORING, PIN, INJECTION, ENTRY_PIN, RIP, AXES };

struct worlds {
	uint64_t value[AXES][VALUES];
	unsigned n[AXES];
};

static void may_be(struct worlds *w, enum axis axis, uint64_t value)
{
	w->value[axis][w->n[axis]++] = value;
}

static int is_nmi(uint64_t event)
{
	return (event & (VALID | REBLOCK_INTR_TYPE)) == (VALID | REBLOCK_INTR_TYPE_NMI);
}

static int has(const struct reblock_record *r, unsigned field)
{
	return r && reblock_has(r, field);
}

static void exit_may_be(struct worlds *w, const struct reblock_record *exit,
			const struct reblock_record *entry)
{
	/* What the entry injects can be what the exit held. */
	uint32_t injected = has(entry, REBLOCK_HAS_INTR_INFO) ? entry->intr_info & EVENT : 0;

	if (has(exit, REBLOCK_HAS_REASON))
		may_be(w, REASON, exit->reason);
	else
		for (size_t i = 0; i < COUNT(reasons); i++)
			may_be(w, REASON, reasons[i]);
	if (has(exit, REBLOCK_HAS_QUALIFICATION))
		may_be(w, QUALIFICATION, exit->qualification);
	else
		for (size_t i = 0; i < COUNT(qualifications); i++)
			may_be(w, QUALIFICATION, qualifications[i]);
	if (has(exit, REBLOCK_HAS_INTR_INFO)) {
		may_be(w, EXIT_EVENT, exit->intr_info);
	} else {
		for (size_t i = 0; i < COUNT(exit_events); i++)
			may_be(w, EXIT_EVENT, exit_events[i]);
		if (injected & VALID) {
			may_be(w, EXIT_EVENT, injected);
			may_be(w, EXIT_EVENT, injected | BIT12);
		}
	}
	if (has(exit, REBLOCK_HAS_IDT_VECTORING)) {
		may_be(w, VECTORING, exit->idt_vectoring);
	} else {
		for (size_t i = 0; i < COUNT(vectorings); i++)
			may_be(w, VECTORING, vectorings[i]);
		may_be(w, VECTORING, injected);
	}
	if (has(exit, REBLOCK_HAS_PIN))
		may_be(w, PIN, exit->pin);
	else
		for (size_t i = 0; i < COUNT(pins); i++)
			may_be(w, PIN, pins[i]);
}

/* Whether an entry that injects EVENT looks like the record. */
static int looks_like(const struct reblock_record *entry, uint64_t event)
{
	if (has(entry, REBLOCK_HAS_NMI_INJECTED) &&
	    reblock_flag(entry, REBLOCK_NMI_INJECTED) != is_nmi(event))
		return 0;
	return !entry || !reblock_flag(entry, REBLOCK_NO_OTHER_INJECTION) || is_nmi(event) ||
	       !(event & VALID);
}

static void injection_may_be(struct worlds *w, const struct reblock_record *exit,
			     const struct reblock_record *entry, int nmi)
{
	uint64_t all[VALUES];
	unsigned n = 0;

	if (nmi) {
		all[n++] = NMI;
	} else if (entry && reblock_has(entry, REBLOCK_HAS_INTR_INFO)) {
		all[n++] = entry->intr_info;
	} else {
		for (size_t i = 0; i < COUNT(injections); i++)
			all[n++] = injections[i];
		if (has(exit, REBLOCK_HAS_IDT_VECTORING))
			all[n++] = exit->idt_vectoring & EVENT;
		if (has(exit, REBLOCK_HAS_INTR_INFO))
			all[n++] = FAULT | (exit->intr_info & REBLOCK_INTR_VECTOR);
	}
	for (unsigned i = 0; i < n; i++)
		if (looks_like(entry, all[i]))
			may_be(w, INJECTION, all[i]);
	if (!w->n[INJECTION])
		injection_may_be(w, exit, NULL, nmi);
}

/* The witnesses of one record may contradict each other: then none is believed. */
static void entry_may_be(struct worlds *w, const struct reblock_record *exit,
			 const struct reblock_record *entry, int nmi)
{
	int by_address = has(exit, REBLOCK_HAS_RIP) && has(entry, REBLOCK_HAS_RIP);

	injection_may_be(w, exit, entry, nmi);
	if (has(entry, REBLOCK_HAS_PIN))
		may_be(w, ENTRY_PIN, entry->pin);
	else
		for (size_t i = 0; i < COUNT(pins); i++)
			may_be(w, ENTRY_PIN, pins[i]);
	for (int same = 0; same < 2; same++) {
		if (by_address && (exit->rip == entry->rip) != same)
			continue;
		if (has(entry, REBLOCK_HAS_RIP_SAME) &&
		    reblock_flag(entry, REBLOCK_RIP_SAME) != same)
			continue;
		may_be(w, RIP, (uint64_t)same);
	}
	if (!w->n[RIP]) {
		may_be(w, RIP, 0);
		may_be(w, RIP, 1);
	}
}

struct world {
	uint64_t of[AXES];
};

enum where { NOWHERE, IN_EXIT_EVENT, IN_QUALIFICATION };

/* Section 1.3. */
static enum where where_bit12(const struct world *w)
{
	if (w->of[REASON] & REBLOCK_REASON_FAILED_ENTRY)
		return NOWHERE;
	switch (w->of[REASON] & REBLOCK_REASON_BASIC) {
	case 0:
		return (w->of[EXIT_EVENT] & (VALID | REBLOCK_INTR_TYPE)) == FAULT ? IN_EXIT_EVENT :
										    NOWHERE;
	case 48:
	case 62:
	case 66:
	case 75:
		return IN_QUALIFICATION;
	default:
		return NOWHERE;
	}
}

static int iret_unblocks(uint64_t pin)
{
	return !(pin & REBLOCK_PIN_NMI_EXITING) || (pin & REBLOCK_PIN_VIRTUAL_NMIS);
}

/* Section 1.4. */
static int is_defined(const struct world *w, enum where where)
{
	return where != NOWHERE && iret_unblocks(w->of[PIN]) && !(w->of[VECTORING] & VALID) &&
	       !(where == IN_EXIT_EVENT &&
		 (w->of[EXIT_EVENT] & REBLOCK_INTR_VECTOR) == REBLOCK_VECTOR_DF);
}

enum injected { NOTHING, EXTERNAL, AN_NMI, HARD, SOFT, OTHER };

static enum injected injected(uint64_t event)
{
	static const enum injected types[8] = { EXTERNAL, OTHER, AN_NMI, HARD,
						OTHER,    SOFT,  SOFT,   OTHER };

	return event & VALID ? types[event >> 8 & 7] : NOTHING;
}

/* Section 2: the first row that matches decides. */
static unsigned row_of(const struct world *w, int operation)
{
	enum where where = where_bit12(w);
	int defined = is_defined(w, where);
	int bit12 = where == IN_EXIT_EVENT    ? w->of[EXIT_EVENT] >> 12 & 1 :
		    where == IN_QUALIFICATION ? w->of[QUALIFICATION] >> 12 & 1 :
						0;
	enum injected in = injected(w->of[INJECTION]);
	int again = in != NOTHING && (w->of[VECTORING] & VALID) &&
		    (w->of[INJECTION] & EVENT) == (w->of[VECTORING] & EVENT);
	int same = w->of[RIP] != 0;

	if (w->of[REASON] & REBLOCK_REASON_FAILED_ENTRY)
		return 1;
	if (operation)
		return 2;
	if (is_nmi(w->of[VECTORING])) {
		if ((w->of[REASON] & REBLOCK_REASON_BASIC) == REBLOCK_REASON_TASK_SWITCH &&
		    (w->of[QUALIFICATION] >> 30 & 3) == 3 && in != AN_NMI)
			return 3;
		if (in == AN_NMI && (w->of[ENTRY_PIN] & REBLOCK_PIN_VIRTUAL_NMIS))
			return 4;
		if (in != AN_NMI)
			return 5;
	}
	if (defined && bit12) {
		if (same && (in == NOTHING || in == EXTERNAL))
			return 6;
		if (where == IN_EXIT_EVENT && in == HARD &&
		    !((w->of[INJECTION] ^ w->of[EXIT_EVENT]) & REBLOCK_INTR_VECTOR))
			return 7;
		if (in == HARD || in == SOFT)
			return 8;
		if (same && in == AN_NMI)
			return 9;
	}
	if (!defined && bit12 && same && (in == NOTHING || again))
		return 10;
	if (!bit12 && same && in == NOTHING)
		return 11;
	return 12;
}

static unsigned facts_of(const struct world *w, int operation)
{
	unsigned row = row_of(w, operation), facts = 1u << row;
	enum where where = where_bit12(w);
	enum injected in = injected(w->of[INJECTION]);

	if (row == 3 || row == 6 || row == 9)
		facts |= FACT_MUST_BE_1;
	if (row == 10 || row == 11)
		facts |= FACT_MUST_NOT_CHANGE;
	if ((row == 6 || row == 10 || row == 11) && in == NOTHING)
		facts |= FACT_QUIET;
	if (is_defined(w, where) &&
	    (w->of[where == IN_EXIT_EVENT ? EXIT_EVENT : QUALIFICATION] & BIT12))
		facts |= FACT_UNBLOCKED | (where == IN_EXIT_EVENT ? FACT_FAULT : 0);
	if (w->of[RIP])
		facts |= FACT_RIP_SAME;
	if (in == NOTHING)
		facts |= FACT_NOTHING | FACT_OR_NMI;
	facts |= in == AN_NMI ? FACT_NMI | FACT_OR_NMI : FACT_NO_NMI;
	if (w->of[PIN] & REBLOCK_PIN_VIRTUAL_NMIS)
		facts |= FACT_VIRTUAL_NMIS;
	facts |= w->of[ENTRY_PIN] & REBLOCK_PIN_VIRTUAL_NMIS ? FACT_ENTRY_VIRTUAL_NMIS :
							       FACT_ENTRY_NO_VIRTUAL_NMIS;
	if (w->of[PIN] & REBLOCK_PIN_NMI_EXITING)
		facts |= FACT_NMI_EXITING;
	if (!is_nmi(w->of[VECTORING]))
		facts |= FACT_NO_IDTV_NMI;
	return facts;
}

/* Any exit, any entry: where no fact is asked of it, one of its worlds will do. */
static void exit_is_any(struct worlds *w)
{
	may_be(w, REASON, reasons[0]);
	may_be(w, QUALIFICATION, qualifications[0]);
	may_be(w, EXIT_EVENT, exit_events[0]);
	may_be(w, VECTORING, vectorings[0]);
	may_be(w, PIN, pins[0]);
}

static void entry_is_any(struct worlds *w)
{
	may_be(w, INJECTION, injections[0]);
	may_be(w, ENTRY_PIN, pins[0]);
	may_be(w, RIP, 0);
}

/* All worlds that look like the two; returns how many. */
static unsigned look_alike(struct worlds *w, const struct reblock_record *exit,
			   const struct reblock_record *entry, int nmi)
{
	unsigned total = 1;

	memset(w->n, 0, sizeof(w->n));
	if (exit)
		exit_may_be(w, exit, entry);
	else
		exit_is_any(w);
	if (entry)
		entry_may_be(w, exit, entry, nmi);
	else
		entry_is_any(w);
	for (unsigned axis = 0; axis < AXES; axis++)
		total *= w->n[axis];
	return total;
}

static struct world world_of(const struct worlds *worlds, unsigned number)
{
	struct world w;

	for (unsigned axis = 0; axis < AXES; axis++) {
		unsigned n = worlds->n[axis];

		/* What was seen has one value, and that is nearly all. */
		w.of[axis] = worlds->value[axis][n == 1 ? 0 : number % n];
		number = n == 1 ? number : number / n;
	}
	return w;
}

unsigned oracle_facts(const struct reblock_record *exit, const struct reblock_record *entry,
		      int operation, int nmi, unsigned wanted)
{
	struct worlds worlds;
	unsigned total = look_alike(&worlds, exit, entry, nmi), facts = wanted, number = 0;
	/* It is prime and divides no number of worlds: all are met, soon very different ones. */
	unsigned step = total > 1 ? 7919 % total : 0;

	for (unsigned k = 0; k < total && facts; k++) {
		struct world w = world_of(&worlds, number);

		facts &= facts_of(&w, operation);
		number += step;
		number -= number >= total ? total : 0;
	}
	return facts;
}

unsigned oracle_only_world(const struct reblock_record *exit, const struct reblock_record *entry,
			   int operation)
{
	struct worlds worlds;
	struct world w;

	if (look_alike(&worlds, exit, entry, 0) != 1)
		return 0;
	w = world_of(&worlds, 0);
	return facts_of(&w, operation);
}
