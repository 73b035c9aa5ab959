/* SPDX-License-Identifier: BSD-2-Clause */
/* trace.dat cut off at each byte: what is left is read, with a reason, and with a mark where something is missing. */
#include <errno.h>
#include "trace_dat_small.h"

/* The sanitizers take ten times as long, and find the same at every seventh byte. */
#ifdef __SANITIZE_ADDRESS__
#define STEP 7
#else
#define STEP 1
#endif

static bool is_event(const struct reblock_record *r)
{
	return r->kind != REBLOCK_LOST && r->kind != REBLOCK_META;
}

/* How many events there are, each one that is in WHOLE too, in its order. */
static size_t check_part(const struct fixture_result *part, const struct fixture_result *whole)
{
	size_t n = 0, at = 0;

	for (size_t i = 0; i < part->n; i++) {
		if (!is_event(&part->records[i]))
			continue;
		while (at < whole->n && memcmp(&whole->records[at], &part->records[i], 64) != 0)
			at++;
		assert_true(at < whole->n);
		n++;
	}
	return n;
}

/*
 * Two events of a vCPU between which others were lie on either side of a lost record; so do the
 * last one and the end.
 */
static void check_marked(const struct fixture_result *part, const struct fixture_result *whole)
{
	for (uint16_t vcpu = 0; vcpu < 2; vcpu++) {
		bool lost = true, missing = false;
		size_t at = 0;

		for (size_t i = 0; i < part->n; i++) {
			const struct reblock_record *r = &part->records[i];

			if (r->kind == REBLOCK_LOST &&
			    (r->vcpu == vcpu || r->vcpu == REBLOCK_NO_VCPU))
				lost = true;
			if (!is_event(r) || r->vcpu != vcpu)
				continue;
			for (; memcmp(&whole->records[at], r, 64) != 0; at++)
				missing |= is_event(&whole->records[at]) &&
					   whole->records[at].vcpu == vcpu;
			at++;
			assert_true(lost || !missing);
			lost = missing = false;
		}
		for (; at < whole->n; at++)
			missing |= is_event(&whole->records[at]) && whole->records[at].vcpu == vcpu;
		assert_true(lost || !missing);
	}
}

static void cut_at_each_byte(enum form form)
{
	struct fixture_result whole = small_file(form), part;
	size_t size, n, last, opened = 0;

	free(fixture_read(&size));
	assert_int_equal(whole.opened, 0);
	assert_int_equal(whole.damages, 0);
	last = check_part(&whole, &whole);
	assert_int_equal(last, EVENTS);
	while (size) {
		size -= size < STEP ? size : STEP;
		assert_int_equal(truncate(fixture_path, (off_t)size), 0);
		part = fixture_read_all(fixture_path);
		assert_true(part.first[0]);
		if (part.opened == 0) {
			assert_true(part.damages > 0);
			n = check_part(&part, &whole);
			assert_true(n <= last);
			check_marked(&part, &whole);
			last = n;
			opened++;
		} else {
			assert_int_equal(part.opened, -EINVAL);
		}
		free(part.records);
	}
	/* Version 7 says only at its very end where everything is. */
	assert_true(form == FORM_6 ? opened > 8192 / STEP : opened < 64);
	free(whole.records);
}

static void cut_version_6(void **state)
{
	(void)state;
	cut_at_each_byte(FORM_6);
}

static void cut_version_7(void **state)
{
	(void)state;
	cut_at_each_byte(FORM_7);
}

static void cut_version_7_compressed(void **state)
{
	(void)state;
	cut_at_each_byte(FORM_7_COMPRESSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut_version_6),
		cmocka_unit_test(cut_version_7),
		cmocka_unit_test(cut_version_7_compressed),
	};

	return cmocka_run_group_tests(tests, small_setup, fixture_teardown);
}
