/* SPDX-License-Identifier: BSD-2-Clause */
/* The mutator of runs: each operation does what its name says and nothing else, in the room there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "fuzz.h"
#include "mutator/mutator.h"
#include "mutator/trim.h"

#define ROUNDS 20000
#define CELLS 40 /* of the longest run here */
#define GUARD 0x5a

void *afl_custom_init(void *afl, unsigned seed);
size_t afl_custom_fuzz(void *data, uint8_t *buffer, size_t size, uint8_t **out, uint8_t *other,
		       size_t other_size, size_t most);
const char *afl_custom_describe(void *data, size_t most);
int32_t afl_custom_init_trim(void *data, uint8_t *buffer, size_t size);
size_t afl_custom_trim(void *data, uint8_t **out);
int32_t afl_custom_post_trim(void *data, uint8_t success);
void afl_custom_deinit(void *data);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
				 size_t size2, uint8_t *out, size_t most, unsigned seed);

/* What libFuzzer has itself. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size)
{
	assert_true(size <= max_size);
	if (size != 0)
		data[0] ^= 1;
	return size;
}

/* A run whose cells can be told apart, also from those of another MARK. */
struct sample {
	size_t cells;
	uint8_t data[RUN_HEADER + CELLS * RUN_CELL];
};

static size_t size_of(const struct sample *sample)
{
	return RUN_HEADER + sample->cells * RUN_CELL;
}

static void make(struct sample *sample, struct mutator *random, uint8_t mark)
{
	sample->cells = mutator_below(random, CELLS + 1);
	for (size_t i = 0; i < sizeof(sample->data); i++)
		sample->data[i] = (uint8_t)mutator_below(random, 256);
	for (size_t i = 0; i < sample->cells; i++) {
		sample->data[RUN_HEADER + i * RUN_CELL] = mark;
		sample->data[RUN_HEADER + i * RUN_CELL + 1] = (uint8_t)i;
	}
}

static size_t cells_of(const struct mutator_run *run)
{
	assert_int_equal((run->size - RUN_HEADER) % RUN_CELL, 0);
	return (run->size - RUN_HEADER) / RUN_CELL;
}

static bool same_cells(const uint8_t *a, size_t i, const uint8_t *b, size_t j, size_t n)
{
	return memcmp(a + RUN_HEADER + i * RUN_CELL, b + RUN_HEADER + j * RUN_CELL, n * RUN_CELL) ==
	       0;
}

static size_t bytes_differing(const uint8_t *a, const uint8_t *b, size_t n)
{
	size_t differing = 0;

	for (size_t i = 0; i < n; i++)
		differing += a[i] != b[i];
	return differing;
}

/* Where SHORT becomes LONG by a block being put in; its place goes to *AT. */
static bool is_put_in(const uint8_t *shorter, size_t n, const uint8_t *longer, size_t m, size_t *at)
{
	if (m <= n)
		return false;
	for (*at = 0; *at <= n; ++*at) {
		if (same_cells(shorter, 0, longer, 0, *at) &&
		    same_cells(shorter, *at, longer, *at + m - n, n - *at))
			return true;
	}
	return false;
}

static bool is_in(const uint8_t *block, size_t at, size_t some, const uint8_t *data, size_t n)
{
	for (size_t i = 0; i + some <= n; i++) {
		if (same_cells(block, at, data, i, some))
			return true;
	}
	return false;
}

/* A block of the run is there several times in a row: MORE cells before AT repeat what follows them. */
static bool repeats(const struct mutator_run *run, const struct sample *a, size_t more)
{
	for (size_t at = 0; at < a->cells; at++) {
		for (size_t p = 1; p <= more && at + p <= a->cells; p++) {
			if (more % p == 0 && same_cells(run->data, 0, a->data, 0, at) &&
			    same_cells(run->data, at, run->data, at + p, more) &&
			    same_cells(run->data, at + more, a->data, at, a->cells - at))
				return true;
		}
	}
	return false;
}

static bool has_same_cells(const uint8_t *a, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (!is_in(a, i, 1, b, n))
			return false;
	}
	return true;
}

