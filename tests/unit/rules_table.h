/* SPDX-License-Identifier: BSD-2-Clause */
/* The text table of the rules (tests/unit/tables/rules.table), as something that answers questions. */
#ifndef RULES_TABLE_H
#define RULES_TABLE_H

#include <stdbool.h>

enum rules_section { SECTION_WHERE, SECTION_DEFINED, SECTION_ROWS, SECTIONS };

/* The names that conditions may use, in the order of struct rules_facts. */
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

/* What is the case, one word for each name. */
struct rules_facts {
	const char *word[FACTS];
};

/* Reads the table at PATH; ends the test with a message if it is not one. */
void rules_table_read(const char *path);

/* Returns the first line's answer whose conditions all hold; for SECTION_ROWS *MUST is the second word. */
const char *rules_table_ask(enum rules_section section, const struct rules_facts *facts,
			    const char **must);

#endif
