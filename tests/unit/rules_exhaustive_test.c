/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The rules against their second statement, for every combination of the inputs they depend on.
 *
 * A world is a combination in which every field has a value; the text table says which row is
 * right in it. An observation is what a record shows of worlds: any field may be absent.
 * For each observation the rows that the model calls possible must hold every row of a world
 * that looks like it (one less would be a wrong finding), and where all these worlds have the same
 * row the model must say so (else it is a needless "unknown").
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <reblock/rules.h>
#include "rules_table.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const uint32_t reasons[] = {
	0, 48, 62, 66, 75, 44, 49, 9, 8, 1, 48 | 1u << 31, 48 | 1u << 26
};
static const uint32_t intrs[] = { 0,          0x0000130e, 0x80000b0e, 0x80001b0e, 0x80000b08,
				  0x80001b08, 0x80000202, 0x80001202, 0x80000603, 0x80001031 };
static const uint64_t qualifications[] = { 0, 0x1000, 0xc0000000, 0xc0001000 };
static const uint32_t idtvs[] = { 0, 0x202, 0x80000202, 0x80001202, 0x80000031, 0x80000b0e };
static const uint16_t pins[] = { 0, 0x08, 0x28, 0x20 };
static const uint32_t injections[] = { 0,          0x202,      0x80000202, 0x80000031,
				       0x80000032, 0x80000b0e, 0x8000030e, 0x80000b0d,
				       0x80000603, 0x80000501, 0x80000480, 0x80000700 };

enum axis { REASON, INTR, QUAL, IDTV, PIN, INJECTION, ENTRY_PIN, RIP, AXES };
static const size_t worlds[AXES] = { COUNT(reasons),        COUNT(intrs),
				     COUNT(qualifications), COUNT(idtvs),
				     COUNT(pins),           COUNT(injections),
				     COUNT(pins),           2 };

/*
 * Observations of the injection: the field (absent, or a value), whether it is an NMI (absent, 0, 1), and
 * whether it is known that nothing else is injected.
 */
#define N_FIELD (COUNT(injections) + 1)
#define N_INJECTION (N_FIELD * 3 * 2)
/* Of the RIP: the flag (absent, 0, 1) and both RIPs (absent ones, equal, different). */
#define N_RIP (3 * 5)
static const size_t observed[AXES] = { COUNT(reasons) + 1,        COUNT(intrs) + 1,
				       COUNT(qualifications) + 1, COUNT(idtvs) + 1,
				       COUNT(pins) + 1,           N_INJECTION,
				       COUNT(pins) + 1,           N_RIP };

/* Rows of the table that some world has met. */
static unsigned rows_met;

/* The row that the table gives for a world. */
static unsigned table_row(const size_t w[AXES], unsigned between)
{
	struct reblock_record exit = { .reason = reasons[w[REASON]],
				       .intr_info = intrs[w[INTR]],
				       .qualification = qualifications[w[QUAL]],
				       .idt_vectoring = idtvs[w[IDTV]],
				       .pin = pins[w[PIN]] };
	struct reblock_record entry = { .intr_info = injections[w[INJECTION]],
					.pin = pins[w[ENTRY_PIN]],
					.flags = w[RIP] ? REBLOCK_RIP_SAME : 0 };
	struct rules_exit said;
	unsigned row;

	rules_table_exit(&exit, &said);
	row = rules_table_row(&said, &entry, between != 0);
	rows_met |= 1u << row;
	return row;
}

/* Bit i: world value i of that axis looks like observation O. */
static unsigned looks_like(enum axis axis, size_t o)
{
	unsigned all = (1u << worlds[axis]) - 1;
	unsigned set = 0;
	size_t i;

	if (axis == INJECTION) {
		size_t field = o % N_FIELD;
		size_t flag = o / N_FIELD % 3;
		int no_other = o / N_FIELD / 3 == 1;

		for (i = 0; i < worlds[axis]; i++) {
			int nmi = injections[i] == 0x80000202;

			if ((field == COUNT(injections) || field == i) &&
			    (flag == 2 || (int)flag == nmi) &&
			    (!no_other || nmi || injections[i] >> 31 == 0))
				set |= 1u << i;
		}
		return set ? set : all; /* they contradict each other: none is believed */
	}
	if (axis == RIP) {
		unsigned by_flag = o % 3 == 2 ? 3 : 1u << o % 3;
		unsigned by_rips = o / 3 == 0 ? 1 : o / 3 == 1 ? 2 : 3;

		return by_flag & by_rips ? by_flag & by_rips : 3;
	}
	return o == worlds[axis] ? all : 1u << o;
}

