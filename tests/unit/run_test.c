/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a fuzzer's bytes mean: every byte string is a valid run, the same each time, with nothing allocated; what is
 * changed in one cell changes little; all that can be true of a record comes about; and each finding of the audit is true.
 */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <reblock/input.h>
#include <reblock/policies.h>
#include "run.h"

#define CELLS 300
#define BYTES (RUN_HEADER + CELLS * RUN_CELL)
#define RUNS 600

static struct run run, other;
static uint64_t state;
static uint64_t truths[SIM_TRUTHS], found[REBLOCK_FINDING_KINDS], assumed;
static unsigned long number; /* of the input at hand */

static unsigned below(unsigned limit)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((state >> 32) * limit >> 32);
}

/* Any bytes; but those of most cells are such that NMIs come, IRETs exit and are handled, and little else happens. */
static size_t make(uint8_t *data, unsigned long seed)
{
	size_t size = seed % 7 ? BYTES : below(BYTES);

	state = seed * 0x9e3779b97f4a7c15u + 1;
	for (size_t i = 0; i < size; i++)
		data[i] = (uint8_t)below(256);
	if (seed % 3 == 0 || size < RUN_HEADER)
		return size;
	data[RUN_VIEW] = (uint8_t)(seed / 3);
	data[RUN_HYPERVISOR] = (uint8_t)below(seed % 2 ? 3 : 27);
	memset(data + RUN_EXIT_MISSES, 0, RUN_LEFT - RUN_EXIT_MISSES);
	if (seed % 4 == 0)
		data[RUN_VNMI] = RUN_PT | RUN_PT_EVENT_TRACE | RUN_PT_IMAGE;
	for (size_t at = RUN_HEADER; at + RUN_CELL <= size; at += RUN_CELL) {
		data[at] &= 0x7f;
		data[at + 1] &= below(3) ? 0 : 0xff;
		data[at + 2] = (uint8_t)(below(2) ? 0x05 | below(16) << 4 : data[at + 2]);
		data[at + 3] &= (uint8_t)below(256);
		data[at + 4] = (uint8_t)(below(4) ? 0 : data[at + 4] & 15);
		data[at + 5] = (uint8_t)(below(2) ? SIM_COMES_NMI : data[at + 5]);
		data[at + 6] = (uint8_t)(below(4) ? 0 : data[at + 6]);
	}
	return size;
}

static void is_well_formed(const struct reblock_record *r)
{
	struct reblock_record copy = *r;

	if (!reblock_record_normalize(&copy) || memcmp(&copy, r, sizeof(copy)) != 0)
		fail_msg("input %lu: a record of kind %u, presence %#x, is not well-formed", number,
			 r->kind, r->presence);
}

/* What is seen is a part of the whole. */
static void is_part(const struct reblock_record *seen, const struct reblock_record *whole)
{
	struct reblock_record copy = *whole;

	if (seen->kind == REBLOCK_META || seen->kind == REBLOCK_LOST)
		return;
	copy.presence &= seen->presence;
	assert_int_equal(copy.presence, seen->presence);
	copy.t = seen->t;
	copy.flags |= seen->flags & REBLOCK_NO_OTHER_INJECTION;
	assert_true(reblock_record_normalize(&copy));
	copy.flags &= (uint8_t) ~(~seen->flags & REBLOCK_NO_OTHER_INJECTION);
	assert_memory_equal(&copy, seen, sizeof(copy));
}

static void every_byte_string_is_a_run(void **unused)
{
	static uint8_t data[RUN_HEADER + (RUN_CELLS_MOST + 20) * RUN_CELL];
	unsigned long records = 0;

	(void)unused;
	memset(&other, 0x5a, sizeof(other));
	for (number = 0; number < RUNS; number++) {
		size_t size = number == 5 ? sizeof(data) : make(data, number);

		run_decode(&run, data, size);
		assert_true(run.n <= RUN_RECORDS_MOST && run.cells <= RUN_CELLS_MOST);
		for (size_t i = 0; i < run.n; i++) {
			is_well_formed(&run.seen[i]);
			is_well_formed(&run.whole[i]);
			is_part(&run.seen[i], &run.whole[i]);
			assert_true(run.truth[i] < 1u << SIM_TRUTHS);
			assert_true(run.cell[i] < run.cells || run.seen[i].kind == REBLOCK_META);
			assert_true(i == 0 || run.cell[i] >= run.cell[i - 1]);
		}
		records += run.n;
		/* The same again, whatever was there before. */
		run_decode(&other, data, size);
		assert_int_equal(run.n, other.n);
		assert_memory_equal(&run.source, &other.source, sizeof(run.source));
		assert_memory_equal(&run.options, &other.options, sizeof(run.options));
		assert_int_equal(run.untrue, other.untrue);
		assert_memory_equal(run.seen, other.seen, run.n * sizeof(run.seen[0]));
		assert_memory_equal(run.whole, other.whole, run.n * sizeof(run.whole[0]));
		assert_memory_equal(run.truth, other.truth, run.n * sizeof(run.truth[0]));
		memset(&other, (int)below(256), 4096);
	}
	run_decode(&run, NULL, 0);
	assert_int_equal(run.cells, 0);
	print_message("%lu records of %d inputs\n", records, RUNS);
}

