/* SPDX-License-Identifier: BSD-2-Clause */
/* trace.dat: what its events become, in which order; what is refused, and what is said. */
#include <errno.h>
#include "trace_dat_fixture.h"

static void fields_and_source(void **state)
{
	(void)state;
	for (int form = 0; form < 3; form++) {
		struct dat_build *b = begin(form ? 7 : 6, 2);
		struct fixture_result r;
		struct reblock_record *e;

		if (form == 2)
			dat_compress(b);
		dat_option(b, 9, "3.1.6 none", 11);
		dat_option(b, 4, "[local] mono", 13);
		dat_names(b, "99 other\n100 CPU 0/KVM\n101 CPU 1/KVM\n");
		put_exit(b, 1, 5000, 0, BIT12 | 0x181);
		put_entry(b, 1, 5400, 0);
		put_user_exit(b, 1, 5500, 0);
		r = finish(b);
		assert_int_equal(r.opened, 0);
		assert_int_equal(r.damages, 0);
		assert_string_equal(r.source.source, "trace-cmd 3.1.6");
		assert_string_equal(r.source.host, "box");
		assert_string_equal(r.source.kernel, "6.14.0-test");
		assert_string_equal(r.source.clock, "local");
		assert_true(r.source.presence & REBLOCK_SOURCE_CAPTURES);
		assert_true(r.source.captures & 1u << REBLOCK_USER_EXIT);
		assert_int_equal(r.n, 4);
		e = r.records;
		assert_int_equal(e[0].kind, REBLOCK_META);
		assert_int_equal(e[0].rip, *(const uint64_t *)(const void *)"CPU 0/KVM");
		assert_int_equal(e[1].kind, REBLOCK_EXIT);
		assert_int_equal(e[1].t, 5000);
		assert_int_equal(e[1].cpu, 1);
		assert_int_equal(e[1].vcpu, 0);
		assert_int_equal(e[1].reason, EPT_VIOLATION);
		assert_int_equal(e[1].qualification, BIT12 | 0x181);
		assert_int_equal(e[1].rip, RIP);
		assert_true(reblock_has(&e[1], REBLOCK_HAS_IDT_VECTORING | REBLOCK_HAS_INTR_INFO));
		assert_int_equal(e[2].kind, REBLOCK_ENTRY);
		assert_int_equal(e[2].t, 5400);
		assert_true(reblock_has(&e[2], REBLOCK_HAS_RIP | REBLOCK_HAS_INTR_INFO));
		assert_int_equal(e[3].kind, REBLOCK_USER_EXIT);
		free(r.records);
	}
}

/* Every kernel's formats, with what each cannot say left out. */
static void kernel_versions(void **state)
{
	static const struct {
		const struct dat_type *exit, *entry;
		const char *uname;
		unsigned exit_has, entry_has;
	} versions[] = {
		{ &dat_exit_4_15, &dat_entry_4_15, "Linux h 4.15.0 x86_64", 0, 0 },
		{ &dat_exit_5_4, &dat_entry_4_15, "Linux h 5.4.0 x86_64", 0, 0 },
		{ &dat_exit_5_10, &dat_entry_5_10, "Linux h 5.10.0 x86_64", 0, REBLOCK_HAS_RIP },
		{ &dat_exit_5_10, &dat_entry_6_1, "Linux h 6.1.0 x86_64", REBLOCK_HAS_IDT_VECTORING,
		  REBLOCK_HAS_RIP },
		{ &dat_exit_6_14, &dat_entry_6_14, "Linux h 6.14.0 x86_64",
		  REBLOCK_HAS_IDT_VECTORING, REBLOCK_HAS_RIP | REBLOCK_HAS_INTR_INFO },
	};
	const unsigned asked[] = { REBLOCK_HAS_IDT_VECTORING,
				   REBLOCK_HAS_RIP | REBLOCK_HAS_INTR_INFO };

	(void)state;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		bool named = versions[i].exit != &dat_exit_4_15;
		struct dat_build *b = dat_new(6, 1);
		struct fixture_result r;
		uint64_t exit[9] = { EPT_VIOLATION, RIP, 1, BIT12 };
		size_t n;

		exit[versions[i].exit == &dat_exit_5_4 ? 5 : 7] = named ? 3 : 0;
		dat_type(b, versions[i].exit);
		dat_type(b, versions[i].entry);
		dat_option(b, 5, versions[i].uname, (unsigned)strlen(versions[i].uname) + 1);
		/* The entry first: where the exit does not name the vCPU, its thread does. */
		dat_event(b, 0, 100, versions[i].entry, TID(3), (uint64_t[]){ 3, RIP, 0, 0, 0 });
		dat_event(b, 0, 200, versions[i].exit, TID(3), exit);
		dat_event(b, 0, 300, versions[i].entry, TID(3), (uint64_t[]){ 3, RIP, 0, 0, 0 });
		r = finish(b);
		assert_int_equal(r.opened, 0);
		n = events_only(&r);
		assert_true(n >= 2);
		for (size_t j = 0; j < n; j++)
			assert_int_equal(r.records[j].vcpu, 3);
		assert_int_equal(r.records[n - 2].kind, REBLOCK_EXIT);
		assert_int_equal(r.records[n - 2].qualification, BIT12);
		assert_int_equal(r.records[n - 2].presence & asked[0], versions[i].exit_has);
		assert_int_equal(r.records[n - 1].kind, REBLOCK_ENTRY);
		assert_int_equal(r.records[n - 1].presence & asked[1], versions[i].entry_has);
		free(r.records);
	}
}

