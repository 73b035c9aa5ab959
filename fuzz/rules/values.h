/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The values that each field of a pair may have had: the one that was seen, or where it is absent one for each thing that the
 * rules tell apart. A world has one of each.
 */
#ifndef RULES_VALUES_H
#define RULES_VALUES_H

#include <stdbool.h>
#include "rules/pair.h"

#define RULES_VALUES_MOST 12

struct rules_values {
	unsigned n;
	uint64_t is[RULES_VALUES_MOST];
};

struct rules_values rules_reasons(const struct reblock_record *exit);
struct rules_values rules_qualifications(const struct reblock_record *exit);
struct rules_values rules_pins(const struct reblock_record *r);
struct rules_values rules_intrs(const struct rules_pair *pair);
struct rules_values rules_idtvs(const struct rules_pair *pair);

/* What the entry may have injected, in worlds whose exit has that intr-info and idtv. */
struct rules_values rules_injections(const struct reblock_record *entry, uint64_t intr,
				     uint64_t idtv);

/* Whether the guest resumes where it was: bit 1 if that can be, bit 0 if it can be elsewhere. */
unsigned rules_same(const struct rules_pair *pair);

bool rules_is_nmi(uint64_t info);

#endif
