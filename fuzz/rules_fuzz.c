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
#include "rules_table.h"

#define PAIR 32 /* bytes */
#define PAIRS_MOST 32
#define VALUES_MOST 12

#define EVENT (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE | REBLOCK_INTR_VECTOR)
#define NMI (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI | REBLOCK_VECTOR_NMI)
#define HARD (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_HARD_EXCEPTION)

struct pair {
	struct reblock_record exit, entry;
	unsigned between;
};

struct values {
	unsigned n;
	uint64_t is[VALUES_MOST];
};

/* What holds in the worlds seen so far, a bit for each value. */
struct said {
	unsigned where, defined, bit12, unblocked, rows;
};

static uint32_t number(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The vector of an NMI is 2. */
static uint32_t event(uint32_t info)
{
	if ((info & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_NMI)
		info = (info & ~REBLOCK_INTR_VECTOR) | REBLOCK_VECTOR_NMI;
	return info;
}

static uint32_t reason(const uint8_t *at)
{
	static const uint8_t named[] = { 0, 48, 62, 66, 75, 9, 44, 49, 8, 1, 12, 7 };
	uint32_t high = (uint32_t)at[1] << 24;

	return at[0] < sizeof(named) ? named[at[0]] | high : at[0] | (uint32_t)at[2] << 8 | high;
}

static void decode_exit(struct reblock_record *exit, const uint8_t *at)
{
	static const uint16_t fields[] = { REBLOCK_HAS_REASON,        REBLOCK_HAS_RIP,
					   REBLOCK_HAS_QUALIFICATION, REBLOCK_HAS_INTR_INFO,
					   REBLOCK_HAS_IDT_VECTORING, REBLOCK_HAS_PIN };

	for (unsigned i = 0; i < 6; i++)
		exit->presence |= at[0] >> i & 1 ? 0 : fields[i];
	exit->kind = REBLOCK_EXIT;
	exit->reason = reason(at + 4);
	exit->intr_info = number(at + 7);
	exit->idt_vectoring = event(number(at + 11));
	exit->qualification = number(at + 15) | (uint64_t)number(at + 19) << 32;
	exit->pin = (uint16_t)(at[23] | at[24] << 8);
	exit->rip = 0x1000;
}

static void decode_entry(struct reblock_record *entry, const uint8_t *at)
{
	static const uint16_t fields[] = { REBLOCK_HAS_INTR_INFO, REBLOCK_HAS_PIN, REBLOCK_HAS_RIP,
					   REBLOCK_HAS_INTERRUPTIBILITY };

	for (unsigned i = 0; i < 4; i++)
		entry->presence |= at[1] >> i & 1 ? 0 : fields[i];
	entry->kind = REBLOCK_ENTRY;
	if (at[1] & 0x10)
		entry->presence |= REBLOCK_HAS_RIP_SAME;
	if (at[1] & 0x20)
		entry->presence |= REBLOCK_HAS_NMI_INJECTED;
	entry->flags = (uint8_t)((at[1] & 0x40 ? REBLOCK_RIP_SAME : 0) |
				 (at[1] & 0x80 ? REBLOCK_NMI_INJECTED : 0) |
				 (at[3] & 0x01 ? REBLOCK_NO_OTHER_INJECTION : 0));
	entry->intr_info = event(number(at + 25));
	entry->pin = (uint16_t)(at[29] | at[30] << 8);
	entry->interruptibility = at[31];
	entry->rip = at[3] & 0x02 ? 0x2000 : 0x1000;
}

static void decode(struct pair *pair, const uint8_t *at)
{
	memset(pair, 0, sizeof(*pair));
	decode_exit(&pair->exit, at);
	decode_entry(&pair->entry, at);
	pair->between = at[2] < 128 ? 0 : at[2] & 0x3f;
	/* Equal vectors and events are what matters, and hard to meet. */
	if (at[3] & 0x04)
		pair->entry.intr_info = event((pair->entry.intr_info & ~REBLOCK_INTR_VECTOR) |
					      (pair->exit.intr_info & REBLOCK_INTR_VECTOR));
	if (at[3] & 0x08)
		pair->entry.intr_info = pair->exit.idt_vectoring & EVENT;
}

/* What is absent holds 0. */
static void hide(struct reblock_record *r)
{
	r->reason = r->presence & REBLOCK_HAS_REASON ? r->reason : 0;
	r->rip = r->presence & REBLOCK_HAS_RIP ? r->rip : 0;
	r->qualification = r->presence & REBLOCK_HAS_QUALIFICATION ? r->qualification : 0;
	r->intr_info = r->presence & REBLOCK_HAS_INTR_INFO ? r->intr_info : 0;
	r->idt_vectoring = r->presence & REBLOCK_HAS_IDT_VECTORING ? r->idt_vectoring : 0;
	r->pin = r->presence & REBLOCK_HAS_PIN ? r->pin : 0;
	r->interruptibility = r->presence & REBLOCK_HAS_INTERRUPTIBILITY ? r->interruptibility : 0;
	if (!(r->presence & REBLOCK_HAS_RIP_SAME))
		r->flags &= (uint8_t)~REBLOCK_RIP_SAME;
	if (!(r->presence & REBLOCK_HAS_NMI_INJECTED))
		r->flags &= (uint8_t)~REBLOCK_NMI_INJECTED;
}

static void add(struct values *values, uint64_t value)
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

static struct values reasons_of(const struct reblock_record *exit)
{
	struct values values = { .n = 8, .is = { 0, 9, 48, 62, 66, 75, 1, 48 | 1u << 31 } };

	if (exit->presence & REBLOCK_HAS_REASON)
		values = (struct values){ .n = 1, .is = { exit->reason } };
	return values;
}

static struct values qualifications_of(const struct reblock_record *exit)
{
	struct values values = { .n = 4, .is = { 0, 0x1000, 0xc0000000, 0xc0001000 } };

	if (exit->presence & REBLOCK_HAS_QUALIFICATION)
		values = (struct values){ .n = 1, .is = { exit->qualification } };
	return values;
}

static struct values pins_of(const struct reblock_record *r)
{
	struct values values = { .n = 3, .is = { 0, 0x08, 0x28 } };

	if (r->presence & REBLOCK_HAS_PIN)
		values = (struct values){ .n = 1, .is = { r->pin } };
	return values;
}

static struct values intrs_of(const struct pair *pair)
{
	struct values values = { 0 };
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

static struct values idtvs_of(const struct pair *pair)
{
	struct values values = { 0 };

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

static bool is_nmi(uint64_t info)
{
	return (info & EVENT) == NMI;
}

/* Whether an injection is what the flags say. */
static bool as_told(const struct reblock_record *entry, uint64_t info)
{
	if ((entry->presence & REBLOCK_HAS_NMI_INJECTED) &&
	    is_nmi(info) != ((entry->flags & REBLOCK_NMI_INJECTED) != 0))
		return false;
	return !(entry->flags & REBLOCK_NO_OTHER_INJECTION) || is_nmi(info) ||
	       !(info & REBLOCK_INTR_VALID);
}

/* Any injection, as far as it matters beside INTR and IDTV. */
static struct values any_injection(uint64_t intr, uint64_t idtv)
{
	unsigned other = another(vector(intr), vector(idtv));
	struct values values = { 0 };

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

static struct values injections_of(const struct reblock_record *entry, uint64_t intr, uint64_t idtv)
{
	struct values any = any_injection(intr, idtv), values = { 0 };

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

/* Whether the guest resumes where it was: bit 1 if that can be, bit 0 if it can be elsewhere. */
static unsigned same_of(const struct pair *pair)
{
	bool both = pair->exit.presence & pair->entry.presence & REBLOCK_HAS_RIP;
	bool flag = pair->entry.presence & REBLOCK_HAS_RIP_SAME;
	unsigned by_rip = both ? 1u << (pair->exit.rip == pair->entry.rip) : 3;
	unsigned by_flag = flag ? 1u << ((pair->entry.flags & REBLOCK_RIP_SAME) != 0) : 3;

	return by_rip & by_flag ? by_rip & by_flag : 3;
}

/* All entries of the worlds whose exit is EXIT. */
static void ask_entries(const struct pair *pair, const struct reblock_record *exit,
			struct said *said)
{
	struct values injections =
		injections_of(&pair->entry, exit->intr_info, exit->idt_vectoring);
	struct values pins = pins_of(&pair->entry);
	unsigned same = same_of(pair);
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

static void ask_all(const struct pair *pair, struct said *said)
{
	struct values reasons = reasons_of(&pair->exit), intrs = intrs_of(pair);
	struct values qualifications = qualifications_of(&pair->exit), idtvs = idtvs_of(pair);
	struct values pins = pins_of(&pair->exit);
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
	struct values injections = injections_of(entry, 0, 0), pins = pins_of(entry);
	uint32_t reserved = entry->intr_info & 0x7ffff000;
	unsigned states = 3, fails = 0, bits;

	if (entry->presence & REBLOCK_HAS_INTERRUPTIBILITY)
		states = entry->interruptibility & 8 ? 2 : 1;
	for (unsigned i = 0; i < injections.n; i++)
		for (unsigned p = 0; p < pins.n; p++)
			for (unsigned blocking = 0; blocking < 2; blocking++)
				if (states >> blocking & 1)
					fails |= 1u << (is_nmi(injections.is[i]) &&
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
	struct pair pair;

	decode(&pair, at);
	hide(&pair.exit);
	hide(&pair.entry);
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
		uint8_t bytes[PAIR] = { 0 };
		size_t n = size < PAIR ? size : PAIR;

		memcpy(bytes, data, n);
		check(bytes);
		data += n;
		size -= n;
	}
	return 0;
}