/* Replaces the world values of one axis by its observations, each the union of what looks like it. */
static uint16_t *expand(uint16_t *in, size_t outer, enum axis axis, size_t inner)
{
	uint16_t *out = calloc(outer * observed[axis] * inner, sizeof(*out));
	size_t a;
	size_t o;
	size_t i;
	size_t k;

	assert_non_null(out);
	for (o = 0; o < observed[axis]; o++) {
		unsigned set = looks_like(axis, o);

		for (a = 0; a < outer; a++)
			for (i = 0; i < worlds[axis]; i++)
				for (k = 0; set >> i & 1 && k < inner; k++)
					out[(a * observed[axis] + o) * inner + k] |=
						in[(a * worlds[axis] + i) * inner + k];
	}
	free(in);
	return out;
}

/* The possible rows of every observation, by the table alone. */
static uint16_t *rows_by_table(unsigned between)
{
	size_t n = 1;
	size_t i;
	size_t w[AXES];
	uint16_t *rows;
	int axis;

	for (axis = 0; axis < AXES; axis++)
		n *= worlds[axis];
	rows = calloc(n, sizeof(*rows));
	assert_non_null(rows);
	for (i = 0; i < n; i++) {
		size_t rest = i;

		for (axis = AXES - 1; axis >= 0; axis--) {
			w[axis] = rest % worlds[axis];
			rest /= worlds[axis];
		}
		rows[i] = (uint16_t)(1u << table_row(w, between));
	}
	for (axis = 0; axis < AXES; axis++) {
		size_t outer = 1;
		size_t inner = 1;
		int other;

		for (other = 0; other < axis; other++)
			outer *= observed[other];
		for (other = axis + 1; other < AXES; other++)
			inner *= worlds[other];
		rows = expand(rows, outer, (enum axis)axis, inner);
	}
	return rows;
}

/*
 * All of them take a minute: each is tried with RULES_ALL=1 in the environment, else every 17th (no number of values has that
 * factor). The sanitizers make each case ten times slower, and look for something else.
 */
#if defined(__SANITIZE_ADDRESS__)
#define STEP 289
#else
#define STEP 17
#endif
static size_t step = STEP;
static size_t met; /* goes on from exit to exit, so that each meets others */

#define SET(r, member, bit, list, o) \
	do { \
		(r)->presence &= (uint16_t)(~(bit)); \
		(r)->member = 0; \
		if ((o) < COUNT(list)) { \
			(r)->member = (list)[o]; \
			(r)->presence |= (bit); \
		} \
	} while (0)

static void set_flag(struct reblock_record *r, unsigned bit, unsigned flag, size_t value)
{
	r->presence &= (uint16_t)~bit;
	r->flags &= (uint8_t)~flag;
	if (value < 2) {
		r->presence |= (uint16_t)bit;
		r->flags |= (uint8_t)(value ? flag : 0);
	}
}

static void set_injection(struct reblock_record *entry, size_t o)
{
	SET(entry, intr_info, REBLOCK_HAS_INTR_INFO, injections, o % N_FIELD);
	set_flag(entry, REBLOCK_HAS_NMI_INJECTED, REBLOCK_NMI_INJECTED, o / N_FIELD % 3);
	set_flag(entry, 0, REBLOCK_NO_OTHER_INJECTION, o / N_FIELD / 3);
}

static void set_rip(struct reblock_record *exit, struct reblock_record *entry, size_t o)
{
	static const uint64_t at_exit[] = { 0x1000, 0x1000, 0x1000, 0, 0 };
	static const uint64_t at_entry[] = { 0x2000, 0x1000, 0, 0x1000, 0 };

	set_flag(entry, REBLOCK_HAS_RIP_SAME, REBLOCK_RIP_SAME, o % 3);
	exit->rip = at_exit[o / 3];
	entry->rip = at_entry[o / 3];
	exit->presence =
		(uint16_t)((exit->presence & ~REBLOCK_HAS_RIP) | (exit->rip ? REBLOCK_HAS_RIP : 0));
	entry->presence = (uint16_t)((entry->presence & ~REBLOCK_HAS_RIP) |
				     (entry->rip ? REBLOCK_HAS_RIP : 0));
}

static void disagree(const struct reblock_record *exit, const struct reblock_record *entry,
		     unsigned between, unsigned model, unsigned table)
{
	fail_msg(
		"exit: presence %#x reason %#x intr_info %#x qualification %#llx idt_vectoring %#x pin %#x; "
		"entry: presence %#x intr_info %#x pin %#x flags %#x; between %#x: "
		"the model has rows %#x, the table %#x",
		exit->presence, exit->reason, exit->intr_info,
		(unsigned long long)exit->qualification, exit->idt_vectoring, exit->pin,
		entry->presence, entry->intr_info, entry->pin, entry->flags, between, model, table);
}

/*
 * What lies in between: BETWEEN itself, or for ANY_OPERATION each of the operations in turn, so that
 * all of them meet every value of every input without six times the cases.
 */
