/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit on streams written by hand: tests/unit/tables/audit.cases, predict.cases with a policy beside
 * it, and witness.cases with Intel PT. audit.cases says what they hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <reblock/audit.h>
#include <reblock/json.h>
#include <reblock/policies.h>
#include "audit_seen.h"

#define MAX_RECORDS 4096

struct testcase {
	char name[128];
	struct reblock_source source;
	struct reblock_audit_options options;
	struct reblock_record records[MAX_RECORDS];
	size_t n_records;
	char expected[SEEN_LINES][SEEN_LINE];
	size_t n_expected;
	struct audit_seen seen;
	bool findings_only;
	bool show_pt;
};

static struct testcase test;
static unsigned n_cases;
static unsigned n_failed;

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void run_case(void)
{
	size_t i;

	if (!test.name[0])
		return;
	n_cases++;
	audit_seen(&test.seen, &test.source, &test.options, test.records, test.n_records,
		   !test.findings_only, test.show_pt);
	qsort(test.expected, test.n_expected, sizeof(test.expected[0]), by_text);
	qsort(test.seen.lines, test.seen.n, sizeof(test.seen.lines[0]), by_text);
	if (test.n_expected == test.seen.n &&
	    !memcmp(test.expected, test.seen.lines, sizeof(test.seen.lines[0]) * test.seen.n))
		return;
	n_failed++;
	print_message("case: %s\n", test.name);
	for (i = 0; i < test.n_expected; i++)
		print_message("  expected: %s\n", test.expected[i]);
	for (i = 0; i < test.seen.n; i++)
		print_message("  seen:     %s\n", test.seen.lines[i]);
}

/* "repeat N" repeats the records since the last "repeat" or the case's begin N - 1 more times. */
static void repeat(const char *count, size_t *from)
{
	size_t n = test.n_records - *from;
	long times = strtol(count, NULL, 10);

	while (--times > 0) {
		size_t i;

		assert_true(test.n_records + n <= MAX_RECORDS);
		for (i = 0; i < n; i++) {
			test.records[test.n_records] = test.records[*from + i];
			test.records[test.n_records].t += 10 * (test.n_records - *from - i);
			test.n_records++;
		}
	}
	*from = test.n_records;
}

static void read_json(const char *line, unsigned number)
{
	char error[256];
	int what = reblock_json_parse(line, strlen(line), &test.records[test.n_records],
				      &test.source, error, sizeof(error));

	if (what < 0)
		fail_msg("cases:%u: %s", number, error);
	if (what == REBLOCK_JSON_IS_RECORD)
		test.n_records++;
	assert_true(test.n_records < MAX_RECORDS);
}

static void read_cases(const char *path)
{
	static const char common[] =
		"{\"event\":\"meta\",\"captures\":[\"exit\",\"entry\",\"mask_write\",\"mask_read\",\"blocked_read\",\"user_exit\",\"events_write\"]}";
	FILE *file = fopen(path, "r");
	char line[1024];
	unsigned number = 0;
	size_t from = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		number++;
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "case ", 5) == 0) {
			run_case();
			memset(&test, 0, sizeof(test));
			from = 0;
			(void)snprintf(test.name, sizeof(test.name), "%u: %.100s", number,
				       line + 5);
			read_json(common, number);
		} else if (line[0] == '{') {
			read_json(line, number);
		} else if (strncmp(line, "repeat ", 7) == 0) {
			repeat(line + 7, &from);
		} else if (strcmp(line, "findings only") == 0) {
			test.findings_only = true;
		} else if (strcmp(line, "show pt") == 0) {
			test.show_pt = true;
		} else if (strcmp(line, "vnmi on") == 0) {
			test.options.vnmi = REBLOCK_VNMI_ON;
		} else if (strncmp(line, "policy ", 7) == 0) {
			test.options.policy = reblock_policy_find(line + 7);
			assert_non_null(test.options.policy);
			test.findings_only = true;
		} else if (strncmp(line, "-> ", 3) == 0) {
			assert_true(test.n_expected < SEEN_LINES);
			(void)snprintf(test.expected[test.n_expected++], sizeof(test.expected[0]),
				       "%.159s", line + 3);
		} else if (line[0] && line[0] != '#') {
			fail_msg("cases:%u: what is this?", number);
		}
	}
	(void)fclose(file);
	run_case();
	test.name[0] = '\0';
}

static void all_cases(void **state)
{
	(void)state;
	read_cases(SOURCE_DIR "/tests/unit/tables/audit.cases");
	read_cases(SOURCE_DIR "/tests/unit/tables/predict.cases");
	read_cases(SOURCE_DIR "/tests/unit/tables/witness.cases");
	print_message("%u cases\n", n_cases);
	assert_int_equal(n_failed, 0);
	assert_true(n_cases > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(all_cases) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
