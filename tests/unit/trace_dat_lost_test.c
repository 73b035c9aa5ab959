/* SPDX-License-Identifier: BSD-2-Clause */
/* trace.dat: what events that are missing on one CPU, or in a damaged page, do to the records of all. */
#include <reblock/audit.h>
#include "trace_dat_fixture.h"

/*
 * CPU 0 misses events between 1000 and 2000. A letter for each record: x exit, e entry, L lost for all, l
 * lost for one vCPU.
 */
static struct fixture_result with_gap(bool gap, uint64_t count, char *letters)
{
	struct dat_build *b = begin(6, 2);
	struct fixture_result r;

	put_exit(b, 0, 900, 0, 0x181);
	put_entry(b, 0, 1000, 0);
	put_exit(b, 1, 1400, 1, BIT12 | 0x181);
	put_entry(b, 1, 1500, 1);
	/* An NMI-window exit at the RIP of the IRET: it had not run, and blocking was gone. */
	dat_event(b, 1, 1600, &dat_exit_6_14, TID(1), (uint64_t[]){ 8, RIP, 1, 0, 0, 0, 0, 1, 0 });
	if (gap)
		dat_missed(b, 0, count);
	put_exit(b, 0, 2000, 0, 0x181);
	put_entry(b, 0, 2100, 0);
	put_entry(b, 1, 2200, 1);
	put_user_exit(b, 1, 2300, 1);
	r = finish(b);
	for (size_t i = 0; i < r.n; i++) {
		const struct reblock_record *e = &r.records[i];

		if (e->kind == REBLOCK_META)
			continue;
		*letters++ = (char)(e->kind == REBLOCK_EXIT      ? 'x' :
				    e->kind == REBLOCK_ENTRY     ? 'e' :
				    e->kind == REBLOCK_USER_EXIT ? 'u' :
				    e->vcpu == REBLOCK_NO_VCPU   ? 'L' :
								   'l');
	}
	*letters = 0;
	return r;
}

static int count_finding(void *context, const struct reblock_finding *finding)
{
	(void)finding;
	++*(int *)context;
	return 0;
}

static int findings(const struct fixture_result *r)
{
	int n = 0;
	struct reblock_audit_options options = { .vnmi = REBLOCK_VNMI_ON,
						 .finding = count_finding,
						 .context = &n };
	struct reblock_audit *audit = reblock_audit_new(&r->source, &options);

	assert_non_null(audit);
	assert_int_equal(reblock_audit_feed(audit, 0, r->records, r->n), 0);
	assert_int_equal(reblock_audit_finish(audit), 0);
	reblock_audit_free(audit);
	return n;
}

static void missed_events(void **state)
{
	char letters[64];
	struct fixture_result r = with_gap(false, 0, letters);

	(void)state;
	assert_string_equal(letters, "xexexxeeu");
	assert_int_equal(findings(&r), 1);
	free(r.records);
	/* In the gap, vCPU 1 may have been on CPU 0: nothing of it can be judged. */
	r = with_gap(true, 7, letters);
	assert_string_equal(letters, "xeLlxlelxLxeeu");
	for (size_t i = 0; i < r.n; i++)
		if (r.records[i].kind == REBLOCK_LOST) {
			assert_true(r.records[i].presence);
			assert_int_equal(r.records[i].qualification, 7);
			break;
		}
	assert_int_equal(findings(&r), 0);
	free(r.records);
	r = with_gap(true, 0, letters);
	assert_string_equal(letters, "xeLlxlelxLxeeu");
	for (size_t i = 0; i < r.n; i++)
		if (r.records[i].kind == REBLOCK_LOST)
			assert_false(r.records[i].presence);
	free(r.records);
}

/* A CPU whose first page already says that events are missing: from the beginning on. */
static void missed_at_first(void **state)
{
	struct dat_build *b = begin(7, 2);
	struct fixture_result r;

	(void)state;
	put_exit(b, 0, 100, 0, 0x181);
	put_entry(b, 0, 200, 0);
	dat_missed(b, 1, 0);
	put_exit(b, 1, 300, 1, 0x181);
	r = finish(b);
	assert_int_equal(r.n, 7);
	assert_int_equal(r.records[0].kind, REBLOCK_LOST);
	assert_int_equal(r.records[0].vcpu, REBLOCK_NO_VCPU);
	assert_int_equal(r.records[1].kind, REBLOCK_LOST);
	assert_int_equal(r.records[1].vcpu, 0);
	assert_int_equal(r.records[2].kind, REBLOCK_EXIT);
	assert_int_equal(r.records[3].kind, REBLOCK_LOST);
	assert_int_equal(r.records[4].kind, REBLOCK_ENTRY);
	assert_int_equal(r.records[5].kind, REBLOCK_LOST);
	assert_int_equal(r.records[5].vcpu, REBLOCK_NO_VCPU);
	assert_int_equal(r.records[6].kind, REBLOCK_EXIT);
	free(r.records);
}

