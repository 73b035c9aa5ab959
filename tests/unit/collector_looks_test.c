// SPDX-License-Identifier: BSD-2-Clause
/* What the collector looks at now and then: the budget's window, silent attach points, the kernel's counts of programs. */
#include "collector/bpf/shared.h"
#include "collector/budget.h"
#include "collector/prog_info.h"
#include "collector/silent.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define SECOND 1000000000ull

static void no_limit(void **state)
{
	struct budget_window window = { .most = 0 };
	int64_t left = -3;

	(void)state;
	budget_look(&window, 5 * SECOND, &left);
	assert_int_equal(left, -3);
	assert_false(window.counting_only);
}

static void windows(void **state)
{
	struct budget_window window = { .most = 100 };
	int64_t left = 0;

	(void)state;
	/* The first look fills it, and does not take the beginning for an excess. */
	budget_look(&window, 10 * SECOND, &left);
	assert_int_equal(left, 100);
	assert_false(window.counting_only);

	/* Within the second nothing is added, however often one looks. */
	left = 40;
	budget_look(&window, 10 * SECOND + SECOND / 2, &left);
	assert_int_equal(left, 40);

	/* Used up: until a whole second stays below. */
	left = -1;
	budget_look(&window, 10 * SECOND + SECOND / 2, &left);
	assert_true(window.counting_only);
	assert_int_equal(left, -1);
	budget_look(&window, 11 * SECOND, &left);
	assert_int_equal(left, 100);
	assert_true(window.counting_only);
	left = 0;
	budget_look(&window, 12 * SECOND, &left);
	assert_int_equal(left, 100);
	assert_true(window.counting_only);
	left = 99;
	budget_look(&window, 12 * SECOND + 10, &left);
	assert_true(window.counting_only);
	budget_look(&window, 13 * SECOND, &left);
	assert_false(window.counting_only);
	assert_int_equal(left, 100);

	/* A reader that was stopped for a minute gives one second's worth. */
	left = 0;
	budget_look(&window, 73 * SECOND, &left);
	assert_int_equal(left, 100);
}

static const unsigned all = (1u << POINTS) - 1;

static void occasions(void **state)
{
	uint64_t calls[CALLS] = { 0 };

	(void)state;
	assert_int_equal(silent_points(all, calls), 0);
	/* Guests ran, and nothing more: there was no occasion for the rest. */
	calls[CALL_EXIT] = calls[CALL_ENTRY] = calls[CALL_USER_EXIT] = 1;
	assert_int_equal(silent_points(all, calls), 0);
	calls[CALL_EVENTS_WRITE] = 1;
	assert_int_equal(silent_points(all, calls), 1u << POINT_MASK_WRITE);
	calls[CALL_MASK_WRITE] = 1;
	assert_int_equal(silent_points(all, calls), 0);
	calls[CALL_NMI_ALLOWED] = 1;
	assert_int_equal(silent_points(all, calls), 1u << POINT_NMI_BLOCKED);
	/* One that could not be attached is missing, not silent. */
	assert_int_equal(silent_points(all & ~(1u << POINT_NMI_BLOCKED), calls), 0);
	calls[CALL_NMI_BLOCKED] = 1;
	assert_int_equal(silent_points(all, calls), 0);
	for (enum point i = 0; i < POINTS; i++)
		assert_int_equal(*silent_words(i) != 0,
				 i == POINT_MASK_WRITE || i == POINT_NMI_BLOCKED);
}

/* Said once, and only when it lasts: the second call may be on its way. */
static void patience(void **state)
{
	const unsigned expected = 1u << POINT_NMI_BLOCKED;
	uint64_t calls[CALLS] = { 0 }, at = 100 * SECOND;
	struct silent silent = { 0 };
	unsigned said = 0;

	(void)state;
	calls[CALL_NMI_ALLOWED] = 1;
	for (unsigned i = 0; i < 5; i++)
		assert_int_equal(silent_look(&silent, at + i, all, calls), 0);
	calls[CALL_NMI_BLOCKED] = 1;
	for (at += SECOND; at < 110 * SECOND; at += SECOND / 10)
		assert_int_equal(silent_look(&silent, at, all, calls), 0);
	calls[CALL_NMI_BLOCKED] = 0;
	for (; at < 120 * SECOND; at += SECOND / 10)
		said += silent_look(&silent, at, all, calls);
	assert_int_equal(said, expected);
	assert_int_equal(silent_last(&silent, expected, expected), 0);

	/* A short recording: at its end, two looks decide. */
	memset(&silent, 0, sizeof(silent));
	assert_int_equal(silent_last(&silent, expected, 0), 0);
	assert_int_equal(silent_last(&silent, expected, expected), expected);
	assert_int_equal(silent_last(&silent, expected, expected), 0);
}

static void program_info(void **state)
{
	struct prog_info info = { .skipped = 1 };

	(void)state;
	/* 6.1, then 5.10. */
	prog_info_parse(
		"pos:\t0\nflags:\t02000002\nmnt_id:\t15\nino:\t1058\nprog_type:\t26\nprog_jited:\t1\n"
		"prog_tag:\t3b185187f1855c4c\nmemlock:\t4096\nprog_id:\t42\nrun_time_ns:\t7000\nrun_cnt:\t8\n"
		"recursion_misses:\t3\nverified_insns:\t900\n",
		&info);
	assert_int_equal(info.skipped, 4);
	assert_int_equal(info.ns, 7000);
	assert_int_equal(info.runs, 8);
	prog_info_parse("prog_id:\t42\nrun_time_ns:\t5\nrun_cnt:\t1", &info);
	assert_int_equal(info.skipped, 4);
	assert_int_equal(info.ns, 7005);
	assert_int_equal(info.runs, 9);
	prog_info_parse("", &info);
	assert_int_equal(info.runs, 9);
	assert_true(prog_info_open(-1) < 0);
	assert_true(prog_info_add(-1, &info) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_limit),     cmocka_unit_test(windows),
		cmocka_unit_test(occasions),    cmocka_unit_test(patience),
		cmocka_unit_test(program_info),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