static bool is_spliced(const struct mutator_run *run, const struct sample *a,
		       const struct sample *b)
{
	size_t n = cells_of(run);

	for (size_t keep = 1; keep < n && keep <= a->cells; keep++) {
		if (same_cells(run->data, 0, a->data, 0, keep) &&
		    is_in(run->data, keep, n - keep, b->data, b->cells))
			return true;
	}
	return false;
}

/* A's cells in their order, and between them some of B's that follow on each other. */
static bool is_mixed(const struct mutator_run *run, const struct sample *a, const struct sample *b)
{
	size_t of_a = 0, of_b = 0, first = 0;

	for (size_t i = 0; i < cells_of(run); i++) {
		if (of_a < a->cells && same_cells(run->data, i, a->data, of_a, 1)) {
			of_a++;
			continue;
		}
		if (of_b == 0) {
			while (first < b->cells && !same_cells(run->data, i, b->data, first, 1))
				first++;
		}
		if (first + of_b >= b->cells || !same_cells(run->data, i, b->data, first + of_b, 1))
			return false;
		of_b++;
	}
	return of_a == a->cells && of_b != 0;
}

static void check(enum mutator_operation operation, const struct mutator_run *run,
		  const struct sample *a, const struct sample *b)
{
	size_t n = a->cells, m = cells_of(run), at;
	const uint8_t *cells = run->data + RUN_HEADER;

	if (operation != MUTATOR_HEADER_FIELD && operation != MUTATOR_ADOPT &&
	    operation != MUTATOR_HOST && operation != MUTATOR_FRESH)
		assert_memory_equal(run->data, a->data, RUN_HEADER);
	switch (operation) {
	case MUTATOR_CELL_FIELD:
	case MUTATOR_TAKE_FIELD:
		assert_int_equal(m, n);
		assert_int_equal(bytes_differing(cells, a->data + RUN_HEADER, n * RUN_CELL), 1);
		break;
	case MUTATOR_HEADER_FIELD:
		assert_int_equal(m, n);
		assert_int_equal(bytes_differing(run->data, a->data, RUN_HEADER), 1);
		assert_true(same_cells(run->data, 0, a->data, 0, n));
		break;
	case MUTATOR_INSERT:
		assert_int_equal(m, n + 1);
		assert_true(is_put_in(a->data, n, run->data, m, &at));
		break;
	case MUTATOR_DELETE:
		assert_true(m >= 1);
		assert_true(is_put_in(run->data, m, a->data, n, &at));
		break;
	case MUTATOR_SWAP:
		assert_int_equal(m, n);
		assert_true(has_same_cells(a->data, run->data, n));
		assert_false(same_cells(a->data, 0, run->data, 0, n));
		break;
	case MUTATOR_REPEAT:
		assert_true(m > n && repeats(run, a, m - n));
		break;
	case MUTATOR_COPY:
		assert_int_equal(m, n);
		assert_false(same_cells(a->data, 0, run->data, 0, n));
		for (size_t i = 0; i < m; i++)
			assert_true(is_in(run->data, i, 1, a->data, n));
		break;
	case MUTATOR_SPLICE:
		assert_true(is_spliced(run, a, b));
		break;
	case MUTATOR_GRAFT:
		assert_true(is_put_in(a->data, n, run->data, m, &at));
		assert_true(is_in(run->data, at, m - n, b->data, b->cells));
		break;
	case MUTATOR_MIX:
		assert_true(is_mixed(run, a, b));
		break;
	case MUTATOR_ADOPT:
		assert_int_equal(m, n);
		assert_memory_equal(run->data, b->data, RUN_HEADER);
		assert_true(same_cells(run->data, 0, a->data, 0, n));
		break;
	case MUTATOR_HOST:
		assert_int_equal(m, n);
		assert_true(same_cells(run->data, 0, a->data, 0, n));
		break;
	case MUTATOR_BUSY:
		assert_true(m == n || is_put_in(a->data, n, run->data, m, &at));
		break;
	case MUTATOR_FRESH:
		assert_true(m >= 1 && m <= MUTATOR_CELLS_USUAL);
		assert_int_equal(run->size, RUN_HEADER + m * RUN_CELL);
		break;
	case MUTATOR_OPERATIONS:
		fail();
	}
}

