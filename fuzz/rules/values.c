/* SPDX-License-Identifier: BSD-2-Clause */
#include "rules/values.h"

#define EVENT (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE | REBLOCK_INTR_VECTOR)
#define NMI (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI | REBLOCK_VECTOR_NMI)
#define HARD (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_HARD_EXCEPTION)

static void add(struct rules_values *values, uint64_t value)
{
	values->is[values->n++] = value;
}

static unsigned vector(uint64_t info)
{
	return info & REBLOCK_INTR_VECTOR;
}

/* An exception's vector that is none of these, nor #DF's. */
static unsigned another(unsigned a, unsigned b)
{
	unsigned v = 13;

	while (v == a || v == b)
		v++;
	return v;
}

struct rules_values rules_reasons(const struct reblock_record *exit)
{
	struct rules_values values = { .n = 8, .is = { 0, 9, 48, 62, 66, 75, 1, 48 | 1u << 31 } };

	if (exit->presence & REBLOCK_HAS_REASON)
		values = (struct rules_values){ .n = 1, .is = { exit->reason } };
	return values;
}

struct rules_values rules_qualifications(const struct reblock_record *exit)
{
	struct rules_values values = { .n = 4, .is = { 0, 0x1000, 0xc0000000, 0xc0001000 } };

	if (exit->presence & REBLOCK_HAS_QUALIFICATION)
		values = (struct rules_values){ .n = 1, .is = { exit->qualification } };
	return values;
}

struct rules_values rules_pins(const struct reblock_record *r)
{
	struct rules_values values = { .n = 3, .is = { 0, 0x08, 0x28 } };

	if (r->presence & REBLOCK_HAS_PIN)
		values = (struct rules_values){ .n = 1, .is = { r->pin } };
	return values;
}

struct rules_values rules_intrs(const struct rules_pair *pair)
{
	struct rules_values values = { 0 };
	unsigned injected = vector(pair->entry.intr_info);

	if (pair->exit.presence & REBLOCK_HAS_INTR_INFO) {
		add(&values, pair->exit.intr_info);
		return values;
	}
	add(&values, 0);
	add(&values, NMI);
	for (unsigned bit12 = 0; bit12 <= REBLOCK_NMI_UNBLOCKING; bit12 += REBLOCK_NMI_UNBLOCKING) {
		add(&values, HARD | bit12 | injected);
		add(&values, HARD | bit12 | another(injected, 0));
		add(&values, HARD | bit12 | REBLOCK_VECTOR_DF);
	}
	return values;
}

struct rules_values rules_idtvs(const struct rules_pair *pair)
{
	struct rules_values values = { 0 };

	if (pair->exit.presence & REBLOCK_HAS_IDT_VECTORING) {
		add(&values, pair->exit.idt_vectoring);
		return values;
	}
	add(&values, 0);
	add(&values, NMI);
	add(&values, REBLOCK_INTR_VALID | another(vector(pair->entry.intr_info), 0));
	if (pair->entry.intr_info & REBLOCK_INTR_VALID)
		add(&values, pair->entry.intr_info & EVENT);
	return values;
}

bool rules_is_nmi(uint64_t info)
{
	return (info & EVENT) == NMI;
}

/* Whether an injection is what the flags say. */
static bool as_told(const struct reblock_record *entry, uint64_t info)
{
	if ((entry->presence & REBLOCK_HAS_NMI_INJECTED) &&
	    rules_is_nmi(info) != ((entry->flags & REBLOCK_NMI_INJECTED) != 0))
		return false;
	return !(entry->flags & REBLOCK_NO_OTHER_INJECTION) || rules_is_nmi(info) ||
	       !(info & REBLOCK_INTR_VALID);
}

/* Any injection, as far as it matters beside INTR and IDTV. */
static struct rules_values any_injection(uint64_t intr, uint64_t idtv)
{
	unsigned other = another(vector(intr), vector(idtv));
	struct rules_values values = { 0 };

	add(&values, 0);
	add(&values, NMI);
	add(&values, REBLOCK_INTR_VALID | other);
	add(&values, REBLOCK_INTR_VALID | vector(intr));
	add(&values, HARD | other);
	add(&values, HARD | vector(intr));
	add(&values, REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_SOFT_EXCEPTION | other);
	add(&values, REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_OTHER | other);
	if (idtv & REBLOCK_INTR_VALID)
		add(&values, idtv & EVENT);
	return values;
}

struct rules_values rules_injections(const struct reblock_record *entry, uint64_t intr,
				     uint64_t idtv)
{
	struct rules_values any = any_injection(intr, idtv), values = { 0 };

	if (entry->presence & REBLOCK_HAS_INTR_INFO) {
		add(&values, entry->intr_info);
		/* Witnesses that contradict each other: none is believed. */
		return as_told(entry, entry->intr_info) ? values : any;
	}
	for (unsigned i = 0; i < any.n; i++)
		if (as_told(entry, any.is[i]))
			add(&values, any.is[i]);
	return values;
}

unsigned rules_same(const struct rules_pair *pair)
{
	bool both = pair->exit.presence & pair->entry.presence & REBLOCK_HAS_RIP;
	bool flag = pair->entry.presence & REBLOCK_HAS_RIP_SAME;
	unsigned by_rip = both ? 1u << (pair->exit.rip == pair->entry.rip) : 3;
	unsigned by_flag = flag ? 1u << ((pair->entry.flags & REBLOCK_RIP_SAME) != 0) : 3;

	return by_rip & by_flag ? by_rip & by_flag : 3;
}
