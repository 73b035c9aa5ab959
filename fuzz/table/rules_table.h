/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules as a text table (tests/unit/tables/rules.table), asked about one exit and its entry of which every
 * field is known: a second statement of what analyzer/model computes. The exhaustive test and the target
 * rules hold the model against it.
 */
#ifndef RULES_TABLE_H
#define RULES_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include <reblock/record.h>

/* The names that conditions may use. */
enum rules_fact {
	FACT_FAILED,
	FACT_REASON,
	FACT_INTR,
	FACT_IDTV,
	FACT_NMI_EXITING,
	FACT_VIRTUAL_NMIS,
	FACT_SWITCH,
	FACT_BIT12,
	FACT_INJECTS,
	FACT_VECTOR,
	FACT_AGAIN,
	FACT_ENTRY_VIRTUAL_NMIS,
	FACT_RIP,
	FACT_OPERATION,
	FACT_WHERE,
	FACT_DEFINED,
	FACTS
};

enum rules_where { WHERE_NOWHERE, WHERE_INTR_INFO, WHERE_QUALIFICATION };

enum rules_must { TABLE_UNKNOWN, TABLE_0, TABLE_1, TABLE_UNCHANGED };

/* What the table says of an exit. */
struct rules_exit {
	enum rules_where where;
	bool defined; /* bit 12 means something */
	bool bit12;   /* its value; 0 where it is nowhere */
	uint32_t intr_info, idt_vectoring;
	uint8_t facts[FACTS];
};

/* Reads the table; to be called once before the others. Ends the program with a message if it is not one. */
void rules_table_read(void);

/*
 * Asks it about an exit, and returns the row (1 to 12) for an exit and an entry. Presence bits are not looked at: a field
 * is what it holds, and the flag rip_same of ENTRY says where the guest resumes. BETWEEN: an operation lies between.
 */
void rules_table_exit(const struct reblock_record *exit, struct rules_exit *out);
unsigned rules_table_row(const struct rules_exit *exit, const struct reblock_record *entry,
			 bool between);

/* What a row asks for; TABLE_UNKNOWN for one that the table does not have. */
enum rules_must rules_table_must(unsigned row);

#endif