static void operations(void **state)
{
	static uint8_t data[RUN_HEADER + 2 * CELLS * RUN_CELL + 1];
	unsigned done[MUTATOR_OPERATIONS] = { 0 };
	struct mutator random, mutator;
	struct sample a, b;

	(void)state;
	mutator_seed(&random, 1);
	for (unsigned i = 0; i < ROUNDS; i++) {
		enum mutator_operation operation = (enum mutator_operation)(i % MUTATOR_OPERATIONS);
		struct mutator_run run = { .data = data };

		make(&a, &random, 1);
		make(&b, &random, 2);
		mutator_seed(&mutator, i);
		run.size = size_of(&a);
		/* From no room at all to as much again. */
		run.most = run.size + mutator_below(&random, CELLS * RUN_CELL);
		if (run.most < RUN_HEADER + RUN_CELL)
			run.most = RUN_HEADER + RUN_CELL;
		memset(data, GUARD, sizeof(data));
		memcpy(data, a.data, run.size);
		if (!mutator_do(&mutator, operation, &run, b.data, size_of(&b))) {
			assert_int_equal(run.size, size_of(&a));
			assert_memory_equal(data, a.data, run.size);
			continue;
		}
		done[operation]++;
		assert_true(run.size <= run.most);
		for (size_t at = run.most; at < sizeof(data); at++)
			assert_int_equal(data[at], GUARD);
		check(operation, &run, &a, &b);
	}
	for (unsigned i = 0; i < MUTATOR_OPERATIONS; i++)
		assert_true(done[i] > ROUNDS / MUTATOR_OPERATIONS / 2);
}

/* Any bytes, also none and half a cell, in any room; the same seed gives the same. */
static void any_input(void **state)
{
	static uint8_t data[4096], again[4096], other[600];
	unsigned done[MUTATOR_OPERATIONS] = { 0 }, changed = 0;
	struct mutator random, mutator, second;

	(void)state;
	mutator_seed(&random, 2);
	for (unsigned i = 0; i < ROUNDS; i++) {
		size_t most = mutator_below(&random, 1200),
		       size = mutator_below(&random, most + 20);
		size_t other_size = mutator_below(&random, sizeof(other)), result;
		const uint8_t *given = i % 4 == 0 ? NULL : other;

		memset(data, GUARD, sizeof(data));
		for (size_t at = 0; at < size; at++)
			data[at] = (uint8_t)mutator_below(&random, 256);
		memcpy(again, data, sizeof(data));
		mutator_seed(&mutator, i);
		mutator_seed(&second, i);
		result = mutator_change(&mutator, data, size, most, given, other_size);
		assert_true(result <= most);
		for (size_t at = most > size ? most : size; at < sizeof(data); at++)
			assert_int_equal(data[at], GUARD);
		if (most >= RUN_HEADER + RUN_CELL) {
			assert_true(mutator.n >= 1 && mutator.n <= MUTATOR_CHANGES_MOST);
			assert_true(result >= RUN_HEADER);
			changed += result != size || memcmp(data, again, size) != 0;
		}
		for (unsigned k = 0; k < mutator.n; k++)
			done[mutator.done[k]]++;
		assert_int_equal(mutator_change(&second, again, size, most, given, other_size),
				 result);
		assert_memory_equal(data, again, result);
	}
	assert_true(changed > ROUNDS * 9 / 10);
	for (unsigned i = 0; i < MUTATOR_OPERATIONS; i++)
		assert_true(done[i] != 0);
}