/* vCPUs that wander over CPUs; gaps of time, padding, time stamps between. */
static void order_of_time(void **state)
{
	struct dat_build *b = begin(7, 4);
	struct fixture_result r;
	uint64_t seed = 3, t = 1, times[3000];
	size_t n;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		unsigned cpu = fixture_random(&seed) % 4, vcpu = i / 2 % 3;

		t += 10 + fixture_random(&seed) % (i % 97 ? 1000 : (uint64_t)1 << 33);
		times[i] = t;
		if (i > 20 && i % 31 == 0)
			dat_stamp(b, cpu, t - 1);
		else if (i > 20 && i % 17 == 0)
			dat_padding(b, cpu, 24);
		if (i % 2)
			put_entry(b, cpu, t, vcpu);
		else
			put_exit(b, cpu, t, vcpu, 0x181);
	}
	r = finish(b);
	assert_int_equal(r.opened, 0);
	assert_int_equal(r.damages, 0);
	n = events_only(&r);
	assert_int_equal(n, 3000);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(r.records[i].t, times[i]);
		assert_int_equal(r.records[i].kind, i % 2 ? REBLOCK_ENTRY : REBLOCK_EXIT);
		assert_int_equal(r.records[i].vcpu, i / 2 % 3);
	}
	free(r.records);
}

/* As many formats as a whole system has, in descending order, without those of the three events. */
static void fill_up(struct dat_build *b, const char *first_letters)
{
	char text[256];

	for (const char *letter = first_letters; *letter; letter++)
		for (int i = 40; i-- > 0;) {
			snprintf(text, sizeof(text),
				 "name: kvm_%c_%02d\nID: %d\nformat:\n\n\nprint fmt: \"\"\n",
				 *letter, i, 1000 + *letter * 100 + i);
			dat_format(b, "kvm", text);
		}
}

/*
 * A format in the file does not say that its event was enabled. One event does, and a whole system's
 * formats in descending order.
 */
