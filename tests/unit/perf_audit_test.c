/* SPDX-License-Identifier: BSD-2-Clause */
/* From perf.data to findings: a missed re-block is found, and only where nothing speaks against it. */
#include <reblock/audit.h>
#include "perf_fixture.h"

struct found {
	unsigned missed, other;
};

static int count(void *context, const struct reblock_finding *finding)
{
	struct found *found = context;

	if (finding->kind == REBLOCK_MISSED_REBLOCK)
		found->missed++;
	else
		found->other++;
	return 0;
}

static struct found audit(struct perf_build *b)
{
	struct found found = { 0, 0 };
	struct reblock_audit_options options = { .finding = count,
						 .context = &found,
						 .vnmi = REBLOCK_VNMI_ON };
	const struct reblock_record *records;
	struct reblock_audit *a;
	struct reblock_input *in;
	uint64_t number = 0;
	char *error;
	uint8_t *data;
	size_t size;
	long n;

	assert_int_equal(perf_build_finish(b, &data, &size), 0);
	fixture_write(data, size);
	free(data);
	assert_int_equal(reblock_input_open(fixture_path, NULL, NULL, &in, &error), 0);
	a = reblock_audit_new(reblock_input_source(in), &options);
	assert_non_null(a);
	while ((n = reblock_input_next(in, &records)) > 0) {
		assert_int_equal(reblock_audit_feed(a, number, records, (size_t)n), 0);
		number += (uint64_t)n;
	}
	assert_int_equal(reblock_audit_finish(a), 0);
	reblock_audit_free(a);
	reblock_input_close(in);
	return found;
}

enum between { NOTHING, USER_EXIT, LOST, NESTED, LATE_WINDOW };

/*
 * An EPT violation of an IRET (bit 12), the entry that resumes it, and the NMI-window exit at the same RIP that
 * shows NMIs to be open; with something in between.
 */
static struct perf_build *missed(const char *version, unsigned events, enum between between)
{
	struct perf_build_options o = { .table = PERF_TABLE, .version = version, .events = events };
	struct perf_build *b = perf_build_new(&o);
	struct perf_build_fields f = { .rip = 0x1000, .reason = 12 };

	perf_build_event(b, PERF_BUILD_EXIT, 0, 100, 9, 10, &f);
	perf_build_event(b, PERF_BUILD_ENTRY, 0, 200, 9, 10, &f);
	f.reason = 48;
	f.info1 = 0x1181;
	perf_build_event(b, PERF_BUILD_EXIT, 0, 300, 9, 10, &f);
	if (between == USER_EXIT)
		perf_build_event(b, PERF_BUILD_USER_EXIT, 0, 310, 9, 10, &f);
	if (between == LOST)
		perf_build_lost(b, 0, 320, 1);
	if (between == NESTED)
		perf_build_event(b, PERF_BUILD_NESTED_VMEXIT, 0, 330, 9, 10, &f);
	perf_build_event(b, PERF_BUILD_ENTRY, 0, 400, 9, 10, &f);
	f.reason = 8;
	f.info1 = 0;
	f.rip += between == LATE_WINDOW ? 2 : 0;
	perf_build_event(b, PERF_BUILD_EXIT, 0, 500, 9, 10, &f);
	perf_build_event(b, PERF_BUILD_ENTRY, 0, 600, 9, 10, &f);
	return b;
}

static void found(void **state)
{
	static const struct {
		const char *version;
		unsigned events;
		enum between between;
		unsigned missed;
	} cases[] = {
		{ "6.14", PERF_BUILD_USUAL, NOTHING, 1 },
		{ "6.17", PERF_BUILD_ALL, NOTHING, 1 },
		{ "7.2", PERF_BUILD_BOTH | 1u << PERF_BUILD_USER_EXIT, NOTHING, 1 },
		/* before 6.14: nothing but perhaps an NMI was injected */
		{ "6.1", PERF_BUILD_USUAL, NOTHING, 1 },
		{ "6.12", PERF_BUILD_USUAL, NOTHING, 1 },
		{ "5.15", PERF_BUILD_USUAL, NOTHING, 1 },
		{ "6.1", PERF_BUILD_USUAL, LATE_WINDOW, 0 },
		{ "6.14", PERF_BUILD_USUAL, LATE_WINDOW, 0 },
		{ "6.14", PERF_BUILD_USUAL, USER_EXIT, 0 },
		{ "6.14", PERF_BUILD_BOTH, NOTHING, 0 }, /* user space cannot be excluded */
		{ "6.14", PERF_BUILD_USUAL, LOST, 0 },
		{ "6.14", PERF_BUILD_ALL, NESTED, 0 },
		{ "5.10", PERF_BUILD_USUAL, NOTHING, 0 }, /* idtv is not known */
		{ "5.4", PERF_BUILD_USUAL, NOTHING, 0 },
		{ "4.15", PERF_BUILD_USUAL, NOTHING, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct found f = audit(missed(cases[i].version, cases[i].events, cases[i].between));

		if (f.missed != cases[i].missed)
			print_error("case %zu\n", i);
		assert_int_equal(f.missed, cases[i].missed);
		assert_int_equal(f.other, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(found),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