/* Out of next to nothing comes a run in which something happens. */
static void begins_afresh(void **state)
{
	uint8_t data[RUN_HEADER + 40 * RUN_CELL];
	struct mutator mutator;
	size_t cells = 0;

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		size_t size, said = 0;

		memset(data, GUARD, sizeof(data));
		mutator_seed(&mutator, i);
		size = mutator_change(&mutator, data, i % 20, sizeof(data), NULL, 0);
		assert_int_equal(mutator.n, 1);
		assert_int_equal(mutator.done[0], MUTATOR_FRESH);
		assert_true(size > RUN_HEADER && (size - RUN_HEADER) % RUN_CELL == 0);
		for (size_t at = RUN_HEADER; at < size; at++)
			said += data[at] != 0;
		assert_true(said != 0);
		cells += (size - RUN_HEADER) / RUN_CELL;
	}
	assert_true(cells > 500 && cells < 3000);
}

/* A fuzzer's time goes by the turn: what has grown long does so for the sake of the few things that take it. */
static void stays_short(void **state)
{
	static uint8_t data[MUTATOR_SIZE_MOST];
	size_t usual = RUN_HEADER + MUTATOR_CELLS_USUAL * RUN_CELL, size, many = 0;
	struct mutator mutator;

	(void)state;
	mutator_seed(&mutator, 3);
	for (unsigned i = 0; i < ROUNDS; i++) {
		memset(data, 0, sizeof(data));
		size = mutator_change(&mutator, data, usual - 5 * RUN_CELL, sizeof(data), NULL, 0);
		many += size > usual;
	}
	assert_true(many != 0 && many < ROUNDS / 100);
	/* One that is long already may stay so. */
	many = 0;
	for (unsigned i = 0; i < 100; i++) {
		size = mutator_change(&mutator, data, 4 * usual, sizeof(data), NULL, 0);
		assert_true(size <= sizeof(data));
		many += size > usual;
	}
	assert_true(many > 40);
}

static void described(void **state)
{
	struct mutator mutator = { .n = 3,
				   .done = { MUTATOR_INSERT, MUTATOR_SPLICE, MUTATOR_CELL_FIELD } };
	char text[64], small[10];

	(void)state;
	mutator_describe(&mutator, text, sizeof(text));
	assert_string_equal(text, "insert+splice+field");
	mutator_describe(&mutator, small, sizeof(small));
	assert_string_equal(small, "insert+sp");
}

/* Whether the run has a cell that begins with FIRST, and later one that begins with SECOND. */
static bool has_both(const uint8_t *data, size_t size, uint8_t first, uint8_t second)
{
	bool seen = false;

	for (size_t at = RUN_HEADER; at + RUN_CELL <= size; at += RUN_CELL) {
		if (seen && data[at] == second)
			return true;
		seen |= data[at] == first;
	}
	return false;
}

static void trims(void **state)
{
	static uint8_t data[RUN_HEADER + 500 * RUN_CELL];
	static struct trim trim;
	unsigned steps = 0;
	bool more;

	(void)state;
	memset(data, 1, sizeof(data));
	data[RUN_HEADER + 100 * RUN_CELL] = 7;
	data[RUN_HEADER + 433 * RUN_CELL] = 8;
	more = trim_start(&trim, data, sizeof(data));
	while (more) {
		size_t size;
		const uint8_t *candidate = trim_candidate(&trim, &size);

		steps++;
		more = trim_judge(&trim, has_both(candidate, size, 7, 8));
	}
	assert_memory_equal(trim.best, data, RUN_HEADER);
	assert_true(has_both(trim.best, trim.size, 7, 8));
	/* Blocks of a 16th of the run are the smallest. */
	assert_true(trim.size <= RUN_HEADER + (size_t)2 * (500 / TRIM_PARTS) * RUN_CELL);
	assert_true(steps < 300);
}

