/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Worlds: the values that an exit and the entry after it had, all of them. A record shows some; a fact is known
 * only if it holds in every world that looks like the record. In a world nothing is unknown, so what
 * sections 1.3, 1.4 and 2 of docs/rules.md say of it is plain.
 */
#ifndef ORACLE_WORLDS_H
#define ORACLE_WORLDS_H

#include <reblock/record.h>

/* What can be true of a world: bit n is row n of section 2, and these. */
enum oracle_fact {
	FACT_ROW_1 = 1 << 1,
	FACT_ROW_3 = 1 << 3,
	FACT_ROW_4 = 1 << 4,
	FACT_ROW_6 = 1 << 6,
	FACT_ROW_7 = 1 << 7,
	FACT_ROW_9 = 1 << 9,
	FACT_ROW_10 = 1 << 10,
	FACT_ROW_11 = 1 << 11,
	FACT_MUST_BE_1 = 1 << 13,
	FACT_MUST_NOT_CHANGE = 1 << 14,
	FACT_UNBLOCKED = 1 << 15, /* bit 12 is defined and 1 */
	FACT_FAULT = 1 << 16,     /* ... at a fault exit */
	FACT_RIP_SAME = 1 << 17,
	FACT_NOTHING = 1 << 18,            /* the entry injects nothing ... */
	FACT_OR_NMI = 1 << 19,             /* ... or an NMI */
	FACT_NMI = 1 << 20,                /* ... an NMI */
	FACT_NO_NMI = 1 << 21,             /* ... no NMI */
	FACT_VIRTUAL_NMIS = 1 << 22,       /* at the exit */
	FACT_ENTRY_VIRTUAL_NMIS = 1 << 23, /* at the entry */
	FACT_ENTRY_NO_VIRTUAL_NMIS = 1 << 24,
	FACT_NMI_EXITING = 1 << 25, /* at the exit */
	FACT_NO_IDTV_NMI = 1 << 26, /* at the exit */
	FACT_QUIET = 1 << 27,       /* row 6, 10 or 11, and the entry injects nothing */
	FACT_ALL = (1 << 28) - 1
};

/*
 * What is true of EXIT and ENTRY in all worlds that look like them, of the facts in WANTED. EXIT or ENTRY may be
 * NULL: then WANTED are facts of the other alone. OPERATION: row 2's operations lie between, or cannot be excluded.
 * NMI: it is known from elsewhere that the entry injects an NMI.
 */
unsigned oracle_facts(const struct reblock_record *exit, const struct reblock_record *entry,
		      int operation, int nmi, unsigned wanted);

/*
 * All that is true of EXIT and ENTRY, where only one world looks like them: each of its rows and facts, so never 0. Else 0.
 * What oracle_facts answers is then what of it is wanted.
 */
unsigned oracle_only_world(const struct reblock_record *exit, const struct reblock_record *entry,
			   int operation);

#endif
