/* SPDX-License-Identifier: BSD-2-Clause */
/* The enumerator of short runs: each comes once, simplest first, and as many as are announced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <reblock/policies.h>
#include "drivers/enumeration.h"

#define KEPT (1 << 20)

struct seen {
	uint64_t n, most;
	size_t size;
	unsigned changed; /* fields of the last run */
	bool keep;
	uint8_t (*kept)[ENUMERATION_SIZE_MOST + 1]; /* the last byte: the size */
};

static const uint8_t base[RUN_HEADER] = { [RUN_HYPERVISOR] = 1, [RUN_TIME] = 0xf9 };
static const uint8_t plain[RUN_CELL];

static unsigned changed_in(const struct run_fields *fields, const uint8_t *bytes,
			   const uint8_t *from)
{
	unsigned n = 0;

	for (size_t i = 0; i < fields->n; i++)
		n += run_field_get(&fields->at[i], bytes) != run_field_get(&fields->at[i], from);
	return n;
}

static bool see(void *context, uint8_t *data, size_t size)
{
	struct seen *seen = context;
	unsigned changed = changed_in(&run_header_fields, data, base);

	if (seen->n == seen->most)
		return false;
	assert_true(size >= RUN_HEADER && (size - RUN_HEADER) % RUN_CELL == 0);
	for (size_t at = RUN_HEADER; at < size; at += RUN_CELL)
		changed += changed_in(&run_cell_fields, data + at, plain);
	assert_true(changed > seen->changed || (changed == seen->changed && size >= seen->size) ||
		    seen->n == 0);
	seen->changed = changed;
	seen->size = size;
	if (seen->keep) {
		assert_true(seen->n < KEPT);
		memset(seen->kept[seen->n], 0, sizeof(*seen->kept));
		memcpy(seen->kept[seen->n], data, size);
		seen->kept[seen->n][ENUMERATION_SIZE_MOST] = (uint8_t)size;
	}
	seen->n++;
	return true;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, ENUMERATION_SIZE_MOST + 1);
}

static void each_once(void **state)
{
	struct seen seen = { .most = UINT64_MAX, .keep = true };
	struct enumeration enumeration = { .cells = 2, .fields = 2, .each = see, .context = &seen };
	uint64_t all = 0;

	(void)state;
	seen.kept = calloc(KEPT, sizeof(*seen.kept));
	assert_non_null(seen.kept);
	memcpy(enumeration.header, base, RUN_HEADER);
	assert_true(enumerate_runs(&enumeration));
	for (unsigned fields = 0; fields <= 2; fields++) {
		for (unsigned cells = 0; cells <= 2; cells++)
			all += enumeration_count(&enumeration, cells, fields);
	}
	assert_int_equal(seen.n, all);
	qsort(seen.kept, seen.n, sizeof(*seen.kept), by_bytes);
	for (uint64_t i = 1; i < seen.n; i++)
		assert_true(by_bytes(seen.kept[i - 1], seen.kept[i]) < 0);
	free(seen.kept);
}

/* Counted by hand from the table of fields: with one field changed, each value of each is one run. */
static void counts(void **state)
{
	const struct enumeration plainest = { 0 }, other = { .header = { [RUN_HYPERVISOR] = 1 } };
	const struct enumeration odd = { .header = { [RUN_LEFT] = 99 } };
	uint64_t header = 0, cell = 0;

	(void)state;
	for (size_t i = 0; i < run_header_fields.n; i++)
		header += run_header_fields.at[i].n;
	for (size_t i = 0; i < run_cell_fields.n; i++)
		cell += run_cell_fields.at[i].n;
	assert_int_equal(enumeration_count(&plainest, 0, 0), 1);
	assert_int_equal(enumeration_count(&plainest, 0, 1), header);
	assert_int_equal(enumeration_count(&plainest, 3, 1), header + 3 * cell);
	/* Another base's value, if it is one of those of interest, is left out, and 0 is put in. */
	assert_int_equal(enumeration_count(&other, 0, 1), header);
	assert_int_equal(enumeration_count(&odd, 0, 1), header + 1);
	assert_true(enumeration_count(&plainest, 8, 8) > enumeration_count(&plainest, 8, 7));
}

static void ends_early(void **state)
{
	struct seen seen = { .most = 1000 };
	struct enumeration enumeration = { .cells = 3, .fields = 3, .each = see, .context = &seen };

	(void)state;
	memcpy(enumeration.header, base, RUN_HEADER);
	assert_false(enumerate_runs(&enumeration));
	assert_int_equal(seen.n, 1000);
}

/* No two fields share a bit, and no value of interest is cut off or named twice. */
static void check_fields(const struct run_fields *fields, size_t size)
{
	uint8_t used[RUN_HEADER] = { 0 };

	for (size_t i = 0; i < fields->n; i++) {
		const struct run_field *field = &fields->at[i];
		unsigned mask = ((1u << field->bits) - 1) << field->shift;

		assert_true(field->byte < size);
		assert_true(field->shift + field->bits <= 8);
		assert_int_equal(used[field->byte] & mask, 0);
		used[field->byte] |= (uint8_t)mask;
		assert_true(field->n >= 1);
		for (unsigned v = 0; v < field->n; v++) {
			assert_true(run_field_value(field, v) >= 1);
			assert_true(run_field_value(field, v) < 1u << field->bits);
			assert_true(v == 0 ||
				    run_field_value(field, v) > run_field_value(field, v - 1));
		}
	}
}

static void fields_fit(void **state)
{
	uint8_t bytes[RUN_CELL];
	const struct run_field field = { .name = "some", .byte = 2, .shift = 3, .bits = 3, .n = 7 };

	(void)state;
	check_fields(&run_header_fields, RUN_HEADER);
	check_fields(&run_cell_fields, RUN_CELL);
	memset(bytes, 0xff, sizeof(bytes));
	run_field_set(&field, bytes, 2);
	assert_int_equal(bytes[2], 0xd7);
	assert_int_equal(run_field_get(&field, bytes), 2);
	bytes[2] = 0xff;
	assert_int_equal(run_field_get(&field, bytes), 7);
}

/* What the table says of numbers that are others'. */
static void fields_are_complete(void **state)
{
	size_t policies = 0;

	(void)state;
	while (reblock_policy_at(policies) != NULL)
		policies++;
	for (size_t i = 0; i < run_header_fields.n; i++) {
		const struct run_field *field = &run_header_fields.at[i];

		if (field->byte == RUN_HYPERVISOR)
			assert_int_equal(field->n, 2 + policies);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_once),           cmocka_unit_test(counts),
		cmocka_unit_test(ends_early),          cmocka_unit_test(fields_fit),
		cmocka_unit_test(fields_are_complete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