static void enabled_or_not(void **state)
{
	static const struct {
		const char *before, *between, *behind;
		bool recorded;
	} cases[] = {
		{ "", "", "", false },
		{ "z", "", "", true }, /* z, userspace_exit, exit, entry */
		{ "z", "", "a", true },
		{ "z", "f", "", true },  /* "kvm_f" is before exit and entry */
		{ "z", "", "f", false }, /* and not behind them */
		{ "a", "", "", false },
		{ "zz", "", "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dat_build *b = dat_new(7, 1);
		struct fixture_result r;

		fill_up(b, cases[i].before);
		dat_type(b, &dat_userspace_exit);
		fill_up(b, cases[i].between);
		dat_type(b, &dat_exit_6_14);
		dat_type(b, &dat_entry_6_14);
		fill_up(b, cases[i].behind);
		put_exit(b, 0, 100, 0, 0x181);
		put_entry(b, 0, 200, 0);
		r = finish(b);
		assert_int_equal(r.opened, 0);
		assert_true(r.source.presence & REBLOCK_SOURCE_CAPTURES);
		assert_int_equal(!!(r.source.captures & 1u << REBLOCK_USER_EXIT),
				 cases[i].recorded);
		free(r.records);
	}
}

static void expect_refused(struct dat_build *b, const char *words)
{
	struct fixture_result r = finish(b);

	assert_int_equal(r.opened, -EINVAL);
	if (!strstr(r.first, words))
		fail_msg("\"%s\" is not in: %s", words, r.first);
}

static void refusals(void **state)
{
	struct dat_build *b = dat_new(6, 1);

	(void)state;
	dat_type(b, &dat_sched_switch);
	dat_event(b, 0, 1, &dat_sched_switch, 1, (uint64_t[]){ 1, 2 });
	expect_refused(b, "trace-cmd record -e kvm");
	/* Formats alone are no events; nor is an exit without entries enough. */
	expect_refused(begin(7, 1), "trace-cmd record -e kvm");
	b = begin(7, 1);
	put_exit(b, 0, 1, 0, 0);
	expect_refused(b, "trace-cmd record -e kvm");
	b = begin(6, 1);
	dat_option(b, 4, "local [uptime]", 15);
	put_exit(b, 0, 1, 0, 0);
	put_entry(b, 0, 2, 0);
	expect_refused(b, "-C mono");
}

static void refused_heads(void **state)
{
	static const struct {
		const char *head;
		size_t size;
		int error;
		const char *words;
	} cases[] = {
		{ "\x17\x08\x44tracing8\0\0\x8\0\x10\0\0", 18, -ENOTSUP, "version" },
		{ "\x17\x08\x44tracing5\0\0\x8\0\x10\0\0", 18, -ENOTSUP, "version" },
		{ "\x17\x08\x44tracing6\0\1\x8\0\x10\0\0", 18, -EINVAL, "big-endian" },
		{ "\x17\x08\x44tracing", 10, -EINVAL, "cut off" },
		{ "\x17\x08\x44tracing7\0\0\x8\0\x10\0\0lzo\0001", 24, -EINVAL,
		  "--compression none" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture_result r;

		fixture_write(cases[i].head, cases[i].size);
		r = fixture_read_all(fixture_path);
		assert_int_equal(r.opened, cases[i].error);
		if (!strstr(r.first, cases[i].words))
			fail_msg("\"%s\" is not in: %s", cases[i].words, r.first);
	}
}

/* The notes of the file, one after the other, each after a newline. */
static void read_notes(char *notes, size_t size)
{
	struct reblock_input *in;
	const struct reblock_record *records;
	const char *note;
	char *error;

	assert_int_equal(reblock_input_open(fixture_path, NULL, NULL, &in, &error), 0);
	while (reblock_input_next(in, &records) > 0)
		;
	*notes = 0;
	for (size_t i = 0; (note = reblock_input_note(in, i)); i++)
		snprintf(notes + strlen(notes), size - strlen(notes), "\n%s", note);
	reblock_input_close(in);
}

static void notes(void **state)
{
	struct dat_build *b = begin(7, 1);
	char text[4096];

	(void)state;
	put_exit(b, 0, 100, 0, 0x181);
	put_entry(b, 0, 200, 0);
	put_user_exit(b, 0, 300, 0);
	free(finish(b).records);
	read_notes(text, sizeof(text));
	assert_string_equal(text, "");
	/* Nothing of user space, and exits of SVM. */
	b = begin(7, 1);
	put_entry(b, 0, 100, 0);
	dat_event(b, 0, 200, &dat_exit_6_14, TID(0), (uint64_t[9]){ 0x400, RIP, 2 });
	dat_instance(b, "another");
	put_exit(b, 0, 100, 0, 0x181);
	put_entry(b, 0, 200, 0);
	free(finish(b).records);
	read_notes(text, sizeof(text));
	assert_non_null(strstr(text, "\nthe instance \"another\" was not read"));
	assert_non_null(strstr(text, "SVM"));
	assert_non_null(strstr(text, "kvm_userspace_exit was not recorded"));
	assert_non_null(strstr(text, "record with: trace-cmd record -e kvm"));
	assert_null(strstr(text, "perf record"));
	/* Nothing of this kind in the top buffer: the instance is read, and said. */
	b = begin(7, 1);
	dat_instance(b, "another");
	put_exit(b, 0, 100, 0, 0x181);
	put_entry(b, 0, 200, 0);
	free(finish(b).records);
	read_notes(text, sizeof(text));
	assert_non_null(strstr(text, "\nwhat was read is the instance \"another\""));
}

/* The first buffer that has what is needed is read, the top one before others. */
static void instances(void **state)
{
	struct dat_build *b = begin(7, 1);
	struct fixture_result r;

	(void)state;
	dat_type(b, &dat_sched_switch);
	dat_event(b, 0, 1, &dat_sched_switch, 1, (uint64_t[]){ 1, 2 });
	dat_instance(b, "kvm");
	put_exit(b, 0, 100, 0, 0x181);
	put_entry(b, 0, 200, 0);
	r = finish(b);
	assert_int_equal(r.opened, 0);
	assert_int_equal(events_only(&r), 2);
	free(r.records);
	/* The same events in both are not put together. */
	b = begin(7, 1);
	put_exit(b, 0, 100, 0, 0x181);
	put_entry(b, 0, 200, 0);
	dat_instance(b, "kvm");
	put_exit(b, 0, 101, 0, 0x181);
	put_entry(b, 0, 201, 0);
	r = finish(b);
	assert_int_equal(events_only(&r), 2);
	assert_int_equal(r.records[0].t, 100);
	free(r.records);
}

/* A pipe cannot be read back and forth: the same records come of it. */
static void from_a_pipe(void **state)
{
	struct dat_build *b = begin(6, 1);
	struct fixture_result r, piped;
	unsigned char *data;
	size_t size;
	int ends[2], saved = dup(STDIN_FILENO);

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		put_exit(b, 0, 100 + i * 100, 0, 0x181);
		put_entry(b, 0, 150 + i * 100, 0);
	}
	r = finish(b);
	assert_true(r.n >= 200);
	data = fixture_read(&size);
	assert_true(size < 65536);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], data, size), size);
	close(ends[1]);
	dup2(ends[0], STDIN_FILENO);
	close(ends[0]);
	piped = fixture_read_all("-");
	dup2(saved, STDIN_FILENO);
	close(saved);
	assert_int_equal(piped.n, r.n);
	assert_memory_equal(piped.records, r.records, r.n * sizeof(*r.records));
	free(piped.records);
	free(r.records);
	free(data);
}

