/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules against their second statement (rules_table.h), for any values of an exit's and an entry's fields, and any
 * of them absent. Each 32 bytes of input are one such pair.
 *
 * A world has a value for every field. Of the worlds that look like the pair, what the table says is collected;
 * what the model says must hold in all of them, and must be said where all of them agree.
 */
#include <stdbool.h>
#include <string.h>
#include <reblock/rules.h>
#include "fuzz.h"
#include "rules/values.h"
#include "rules_table.h"

#define PAIRS_MOST 32

/* What holds in the worlds seen so far, a bit for each value. */
struct said {
	unsigned where, defined, bit12, unblocked, rows;
};

/* All entries of the worlds whose exit is EXIT. */
static void ask_entries(const struct rules_pair *pair, const struct reblock_record *exit,
			struct said *said)
{
	struct rules_values injections =
		rules_injections(&pair->entry, exit->intr_info, exit->idt_vectoring);
	struct rules_values pins = rules_pins(&pair->entry);
	unsigned same = rules_same(pair);
	struct reblock_record entry = { 0 };
	struct rules_exit of_exit;

	rules_table_exit(exit, &of_exit);
	said->where |= 1u << of_exit.where;
	said->defined |= 1u << of_exit.defined;
	said->bit12 |= 1u << of_exit.bit12;
	said->unblocked |= 1u << (of_exit.defined && of_exit.bit12);
	for (unsigned i = 0; i < injections.n * pins.n * 2; i++) {
		if (!(same >> i % 2 & 1))
			continue;
		entry.flags = i % 2 ? REBLOCK_RIP_SAME : 0;
		entry.intr_info = (uint32_t)injections.is[i / 2 % injections.n];
		entry.pin = (uint16_t)pins.is[i / 2 / injections.n];
		said->rows |= 1u << rules_table_row(&of_exit, &entry, pair->between != 0);
	}
}

static void ask_all(const struct rules_pair *pair, struct said *said)
{
	struct rules_values reasons = rules_reasons(&pair->exit), intrs = rules_intrs(pair);
	struct rules_values qualifications = rules_qualifications(&pair->exit),
			    idtvs = rules_idtvs(pair);
	struct rules_values pins = rules_pins(&pair->exit);
	unsigned n = reasons.n * intrs.n * qualifications.n * idtvs.n * pins.n;
	struct reblock_record exit = { 0 };

	for (unsigned i = 0; i < n; i++) {
		unsigned rest = i;

		exit.reason = (uint32_t)reasons.is[rest % reasons.n];
		rest /= reasons.n;
		exit.intr_info = (uint32_t)intrs.is[rest % intrs.n];
		rest /= intrs.n;
		exit.qualification = qualifications.is[rest % qualifications.n];
		rest /= qualifications.n;
		exit.idt_vectoring = (uint32_t)idtvs.is[rest % idtvs.n];
		rest /= idtvs.n;
		exit.pin = (uint16_t)pins.is[rest];
		ask_entries(pair, &exit, said);
	}
}

/* NO, YES, or UNKNOWN where a set of worlds has both. */
static enum reblock_tri tri_of(unsigned set)
{
	return set == 3 ? REBLOCK_UNKNOWN : set == 2 ? REBLOCK_YES : REBLOCK_NO;
}

/* EXACT: what all worlds agree on must be said. */
static void check_tri(const char *what, enum reblock_tri model, unsigned set, bool exact)
{
	enum reblock_tri table = tri_of(set);

	if (model != table && (model != REBLOCK_UNKNOWN || exact))
		fuzz_fail("%s: the model says %d, the table %d", what, model, table);
}