#define ANY_OPERATION 0x8000u
static unsigned operation(unsigned between, unsigned turn)
{
	return between == ANY_OPERATION ? 1u << turn % 6 : between;
}

/* What all rows of a set ask for, by the table. */
static unsigned must_of(unsigned rows)
{
	unsigned first = (unsigned)__builtin_ctz(rows), row;

	for (row = first + 1; row <= 12; row++)
		if (rows >> row & 1 && rules_table_must(row) != rules_table_must(first))
			return REBLOCK_MUST_UNKNOWN;
	return rules_table_must(first);
}

_Static_assert((int)TABLE_0 == REBLOCK_MUST_BE_0 && (int)TABLE_1 == REBLOCK_MUST_BE_1 &&
		       (int)TABLE_UNCHANGED == REBLOCK_MUST_NOT_CHANGE,
	       "the model's numbers");

/* The row of a set that has just one, else 0. */
static unsigned single_row(unsigned rows)
{
	return rows & (rows - 1) ? 0 : (unsigned)__builtin_ctz(rows);
}

/* All entries for one exit; ROWS is the table's answer for them. */
static size_t check_entries(struct reblock_record *exit, unsigned between, const uint16_t *rows)
{
	static unsigned turn;
	struct reblock_record entry = { .kind = REBLOCK_ENTRY };
	struct reblock_unblock unblock;
	struct reblock_verdict verdict;
	size_t n = 0;
	size_t o[AXES];

	for (o[INJECTION] = 0; o[INJECTION] < observed[INJECTION]; o[INJECTION]++) {
		set_injection(&entry, o[INJECTION]);
		for (o[ENTRY_PIN] = 0; o[ENTRY_PIN] < observed[ENTRY_PIN]; o[ENTRY_PIN]++) {
			SET(&entry, pin, REBLOCK_HAS_PIN, pins, o[ENTRY_PIN]);
			for (o[RIP] = 0; o[RIP] < observed[RIP]; o[RIP]++) {
				if (met++ % step) {
					n++;
					continue;
				}
				set_rip(exit, &entry, o[RIP]);
				reblock_unblock_of(exit, &unblock);
				reblock_rules(exit, &unblock,
					      between ? operation(between, turn++) : 0, &entry,
					      &verdict);
				if ((rows[n] & ~verdict.rows) ||
				    verdict.row != single_row(rows[n]) ||
				    (verdict.must && verdict.must != must_of(rows[n])))
					disagree(exit, &entry, between, verdict.rows, rows[n]);
				n++;
			}
		}
	}
	return n;
}

_Static_assert(REBLOCK_BETWEEN_L2_UNKNOWN == 1 << 5, "six operations");

static size_t check_all(unsigned between)
{
	uint16_t *rows = rows_by_table(between);
	struct reblock_record exit = { .kind = REBLOCK_EXIT };
	size_t n = 0;
	size_t o[AXES];

	for (o[REASON] = 0; o[REASON] < observed[REASON]; o[REASON]++) {
		SET(&exit, reason, REBLOCK_HAS_REASON, reasons, o[REASON]);
		for (o[INTR] = 0; o[INTR] < observed[INTR]; o[INTR]++) {
			SET(&exit, intr_info, REBLOCK_HAS_INTR_INFO, intrs, o[INTR]);
			for (o[QUAL] = 0; o[QUAL] < observed[QUAL]; o[QUAL]++) {
				SET(&exit, qualification, REBLOCK_HAS_QUALIFICATION, qualifications,
				    o[QUAL]);
				for (o[IDTV] = 0; o[IDTV] < observed[IDTV]; o[IDTV]++) {
					SET(&exit, idt_vectoring, REBLOCK_HAS_IDT_VECTORING, idtvs,
					    o[IDTV]);
					for (o[PIN] = 0; o[PIN] < observed[PIN]; o[PIN]++) {
						SET(&exit, pin, REBLOCK_HAS_PIN, pins, o[PIN]);
						n += check_entries(&exit, between, rows + n);
					}
				}
			}
		}
	}
	free(rows);
	return n;
}

static void every_combination(void **state)
{
	size_t n;

	(void)state;
	if (getenv("RULES_ALL"))
		step = 1;
	n = check_all(0) + check_all(ANY_OPERATION);
	print_message(
		"%zu cases, absent inputs included: the model and the table agree on every %zu. of them\n",
		n, step);
}

/* What each row requires; runs after every row of the table has been met. */
static void every_requirement(void **state)
{
	unsigned row;

	(void)state;
	for (row = 1; row <= 12; row++) {
		assert_true(rows_met >> row & 1);
		assert_int_equal(reblock_row_must(row), rules_table_must(row));
		assert_non_null(reblock_row_text(row));
	}
	assert_int_equal(reblock_row_must(0), REBLOCK_MUST_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_combination),
					    cmocka_unit_test(every_requirement) };

	rules_table_read();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