/* Bytes that are missing are 0. */
static void an_end_is_zeros(void **unused)
{
	static uint8_t data[BYTES + RUN_CELL];

	(void)unused;
	for (number = 0; number < RUNS / 4; number++) {
		size_t size = make(data, number), left = below((unsigned)size + 1),
		       full = RUN_HEADER;

		memset(data + left, 0, sizeof(data) - left);
		while (full < left)
			full += RUN_CELL;
		run_decode(&run, data, full);
		/* What is behind the end must not be read. */
		memset(data + left, 0xff, sizeof(data) - left);
		run_decode(&other, data, left);
		assert_int_equal(run.cells, other.cells);
		assert_int_equal(run.n, other.n);
		assert_memory_equal(run.whole, other.whole, run.n * sizeof(run.whole[0]));
		assert_memory_equal(run.seen, other.seen, run.n * sizeof(run.seen[0]));
	}
}

static void nothing_is_allocated(void **unused)
{
	uint8_t data[BYTES];
	struct mallinfo2 before = mallinfo2();

	(void)unused;
	for (number = 0; number < 50; number++)
		run_decode(&run, data, make(data, number));
	assert_int_equal(mallinfo2().uordblks, before.uordblks);
}

/* The records of one cell, from *AT on; times, numbers and CPUs follow from how many came before. */
static bool same_cell(size_t *at, size_t *other_at, size_t cell, int shift)
{
	bool same = true;

	while (*at < run.n && run.cell[*at] <= cell && *other_at < other.n &&
	       other.cell[*other_at] <= cell + (size_t)shift) {
		struct reblock_record a = run.seen[(*at)++], b = other.seen[(*other_at)++];

		a.t = b.t = 0;
		a.seq = b.seq = a.cpu = b.cpu = 0;
		same = same && memcmp(&a, &b, sizeof(a)) == 0;
	}
	while (*at < run.n && run.cell[*at] <= cell) {
		(*at)++;
		same = false;
	}
	while (*other_at < other.n && other.cell[*other_at] <= cell + (size_t)shift) {
		(*other_at)++;
		same = false;
	}
	return same;
}