static void check_unblock(const struct reblock_record *exit, const struct reblock_unblock *u,
			  const struct said *said)
{
	/* Without these the fields that are there can be of no use, in ways that only worlds show. */
	bool exact = reblock_has(exit, REBLOCK_HAS_REASON | REBLOCK_HAS_INTR_INFO);
	unsigned field = u->field == REBLOCK_BIT12_FIELD_UNKNOWN ? said->where : 1u << u->field;

	_Static_assert((int)WHERE_NOWHERE == REBLOCK_BIT12_NOWHERE &&
			       (int)WHERE_INTR_INFO == REBLOCK_BIT12_IN_INTR_INFO &&
			       (int)WHERE_QUALIFICATION == REBLOCK_BIT12_IN_QUALIFICATION,
		       "the model's numbers");
	if (field != said->where || (exact && u->field == REBLOCK_BIT12_FIELD_UNKNOWN))
		fuzz_fail("where bit 12 is: the model says %d, the table has the set %#x", u->field,
			  said->where);
	check_tri("whether bit 12 is defined", u->defined, said->defined, exact);
	check_tri("the value of bit 12", u->bit12, said->bit12, exact);
	check_tri("whether an IRET has unblocked", u->unblocked, said->unblocked, exact);
}

static void check_verdict(const struct reblock_verdict *verdict, unsigned rows)
{
	unsigned first = (unsigned)__builtin_ctz(rows);
	unsigned single = rows & (rows - 1) ? 0 : first;

	if (rows & ~verdict->rows)
		fuzz_fail("the model leaves out a row: it has the set %#x, the table %#x",
			  verdict->rows, rows);
	if (verdict->row != single)
		fuzz_fail("the row: the model says %u, the table has the set %#x", verdict->row,
			  rows);
	for (unsigned row = first; verdict->must && row <= 12; row++)
		if (rows >> row & 1 && rules_table_must(row) != verdict->must)
			fuzz_fail("what is required: the model says %u, the table's row %u says %d",
				  verdict->must, row, rules_table_must(row));
	if (single && verdict->must != rules_table_must(single))
		fuzz_fail("what is required in row %u: the model says %u, the table %d", single,
			  verdict->must, rules_table_must(single));
}

/* The rules of an entry alone. */
static void check_entry(const struct reblock_record *entry)
{
	struct rules_values injections = rules_injections(entry, 0, 0), pins = rules_pins(entry);
	uint32_t reserved = entry->intr_info & 0x7ffff000;
	unsigned states = 3, fails = 0, bits;

	if (entry->presence & REBLOCK_HAS_INTERRUPTIBILITY)
		states = entry->interruptibility & 8 ? 2 : 1;
	for (unsigned i = 0; i < injections.n; i++)
		for (unsigned p = 0; p < pins.n; p++)
			for (unsigned blocking = 0; blocking < 2; blocking++)
				if (states >> blocking & 1)
					fails |= 1u << (rules_is_nmi(injections.is[i]) &&
							pins.is[p] & 0x20 && blocking);
	check_tri("whether an NMI is injected while blocked",
		  reblock_entry_reinjects_blocked(entry), fails, true);
	if (!(entry->presence & REBLOCK_HAS_INTR_INFO))
		bits = 3;
	else if (!(entry->intr_info >> 31) || !reserved)
		bits = 1;
	else
		bits = reserved == 0x2000 ? 3 : 2; /* a nested exception, with FRED */
	check_tri("whether reserved bits are set", reblock_entry_reserved_bits(entry), bits, true);
}

static void check(const uint8_t *at)
{
	struct reblock_verdict verdict;
	struct reblock_unblock unblock;
	struct said said = { 0 };
	struct rules_pair pair;

	rules_pair_decode(&pair, at);
	reblock_unblock_of(&pair.exit, &unblock);
	reblock_rules(&pair.exit, &unblock, pair.between, &pair.entry, &verdict);
	ask_all(&pair, &said);
	check_unblock(&pair.exit, &unblock, &said);
	check_verdict(&verdict, said.rows);
	check_entry(&pair.entry);
}

/* Before the first input, whichever driver gives it. */
__attribute__((constructor)) static void begin(void)
{
	rules_table_read();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (unsigned i = 0; i < PAIRS_MOST && size; i++) {
		uint8_t bytes[RULES_PAIR] = { 0 };
		size_t n = size < RULES_PAIR ? size : RULES_PAIR;

		memcpy(bytes, data, n);
		check(bytes);
		data += n;
		size -= n;
	}
	return 0;
}
