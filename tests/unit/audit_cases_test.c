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

#define MAX_RECORDS 4096
#define MAX_LINES 64

struct testcase {
	char name[128];
	struct reblock_source source;
	struct reblock_audit_options options;
	struct reblock_record records[MAX_RECORDS];
	size_t n_records;
	char expected[MAX_LINES][160];
	size_t n_expected;
	char seen[MAX_LINES][160];
	size_t n_seen;
	bool findings_only;
	bool show_pt;
};

static struct testcase test;
static unsigned n_cases;
static unsigned n_failed;

static void see(const char *line)
{
	if (test.n_seen < MAX_LINES)
		(void)snprintf(test.seen[test.n_seen++], sizeof(test.seen[0]), "%s", line);
}

static int on_finding(void *context, const struct reblock_finding *f)
{
	char line[160];
	int n = snprintf(line, sizeof(line), "%s %s %s %s rule=%s",
			 reblock_severity_name(f->severity), reblock_finding_name(f->kind),
			 reblock_evidence_name(f->evidence), "records", f->rule);
	unsigned i;

	(void)context;
	for (i = 0; i < f->n_records; i++)
		n += snprintf(line + n, sizeof(line) - (size_t)n, " #%llu",
			      (unsigned long long)f->records[i]);
	for (i = 0; i < REBLOCK_ASSUMPTIONS; i++)
		if (f->assumes & 1u << i)
			n += snprintf(line + n, sizeof(line) - (size_t)n, " assumes %s",
				      reblock_assumption_name(i));
	if (f->policy)
		(void)snprintf(line + n, sizeof(line) - (size_t)n, " policy %s", f->policy);
	if ((f->evidence == REBLOCK_PREDICTED) != (f->policy != NULL))
		(void)snprintf(line, sizeof(line), "a policy, or none, with that grade");
	if (strlen(f->why) < 20 || f->why[strlen(f->why) - 1] != '.')
		(void)snprintf(line, sizeof(line), "not one sentence: %.100s", f->why);
	see(line);
	return 0;
}

static void on_judgement(void *context, const struct reblock_judgement *j)
{
	static const char *const outcomes[] = { "reblocked", "missed", "reflected", "unjudged" };
	char line[160];

	(void)context;
	(void)snprintf(line, sizeof(line), "judged #%llu %s%s%s%s",
		       (unsigned long long)j->exit_number,
		       j->unblocked == REBLOCK_UNKNOWN ? "possible " : "", outcomes[j->outcome],
		       j->outcome == REBLOCK_OUTCOME_UNJUDGED ? " " : "",
		       j->outcome == REBLOCK_OUTCOME_UNJUDGED ? reblock_cause_name(j->cause) : "");
	see(line);
}

/* What Intel PT was worth: the counts that are not 0, of all vCPUs. */
static void see_pt(struct reblock_audit *audit)
{
	struct reblock_summary total = { .vm = 0 };
	const struct reblock_pt_summary *pt = &total.pt;
	const struct reblock_summary *s;
	const struct {
		const char *name;
		const uint64_t *n;
	} counts[] = { { "gaps", &pt->gaps },
		       { "exits", &pt->exits },
		       { "matched", &pt->matched },
		       { "disagree", &pt->disagree },
		       { "unwitnessed", &pt->unwitnessed },
		       { "confirmed", &pt->confirmed },
		       { "contradicted", &pt->contradicted },
		       { "unconfirmed", &pt->unconfirmed },
		       { "bit12", &pt->bit12 },
		       { "nmis", &pt->nmis } };
	char line[160] = "pt";
	size_t n = 2;

	for (size_t i = 0; (s = reblock_audit_summary(audit, i)); i++)
		reblock_summary_add(&total, s);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (*counts[i].n)
			n += (size_t)snprintf(line + n, sizeof(line) - n, " %s %llu",
					      counts[i].name, (unsigned long long)*counts[i].n);
	for (unsigned i = 0; i < REBLOCK_PT_CAUSES; i++)
		if (pt->unjudged_nmis[i])
			n += (size_t)snprintf(line + n, sizeof(line) - n, " %s:%llu",
					      reblock_pt_cause_name(i),
					      (unsigned long long)pt->unjudged_nmis[i]);
	see(line);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void run_case(void)
{
	struct reblock_audit *audit;
	size_t i;

	if (!test.name[0])
		return;
	n_cases++;
	test.options.finding = on_finding;
	test.options.judgement = test.findings_only ? NULL : on_judgement;
	audit = reblock_audit_new(&test.source, &test.options);
	assert_non_null(audit);
	assert_int_equal(reblock_audit_feed(audit, 0, test.records, test.n_records), 0);
	assert_int_equal(reblock_audit_finish(audit), 0);
	if (test.show_pt)
		see_pt(audit);
	reblock_audit_free(audit);
	qsort(test.expected, test.n_expected, sizeof(test.expected[0]), by_text);
	qsort(test.seen, test.n_seen, sizeof(test.seen[0]), by_text);
	if (test.n_expected == test.n_seen &&
	    !memcmp(test.expected, test.seen, sizeof(test.seen[0]) * test.n_seen))
		return;
	n_failed++;
	print_message("case: %s\n", test.name);
	for (i = 0; i < test.n_expected; i++)
		print_message("  expected: %s\n", test.expected[i]);
	for (i = 0; i < test.n_seen; i++)
		print_message("  seen:     %s\n", test.seen[i]);
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
			assert_true(test.n_expected < MAX_LINES);
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