/* A short run becomes as short as can be, and what is not needed in it plain. */
static void trims_all(void **state)
{
	static uint8_t data[RUN_HEADER + 20 * RUN_CELL], least[RUN_HEADER + 3 * RUN_CELL];
	static struct trim trim;
	bool more;

	(void)state;
	memset(data, 3, sizeof(data));
	data[RUN_HEADER + 11 * RUN_CELL] = 7;
	more = trim_start(&trim, data, sizeof(data));
	while (more) {
		size_t size;
		const uint8_t *candidate = trim_candidate(&trim, &size);
		bool same = size >= sizeof(least);

		/* Three cells, and the 7 in one of them. */
		more = trim_judge(&trim, same && memchr(candidate + RUN_HEADER, 7,
							size - RUN_HEADER) != NULL);
	}
	assert_int_equal(trim.size, sizeof(least));
	for (size_t at = RUN_HEADER; at < trim.size; at += RUN_CELL)
		assert_int_equal(trim.best[at + 1], trim.best[at] == 7 ? 3 : 0);
	/* Whatever is tried does: one cell stays, and is plain. */
	more = trim_start(&trim, data, sizeof(data));
	while (more)
		more = trim_judge(&trim, true);
	assert_int_equal(trim.size, RUN_HEADER + RUN_CELL);
	assert_int_equal(trim.best[RUN_HEADER], 0);
	assert_false(trim_start(&trim, data, RUN_HEADER));
	assert_false(trim_start(&trim, data, 3));
}

static void as_afl_calls_it(void **state)
{
	static uint8_t data[RUN_HEADER + 30 * RUN_CELL], other[RUN_HEADER + 30 * RUN_CELL];
	static uint8_t huge[2 * MUTATOR_SIZE_MOST];
	void *afl = afl_custom_init(NULL, 5);
	uint8_t *out;
	int32_t steps, step = 0;

	(void)state;
	assert_non_null(afl);
	memset(data, 1, sizeof(data));
	memset(other, 2, sizeof(other));
	for (unsigned i = 0; i < 1000; i++) {
		size_t size = afl_custom_fuzz(afl, data, sizeof(data), &out, other, sizeof(other),
					      1 << 20);

		assert_true(size >= RUN_HEADER && size <= MUTATOR_SIZE_MOST);
		assert_true(strlen(afl_custom_describe(afl, 20)) < 20);
	}
	assert_true(afl_custom_fuzz(afl, huge, sizeof(huge), &out, huge, sizeof(huge), 1 << 20) <=
		    MUTATOR_SIZE_MOST);
	data[RUN_HEADER + 17 * RUN_CELL] = 7;
	data[RUN_HEADER + 19 * RUN_CELL] = 8;
	steps = afl_custom_init_trim(afl, data, sizeof(data));
	assert_true(steps > 0);
	while (step < steps) {
		size_t size = afl_custom_trim(afl, &out);

		assert_true(size < sizeof(data));
		step = afl_custom_post_trim(afl, has_both(out, size, 7, 8));
	}
	assert_int_equal(afl_custom_init_trim(afl, data, RUN_HEADER), 0);
	afl_custom_deinit(afl);
}

static void as_libfuzzer_calls_it(void **state)
{
	static uint8_t data[RUN_HEADER + 30 * RUN_CELL], other[RUN_HEADER + 30 * RUN_CELL];
	static uint8_t out[RUN_HEADER + 50 * RUN_CELL + 1];
	unsigned both = 0;

	(void)state;
	memset(other, 2, sizeof(other));
	for (unsigned i = 0; i < 1000; i++) {
		size_t size;

		memset(data, 1, sizeof(data));
		size = LLVMFuzzerCustomMutator(data, sizeof(data) - RUN_CELL, sizeof(data), i);
		assert_true(size <= sizeof(data));
		memset(data, 1, sizeof(data));
		memset(out, GUARD, sizeof(out));
		size = LLVMFuzzerCustomCrossOver(data, sizeof(data), other, sizeof(other), out,
						 sizeof(out) - 1, i);
		assert_true(size <= sizeof(out) - 1);
		assert_int_equal(out[sizeof(out) - 1], GUARD);
		both += memchr(out, 1, size) != NULL && memchr(out, 2, size) != NULL;
	}
	assert_int_equal(both, 1000);
	assert_int_equal(LLVMFuzzerCustomCrossOver(data, 3, other, 4, out, sizeof(out), 0), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operations),
		cmocka_unit_test(any_input),
		cmocka_unit_test(begins_afresh),
		cmocka_unit_test(stays_short),
		cmocka_unit_test(described),
		cmocka_unit_test(trims),
		cmocka_unit_test(trims_all),
		cmocka_unit_test(as_afl_calls_it),
		cmocka_unit_test(as_libfuzzer_calls_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