/* Dropped events leave no mark in the pages, so they may be missing anywhere. */
static void dropped_events(void **state)
{
	static const struct {
		const char *stats;
		int lost; /* records */
	} cases[] = {
		{ "CPU: 0\nentries: 0\noverrun: 0\ncommit overrun: 0\ndropped events: 0\n", 0 },
		{ "CPU: 0\nentries: 0\noverrun: 0\ncommit overrun: 0\ndropped events: 3\n", 4 },
		{ "CPU: 0\nentries: 0\noverrun: 0\ncommit overrun: 2\ndropped events: 0\n", 4 },
		{ "CPU: 0\nentries: 0\noverrun: 9\ncommit overrun: 0\ndropped events: 0\n", 4 },
		{ "Buffer: foo\nCPU: 0\noverrun: 9\ndropped events: 5\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dat_build *b = begin(6, 1);
		struct fixture_result r;
		int lost = 0;

		dat_option(b, 2, cases[i].stats, (unsigned)strlen(cases[i].stats) + 1);
		put_exit(b, 0, 100, 0, 0x181);
		put_entry(b, 0, 200, 0);
		r = finish(b);
		for (size_t j = 0; j < r.n; j++)
			lost += r.records[j].kind == REBLOCK_LOST;
		assert_int_equal(lost, cases[i].lost);
		free(r.records);
	}
}

/* Overwritten events that a page does speak of are placed there, and nowhere else. */
static void overrun_is_placed(void **state)
{
	static const char stats[] = "CPU: 0\noverrun: 9\n";

	(void)state;
	/* Where the page does not say how many (0), it may be all of them. */
	for (uint64_t count = 0; count <= 9; count += 3) {
		struct dat_build *b = begin(6, 1);
		struct fixture_result r;
		int lost = 0;

		dat_option(b, 2, stats, sizeof(stats));
		put_exit(b, 0, 100, 0, 0x181);
		put_entry(b, 0, 200, 0);
		dat_missed(b, 0, count);
		put_exit(b, 0, 300, 0, 0x181);
		r = finish(b);
		for (size_t j = 0; j < r.n; j++)
			lost += r.records[j].kind == REBLOCK_LOST;
		/* Else some are missing anywhere: at both ends, and before each event. */
		assert_int_equal(lost, count == 9 || !count ? 2 : 7);
		free(r.records);
	}
}

/* Two pages of one CPU; what WORD makes of the third event of the first. */
static struct fixture_result damaged_page(size_t at, uint32_t word)
{
	struct dat_build *b = begin(6, 1);
	struct fixture_result whole;
	unsigned char *data;
	size_t size;

	for (unsigned i = 0; i < 50; i++) {
		put_exit(b, 0, 1000 + 100 * i, 0, 0x181);
		put_entry(b, 0, 1050 + 100 * i, 0);
	}
	whole = finish(b);
	assert_int_equal(whole.n, 100);
	free(whole.records);
	data = fixture_read(&size);
	memcpy(data + size - 2 * DAT_PAGE + at, &word, 4);
	fixture_write(data, size);
	free(data);
	return fixture_read_all(fixture_path);
}

/* The rest of a damaged page is lost, and the next page is read. */
static void damage_in_a_page(void **state)
{
	/* two events have gone by: heads of 4 bytes, 72 and 36 of data */
	const size_t third = 16 + 76 + 40, last = 16 + 34 * 116 + 76;
	const struct {
		size_t at;
		uint32_t word;
		size_t before;
	} cases[] = {
		{ third, 0, 2 },            /* a length follows, and is too small or too large */
		{ third, 29 | 32, 2 },      /* padding, likewise */
		{ last, 28 | 50 << 5, 69 }, /* longer than what is left */
		{ 8, 4081, 0 },             /* more than a page holds */
		{ 8, 1 << 20, 0 },          /* a flag that is not known */
		{ 12, 1, 0 },               /* a size beyond all bounds */
	};

	(void)state;
	free(damaged_page(0, 1000).records); /* no change: the first event's time */
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture_result r = damaged_page(cases[i].at, cases[i].word);

		assert_int_equal(r.opened, 0);
		assert_int_equal(r.damages, 1);
		assert_non_null(strstr(r.first, "CPU 0"));
		assert_int_equal(r.n, cases[i].before + 2 + 30);
		for (size_t j = 0; j < cases[i].before; j++)
			assert_int_equal(r.records[j].t, 1000 + 50 * j);
		assert_int_equal(r.records[cases[i].before].kind, REBLOCK_LOST);
		assert_int_equal(r.records[r.n - 1].t, 1050 + 100 * 49);
		free(r.records);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(missed_events),    cmocka_unit_test(missed_at_first),
		cmocka_unit_test(dropped_events),   cmocka_unit_test(overrun_is_placed),
		cmocka_unit_test(damage_in_a_page),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