static int by_size(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* How many cells after CELL give other records in OTHER than in RUN, which must not differ before. */
static int changed_after(size_t cell, int shift)
{
	size_t at = 0, other_at = 0;
	int changed = 0;

	while (at < run.n && run.cell[at] < cell)
		at++;
	while (other_at < other.n && other.cell[other_at] < cell)
		other_at++;
	assert_int_equal(at, other_at);
	assert_memory_equal(run.seen, other.seen, at * sizeof(run.seen[0]));
	assert_memory_equal(run.truth, other.truth, at * sizeof(run.truth[0]));
	if (shift) /* the cell that is there in one of them only */
		while (other_at < other.n && other.cell[other_at] == cell)
			other_at++;
	for (size_t i = cell; i < run.cells; i++)
		changed += !same_cell(&at, &other_at, i, shift);
	return changed;
}

/* One byte of a cell changed (INSERT: a cell put in). */
static int median_change(bool insert, int *tenth)
{
	static int changes[RUNS];
	uint8_t data[BYTES + RUN_CELL];
	int n = 0;

	for (number = 1; n < RUNS; number++) {
		size_t size, cell, at;

		if (number % 3 == 0)
			continue;
		size = make(data, number);
		if (size < BYTES)
			continue;
		run_decode(&run, data, size);
		cell = 5 + below(CELLS / 2);
		at = RUN_HEADER + cell * RUN_CELL;
		if (insert) {
			memmove(data + at + RUN_CELL, data + at, size - at);
			for (unsigned i = 0; i < RUN_CELL; i++)
				data[at + i] = (uint8_t)(below(4) ? 0 : below(256));
			size += RUN_CELL;
		} else {
			data[at + below(RUN_CELL)] ^= (uint8_t)(1u << below(8));
		}
		run_decode(&other, data, size);
		changes[n++] = changed_after(cell, insert);
	}
	qsort(changes, (size_t)n, sizeof(changes[0]), by_size);
	*tenth = changes[n * 9 / 10];
	return changes[n / 2];
}

static void small_changes_stay_small(void **unused)
{
	int tenth, median;

	(void)unused;
	median = median_change(false, &tenth);
	print_message("one bit of a cell: %d cells change in the median, %d in one of ten\n",
		      median, tenth);
	assert_true(median <= 4 && tenth > 0);
	median = median_change(true, &tenth);
	print_message("a cell more: %d others change in the median, %d in one of ten\n", median,
		      tenth);
	assert_true(median <= 4);
}

static int on_finding(void *context, const struct reblock_finding *f)
{
	(void)context;
	switch (run_standing_of(&run, f)) {
	case RUN_TRUE:
		found[f->kind]++;
		break;
	case RUN_ASSUMED:
		assumed++;
		break;
	default:
		fail_msg("input %lu, view \"%s\": not true: %s at record %llu: %s", number,
			 run.sim.config.view.name, reblock_finding_name(f->kind),
			 (unsigned long long)f->records[f->n_records - 1], f->why);
	}
	return 0;
}

static void audit(void)
{
	struct reblock_audit_options options = run.options;
	struct reblock_audit *audit;

	options.finding = on_finding;
	audit = reblock_audit_new(&run.source, &options);
	assert_non_null(audit);
	assert_int_equal(reblock_audit_feed(audit, 0, run.seen, run.n), 0);
	assert_int_equal(reblock_audit_finish(audit), 0);
	reblock_audit_free(audit);
	for (size_t i = 0; i < run.n; i++)
		for (unsigned bit = 0; bit < SIM_TRUTHS; bit++)
			truths[bit] += run.truth[i] >> bit & 1;
}

/* An NMI, and an IRET whose exit is never serviced. */
static size_t livelock(uint8_t *data)
{
	static const uint8_t nmi[RUN_CELL] = { [5] = SIM_COMES_NMI };
	static const uint8_t iret[RUN_CELL] = {
		[2] = SIM_CLASS_IRET, [4] = SIM_NEVER_SERVICES | 0xf0
	};

	memset(data, 0, RUN_HEADER);
	data[RUN_HYPERVISOR] = 1;
	memcpy(data + RUN_HEADER, nmi, RUN_CELL);
	for (unsigned i = 0; i < 2; i++)
		memcpy(data + RUN_HEADER + (1 + i) * RUN_CELL, iret, RUN_CELL);
	return RUN_HEADER + 3 * RUN_CELL;
}

static void all_comes_about_and_is_true(void **unused)
{
	uint8_t data[BYTES];

	(void)unused;
	run_decode(&run, data, livelock(data));
	audit();
	assert_int_equal(found[REBLOCK_IRET_LIVELOCK], 1);
	for (number = 0; number < 3 * RUNS; number++) {
		run_decode(&run, data, make(data, number));
		audit();
	}
	for (unsigned bit = 0; bit < SIM_TRUTHS; bit++)
		if (!truths[bit])
			fail_msg("nothing has truth bit %u", bit);
	for (unsigned kind = 0; kind < REBLOCK_FINDING_KINDS; kind++) {
		print_message("%s %llu, ", reblock_finding_name((enum reblock_finding_kind)kind),
			      (unsigned long long)found[kind]);
		if (!found[kind])
			fail_msg("%s is never found",
				 reblock_finding_name((enum reblock_finding_kind)kind));
	}
	print_message("%llu with an assumption that does not hold\n", (unsigned long long)assumed);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_byte_string_is_a_run),
					    cmocka_unit_test(an_end_is_zeros),
					    cmocka_unit_test(nothing_is_allocated),
					    cmocka_unit_test(small_changes_stay_small),
					    cmocka_unit_test(all_comes_about_and_is_true) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