/* TSC2NSEC: what the clock counts, as ns. */
static void tsc_to_ns(void **state)
{
	static const uint32_t factors[4] = { 3u << 20, 21 };
	struct dat_build *b = begin(7, 1);
	struct fixture_result r;

	(void)state;
	dat_option(b, 14, factors, sizeof(factors));
	put_exit(b, 0, (uint64_t)1 << 62, 0, 0x181);
	put_entry(b, 0, ((uint64_t)1 << 62) + 1000, 0);
	r = finish(b);
	events_only(&r);
	assert_int_equal(r.records[0].t, (uint64_t)3 << 61);
	assert_int_equal(r.records[1].t, ((uint64_t)3 << 61) + 1500);
	free(r.records);
}

/* What a file says of its host goes onto terminals. */
static void host_is_text(void **state)
{
	static const char uname_text[] = "Linux b\x1b[2Jo\xa0x 6.1\x07 x86_64";
	struct dat_build *b = dat_new(7, 1);
	struct fixture_result r;

	(void)state;
	dat_type(b, &dat_exit_6_14);
	dat_type(b, &dat_entry_6_14);
	dat_option(b, 5, uname_text, sizeof(uname_text));
	put_exit(b, 0, 1000, 0, 0);
	put_entry(b, 0, 1100, 0);
	r = finish(b);
	assert_int_equal(r.opened, 0);
	assert_string_equal(r.source.host, "b?[2Jo?x");
	assert_string_equal(r.source.kernel, "6.1?");
	free(r.records);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_and_source),
		cmocka_unit_test(kernel_versions),
		cmocka_unit_test(order_of_time),
		cmocka_unit_test(enabled_or_not),
		cmocka_unit_test(refusals),
		cmocka_unit_test(refused_heads),
		cmocka_unit_test(notes),
		cmocka_unit_test(instances),
		cmocka_unit_test(from_a_pipe),
		cmocka_unit_test(tsc_to_ns),
		cmocka_unit_test(host_is_text),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
