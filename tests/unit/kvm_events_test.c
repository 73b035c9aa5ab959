/* SPDX-License-Identifier: BSD-2-Clause */
/* KVM's trace events as records, for each version of them: read out of perf.data that is built here. */
#include "perf_fixture.h"

#define NO_OTHER " no-other"

#define RIP_0 UINT64_MAX /* stands for 0, which stands for 0x1000 */

/* Thread 11 of process 10, CPU 0. */
static void event(struct perf_build *b, enum perf_build_event e, uint64_t t,
		  const struct perf_build_fields *fields)
{
	struct perf_build_fields f = *fields;

	if (f.rip == 0 || f.rip == RIP_0)
		f.rip = f.rip ? 0 : 0x1000;
	perf_build_event(b, e, 0, t, 10, 11, &f);
}

#define EVENT(b, e, t, ...) event(b, e, t, &(struct perf_build_fields){ __VA_ARGS__ })
#define EXIT(b, ...) EVENT(b, PERF_BUILD_EXIT, __VA_ARGS__)
#define ENTRY(b, ...) EVENT(b, PERF_BUILD_ENTRY, __VA_ARGS__)
#define USER_EXIT(b, ...) EVENT(b, PERF_BUILD_USER_EXIT, __VA_ARGS__)
#define VIRQ(b, ...) EVENT(b, PERF_BUILD_VIRQ, __VA_ARGS__)
#define EXCEPTION(b, ...) EVENT(b, PERF_BUILD_EXCEPTION, __VA_ARGS__)
#define NESTED(b, ...) EVENT(b, PERF_BUILD_NESTED_VMEXIT, __VA_ARGS__)

static struct perf_build *build(const char *version, unsigned events)
{
	struct perf_build_options o = { .table = PERF_TABLE, .version = version, .events = events };

	return perf_build_new(&o);
}

#define META "meta 1/* t=200 cpu=0 pid=10\n"
#define META_AT(t) "meta 1/* t=" t " cpu=0 pid=10\n"

/* One run: an entry that comes too early, an EPT violation and a fault, with what each version records. */
static void every_version(void **state)
{
	static const struct {
		const char *version, *expected;
	} versions[] = {
		{ "4.15", META "exit 1/3 t=200 cpu=0 reason=48 q=0x1181 ii=0x80000b0e rip=0x1000\n"
			       "entry 1/3 t=300 cpu=0\n"
			       "user_exit 1/3 t=310 cpu=0 reason=5\n"
			       "exit 1/3 t=400 cpu=0 reason=0 q=0xdead ii=0 rip=0x1002\n"
			       "entry 1/3 t=500 cpu=0\n" },
		{ "5.4", META "exit 1/3 t=200 cpu=0 reason=48 q=0x1181 ii=0x80000b0e rip=0x1000\n"
			      "entry 1/3 t=300 cpu=0\n"
			      "user_exit 1/3 t=310 cpu=0 reason=5\n"
			      "exit 1/3 t=400 cpu=0 reason=0 q=0xdead ii=0 rip=0x1002\n"
			      "entry 1/3 t=500 cpu=0\n" },
		{ "5.15", META
		  "exit 1/3 t=200 cpu=0 reason=48 q=0x1181 ii=0 idtv=0x80000b0e rip=0x1000\n"
		  "entry 1/3 t=300 cpu=0 rip=0x1000\n"
		  "user_exit 1/3 t=310 cpu=0 reason=5\n"
		  "exit 1/3 t=400 cpu=0 reason=0 q=0xdead ii=0x80000b0e ec=0x2 idtv=0 rip=0x1002\n"
		  "entry 1/3 t=500 cpu=0 rip=0x1002" NO_OTHER "\n" },
		{ "6.1", META
		  "exit 1/3 t=200 cpu=0 reason=48 q=0x1181 ii=0 idtv=0x80000b0e rip=0x1000\n"
		  "entry 1/3 t=300 cpu=0 rip=0x1000" NO_OTHER "\n"
		  "user_exit 1/3 t=310 cpu=0 reason=5\n"
		  "exit 1/3 t=400 cpu=0 reason=0 q=0xdead ii=0x80000b0e ec=0x2 idtv=0 rip=0x1002\n"
		  "entry 1/3 t=500 cpu=0 rip=0x1002" NO_OTHER "\n" },
		{ "6.14", META
		  "exit 1/3 t=200 cpu=0 reason=48 q=0x1181 ii=0 idtv=0x80000b0e rip=0x1000\n"
		  "entry 1/3 t=300 cpu=0 ii=0x80000202 rip=0x1000\n"
		  "user_exit 1/3 t=310 cpu=0 reason=5\n"
		  "exit 1/3 t=400 cpu=0 reason=0 q=0xdead ii=0x80000b0e ec=0x2 idtv=0 rip=0x1002\n"
		  "entry 1/3 t=500 cpu=0 ii=0x80000b0e ec=0x4 rip=0x1002\n" },
	};
	static const char *const same[][2] = {
		/* version, and the one of above that it is like */
		{ "4.15", "4.15" }, { "5.4", "5.4" },   { "5.15", "5.15" }, { "5.19", "5.15" },
		{ "6.1", "6.1" },   { "6.5", "6.1" },   { "6.8", "6.1" },   { "6.12", "6.1" },
		{ "6.14", "6.14" }, { "6.17", "6.14" }, { "7.2", "6.14" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct perf_build *b = build(same[i][0], 0);
		const char *expected = NULL;
		char *text, *note;
		size_t k;

		for (k = 0; k < sizeof(versions) / sizeof(versions[0]); k++)
			if (strcmp(versions[k].version, same[i][1]) == 0)
				expected = versions[k].expected;
		ENTRY(b, 100, .vcpu_id = 3);
		EXIT(b, 200, .vcpu_id = 3, .reason = 48, .info1 = 0x1181, .info2 = 0x80000b0e);
		ENTRY(b, 300, .vcpu_id = 3, .intr_info = 0x80000202, .error_code = 9);
		USER_EXIT(b, 310, .reason = 5);
		EXIT(b, 400, .vcpu_id = 3, .rip = 0x1002, .info1 = 0xdead, .intr_info = 0x80000b0e,
		     .error_code = 2);
		ENTRY(b, 500, .vcpu_id = 3, .rip = 0x1002, .intr_info = 0x80000b0e,
		      .error_code = 4);
		text = perf_read_built(b);
		note = strstr(text, "note");
		assert_true((note != NULL) == (i < 2));
		if (note)
			*note = 0;
		perf_expect(text, expected);
	}
}

/* 5.10 records IDT-vectoring information always as 0: there it is absent, until a value shows a fix. */
static void absent_idtv(void **state)
{
	static const struct {
		const char *release;
		bool trusted;
		const char *note;
	} releases[] = {
		{ "5.10.0-28-amd64", false, "(this is 5.10.0-28-amd64) record it always as 0" },
		{ "5.11.22", false, "(this is 5.11.22)" },
		{ "4.18.0-305.el8.x86_64", false, "(this is 4.18.0-305.el8.x86_64)" },
		{ "", false, "does not say of which kernel it is" },
		{ "5.12.0", true, NULL },
		{ "6.1.0-28-amd64", true, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
		for (int fixed = 0; fixed < 2; fixed++) {
			struct perf_build_options o = { .table = PERF_TABLE,
							.version = "5.10",
							.release = releases[i].release };
			struct perf_build *b = perf_build_new(&o);
			char *text, *third;

			EXIT(b, 200, .reason = 48);
			ENTRY(b, 300);
			EXIT(b, 400, .reason = 48, .info2 = fixed ? 0x80000202 : 0);
			ENTRY(b, 500);
			EXIT(b, 600, .reason = 48);
			ENTRY(b, 700);
			text = perf_read_built(b);
			third = strstr(text, "t=600");
			assert_non_null(third);
			assert_true((strstr(text, "t=200 cpu=0 reason=48 q=0 ii=0 idtv=0 ") !=
				     NULL) == releases[i].trusted);
			assert_true((strstr(third, "ii=0 idtv=0 ") != NULL) ==
				    (releases[i].trusted || fixed));
			if (fixed)
				assert_non_null(strstr(text, "idtv=0x80000202"));
			/* An entry without idtv may inject an exception again without an event. */
			assert_true((strstr(third, "t=700 cpu=0 rip=0x1000" NO_OTHER) != NULL) ==
				    (releases[i].trusted || fixed));
			if (releases[i].note)
				assert_non_null(strstr(text, releases[i].note));
			else
				assert_null(strstr(text, "note"));
			free(text);
		}
	}
}

/* A failed entry says nothing but its reason; a RIP that KVM cannot know is none. */
static void failed_entry(void **state)
{
	struct perf_build *b = build("6.1", 0);

	(void)state;
	EXIT(b, 200, .reason = 0x80000021, .info1 = 0);
	EXIT(b, 300, .reason = 48, .rip = 0xfff0);
	ENTRY(b, 400, .rip = RIP_0);
	perf_expect(perf_read_built(b),
		    META "exit 1/0 t=200 cpu=0 reason=2147483681 q=0 rip=0x1000\n"
			 "exit 1/0 t=300 cpu=0 reason=48 q=0 ii=0 idtv=0\n"
			 "entry 1/0 t=400 cpu=0" NO_OTHER "\n");
}

static void other_isa(void **state)
{
	struct perf_build *b = build("6.1", 0);
	char *text;

	(void)state;
	EXIT(b, 200, .reason = 0x400, .isa = 2, .vcpu_id = 1);
	ENTRY(b, 300, .vcpu_id = 1);
	USER_EXIT(b, 310);
	EXIT(b, 400, .reason = 0x400, .isa = 2, .vcpu_id = 1);
	EXIT(b, 500, .reason = 0x400, .isa = 9, .vcpu_id = 2);
	ENTRY(b, 600, .vcpu_id = 2);
	text = perf_read_built(b);
	perf_expect(
		text,
		"note 2 exits of AMD SVM (isa 2) are not judged: VMX only\n"
		"note 1 exits of an instruction set extension that is not known (isa 9) are not judged: VMX only\n");
}

/* 4.15's kvm_exit does not name its vCPU: it is the one that the thread entered last. */
static void vcpu_by_thread(void **state)
{
	struct perf_build_options o = { .table = PERF_TABLE, .version = "4.15", .cpus = 2 };
	struct perf_build *b = perf_build_new(&o);
	struct perf_build_fields f = { .rip = 0x1000, .reason = 48 };
	char *text;

	(void)state;
	perf_build_event(b, PERF_BUILD_EXIT, 0, 100, 10, 11, &f); /* whose? */
	f.vcpu_id = 4;
	perf_build_event(b, PERF_BUILD_ENTRY, 0, 110, 10, 11, &f);
	f.vcpu_id = 7;
	perf_build_event(b, PERF_BUILD_ENTRY, 1, 111, 10, 12, &f);
	f.vcpu_id = 99; /* not in this format */
	perf_build_event(b, PERF_BUILD_EXIT, 0, 120, 10, 11, &f);
	perf_build_event(b, PERF_BUILD_EXIT, 1, 121, 10, 12, &f);
	text = perf_read_built(b);
	assert_non_null(strstr(text, "exit 1/4 t=120"));
	assert_non_null(strstr(text, "exit 1/7 t=121"));
	assert_null(strstr(text, "t=100"));
	perf_expect_in(text, "note 1 exits are left out: this kernel's kvm_exit does not name");
}

/* Two threads of a process with the same vcpu_id are two VMs; a thread may run several vCPUs. */
static void vms(void **state)
{
	struct perf_build_options o = { .table = PERF_TABLE, .version = "6.1" };
	struct perf_build *b = perf_build_new(&o);
	struct perf_build_fields zero = { .rip = 0x1000, .reason = 12 }, one = zero;

	(void)state;
	one.vcpu_id = 1;
	perf_build_comm(b, 0, 1, 10, 10, "first");
	perf_build_comm(b, 0, 2, 10, 11, "CPU 0/KVM");
	perf_build_comm(b, 0, 3, 20, 20, "second");
	perf_build_event(b, PERF_BUILD_EXIT, 0, 100, 10, 11, &zero);
	perf_build_event(b, PERF_BUILD_EXIT, 0, 110, 10, 12, &one);
	perf_build_event(b, PERF_BUILD_EXIT, 0, 120, 10, 13, &zero); /* another VM */
	perf_build_event(b, PERF_BUILD_EXIT, 0, 125, 10, 14, &zero); /* and another */
	perf_build_event(b, PERF_BUILD_EXIT, 0, 130, 20, 21, &zero);
	perf_build_event(b, PERF_BUILD_EXIT, 0, 140, 20, 21, &one);   /* the same thread */
	perf_build_event(b, PERF_BUILD_ENTRY, 0, 150, 20, 21, &zero); /* it went back */
	perf_build_event(b, PERF_BUILD_ENTRY, 0, 160, 10, 13, &zero);
	perf_expect(perf_read_built(b),
		    "meta 1/* t=100 cpu=0 pid=10 name=first\n"
		    "exit 1/0 t=100 cpu=0 reason=12 q=0 ii=0 idtv=0 rip=0x1000\n"
		    "exit 1/1 t=110 cpu=0 reason=12 q=0 ii=0 idtv=0 rip=0x1000\n"
		    "meta 2/* t=120 cpu=0 pid=10 name=first\n"
		    "exit 2/0 t=120 cpu=0 reason=12 q=0 ii=0 idtv=0 rip=0x1000\n"
		    "meta 3/* t=125 cpu=0 pid=10 name=first\n"
		    "exit 3/0 t=125 cpu=0 reason=12 q=0 ii=0 idtv=0 rip=0x1000\n"
		    "meta 4/* t=130 cpu=0 pid=20 name=second\n"
		    "exit 4/0 t=130 cpu=0 reason=12 q=0 ii=0 idtv=0 rip=0x1000\n"
		    "exit 4/1 t=140 cpu=0 reason=12 q=0 ii=0 idtv=0 rip=0x1000\n"
		    "user_exit 4/0 t=150 cpu=0\n"
		    "entry 4/0 t=150 cpu=0 rip=0x1000 no-other\n"
		    "entry 2/0 t=160 cpu=0 rip=0x1000 no-other\n");
}

/* A KVM_RUN that failed leaves the reason of an earlier one. */
static void user_exit_reason(void **state)
{
	struct perf_build *b = build("6.1", 0);

	(void)state;
	EXIT(b, 200, .reason = 30);
	USER_EXIT(b, 210, .reason = 2, .error = 0);
	USER_EXIT(b, 220, .reason = 2, .error = -14);
	perf_expect(perf_read_built(b),
		    META "exit 1/0 t=200 cpu=0 reason=30 q=0 ii=0 idtv=0 rip=0x1000\n"
			 "user_exit 1/0 t=210 cpu=0 reason=2\n"
			 "user_exit 1/0 t=220 cpu=0\n");
}

/* What the entry injects, where only the events between tell. */
static void injections(void **state)
{
	static const struct {
		const char *version;
		uint32_t idtv;
		const char *
			events; /* v interrupt 0x31, w 0x32, s soft 0x80, p #PF, b #BP, u user exit */
		const char *entry;
	} cases[] = {
		{ "6.1", 0, "", NO_OTHER },
		{ "6.1", 0, "v", " ii=0x80000031" },
		{ "6.1", 0, "vv", " ii=0x80000031" }, /* a cancelled entry */
		{ "6.1", 0, "vw", "" },
		{ "6.1", 0, "s", " ii=0x80000480" },
		{ "6.1", 0, "p", " ii=0x80000b0e ec=0x5" },
		{ "6.1", 0, "b", " ii=0x80000603" },
		{ "6.1", 0, "pv", "" },
		{ "6.1", 0, "uv", " ii=0x80000031" },
		{ "6.1", 0, "vu", " ii=0x80000031" },
		/* since 6.0 every exception has an event, also one that is injected again */
		{ "6.1", 0x80000b0e, "", NO_OTHER },
		{ "6.1", 0x80000b0e, "p", " ii=0x80000b0e ec=0x5" },
		{ "6.1", 0, "u", NO_OTHER },
		{ "5.15", 0, "", NO_OTHER },
		{ "5.15", 0, "v", " ii=0x80000031" },
		{ "5.15", 0, "p", " ii=0x80000b0e ec=0x5" },
		{ "5.15", 0x80000b0e, "", "" }, /* may be injected again, without an event */
		{ "5.15", 0x80000202, "", NO_OTHER },
		{ "5.15", 0, "u", "" }, /* user space may have set one */
		/* before 6.0 a software interrupt is told by what was interrupted */
		{ "5.15", 0x80000480, "s", " ii=0x80000480" },
		{ "5.15", 0x80000480, "v", " ii=0x80000031" },
		{ "5.4", 0, "", "" },
		{ "5.4", 0, "v", "" },
		{ "5.4", 0, "p", " ii=0x80000b0e ec=0x5" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct perf_build *b = build(cases[i].version, 0);
		char expected[128], *text, *entry;
		bool has_rip = strcmp(cases[i].version, "5.4") != 0;
		bool told = strcmp(cases[i].entry, NO_OTHER) == 0;

		/* what came before the exit counts for nothing */
		VIRQ(b, 90, .vector = 0x99);
		EXIT(b, 100, .reason = 12);
		VIRQ(b, 110, .vector = 0x98);
		ENTRY(b, 120);
		VIRQ(b, 130, .vector = 0x97);
		EXIT(b, 200, .reason = 12, .info2 = cases[i].idtv);
		for (const char *e = cases[i].events; *e; e++) {
			uint64_t t = 210 + (uint64_t)(e - cases[i].events);

			switch (*e) {
			case 'v':
				VIRQ(b, t, .vector = 0x31);
				break;
			case 'w':
				VIRQ(b, t, .vector = 0x32);
				break;
			case 's':
				VIRQ(b, t, .vector = 0x80, .soft = true);
				break;
			case 'p':
				EXCEPTION(b, t, .vector = 14, .has_error = true, .error_code = 5);
				break;
			case 'b':
				EXCEPTION(b, t, .vector = 3, .error_code = 5);
				break;
			default:
				USER_EXIT(b, t);
				break;
			}
		}
		ENTRY(b, 300);
		ENTRY(b, 310);
		text = perf_read_built(b);
		entry = strstr(text, "entry 1/0 t=300");
		assert_non_null(entry);
		*strchr(entry, '\n') = 0;
		snprintf(expected, sizeof(expected), "entry 1/0 t=300 cpu=0%.*s%s%s", told ? 0 : 40,
			 cases[i].entry, has_rip ? " rip=0x1000" : "", told ? NO_OTHER : "");
		if (strcmp(entry, expected) != 0)
			print_error("case %zu\n", i);
		perf_expect(strdup(entry), expected);
		free(text);
	}
}

/* The flag needs both events, and before 6.0 the exits to user space too. */
static void injections_not_recorded(void **state)
{
	static const struct {
		const char *version;
		unsigned without;
		bool told;
	} cases[] = {
		{ "6.1", 0, true },
		{ "6.1", 1u << PERF_BUILD_VIRQ, false },
		{ "6.1", 1u << PERF_BUILD_EXCEPTION, false },
		{ "6.1", 1u << PERF_BUILD_USER_EXIT, true },
		{ "5.15", 0, true },
		{ "5.15", 1u << PERF_BUILD_USER_EXIT, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct perf_build *b =
			build(cases[i].version, PERF_BUILD_USUAL & ~cases[i].without);
		char *text;

		EXIT(b, 100, .reason = 12);
		ENTRY(b, 120);
		text = perf_read_built(b);
		assert_true((strstr(text, NO_OTHER) != NULL) == cases[i].told);
		assert_true((strstr(text, "kvm:kvm_userspace_exit was not recorded") != NULL) ==
			    (cases[i].without == 1u << PERF_BUILD_USER_EXIT));
		assert_true(
			(strstr(text, "kvm:kvm_inj_exception were not both recorded") != NULL) ==
			(cases[i].without && cases[i].without != 1u << PERF_BUILD_USER_EXIT));
		free(text);
	}
}

/* l2 is 0 until the thread runs a nested guest, then it is not known. */
static void nested(void **state)
{
	struct perf_build *b = build("6.1", PERF_BUILD_ALL);

	(void)state;
	EXIT(b, 200, .reason = 12);
	ENTRY(b, 210);
	EXIT(b, 300, .reason = 12);
	NESTED(b, 310);
	ENTRY(b, 320);
	EXIT(b, 400, .reason = 12);
	perf_expect(
		perf_read_built(b), META
		"exit 1/0 t=200 cpu=0 reason=12 q=0 ii=0 idtv=0 rip=0x1000 l2=0\n"
		"entry 1/0 t=210 cpu=0 rip=0x1000 l2=0 no-other\n"
		"exit 1/0 t=300 cpu=0 reason=12 q=0 ii=0 idtv=0 rip=0x1000 l2=0\n"
		"entry 1/0 t=320 cpu=0 rip=0x1000\n"
		"exit 1/0 t=400 cpu=0 reason=12 q=0 ii=0 idtv=0 rip=0x1000\n"
		"note 1 threads ran nested guests: from then on it is not known which VMCS their vCPUs used, and they are not judged\n");
	/* VMLAUNCH and VMRESUME tell also where the nested events were not recorded. */
	b = build("6.1", 0);
	EXIT(b, 200, .reason = 12);
	ENTRY(b, 210);
	EXIT(b, 300, .reason = 24);
	ENTRY(b, 320);
	EXIT(b, 400, .reason = 24);
	perf_expect(
		perf_read_built(b), META
		"exit 1/0 t=200 cpu=0 reason=12 q=0 ii=0 idtv=0 rip=0x1000\n"
		"entry 1/0 t=210 cpu=0 rip=0x1000 no-other\n"
		"exit 1/0 t=300 cpu=0 reason=24 q=0 ii=0 idtv=0 rip=0x1000 l2=0\n"
		"entry 1/0 t=320 cpu=0 rip=0x1000\n"
		"exit 1/0 t=400 cpu=0 reason=24 q=0 ii=0 idtv=0 rip=0x1000\n"
		"note 1 threads ran nested guests: from then on it is not known which VMCS their vCPUs used, and they are not judged\n");
}

/* A vcpu_id that no record can hold; more vCPUs than are told apart. */
static void too_many(void **state)
{
	struct perf_build *b = build("6.1", 0);
	char *text;

	(void)state;
	EXIT(b, 100, .vcpu_id = 65535);
	EXIT(b, 110, .vcpu_id = 65534);
	text = perf_read_built(b);
	assert_non_null(strstr(text, "exit 1/65534"));
	perf_expect_in(text, "note 1 events are left out: their vcpu_id is 65535 or more\n");
	b = build("6.1", 0);
	for (unsigned i = 0; i < 300; i++)
		EXIT(b, 100 + i, .vcpu_id = i);
	text = perf_read_built(b);
	assert_null(strstr(text, "exit 1/256 "));
	perf_expect_in(text, "note 44 events are left out: there are more than");
	b = build("6.1", 0);
	for (uint32_t i = 0; i < 65536 + 5; i++)
		perf_build_event(b, PERF_BUILD_EXIT, 0, 100 + i, 1 + i, 1 + i,
				 &(struct perf_build_fields){ .rip = 1 });
	perf_expect_in(perf_read_built(b), "note 5 events are left out: there are more than 65536");
}

/* What the source says that it carries. */
static void source(void **state)
{
	static const struct {
		const char *version;
		unsigned events, captures, fields;
	} cases[] = {
		{ "4.15", PERF_BUILD_BOTH, 0, 0 },
		{ "5.4", PERF_BUILD_USUAL, 1u << REBLOCK_USER_EXIT, 0 },
		{ "5.10", PERF_BUILD_BOTH, 0, REBLOCK_HAS_IDT_VECTORING | REBLOCK_HAS_ERROR_CODE },
		{ "7.2", PERF_BUILD_ALL, 1u << REBLOCK_USER_EXIT,
		  REBLOCK_HAS_IDT_VECTORING | REBLOCK_HAS_ERROR_CODE | REBLOCK_HAS_L2 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct perf_build *b = build(cases[i].version, cases[i].events);
		struct fixture_result r;
		uint8_t *data;
		size_t size;

		EXIT(b, 100, .reason = 12);
		fixture_setup(state);
		perf_build_finish(b, &data, &size);
		fixture_write(data, size);
		free(data);
		r = fixture_read_all(fixture_path);
		fixture_teardown(state);
		assert_int_equal(r.opened, 0);
		assert_int_equal(r.source.presence, REBLOCK_SOURCE_CPU | REBLOCK_SOURCE_CAPTURES |
							    REBLOCK_SOURCE_FIELDS);
		assert_int_equal(r.source.captures, (1u << REBLOCK_EXIT | 1u << REBLOCK_ENTRY |
						     1u << REBLOCK_LOST | 1u << REBLOCK_META) |
							    cases[i].captures);
		assert_int_equal(r.source.fields,
				 (REBLOCK_HAS_REASON | REBLOCK_HAS_RIP | REBLOCK_HAS_QUALIFICATION |
				  REBLOCK_HAS_INTR_INFO) |
					 cases[i].fields);
		assert_string_equal(r.source.source, "perf.data of perf 6.1.0");
		assert_string_equal(r.source.host, "builder");
		assert_string_equal(r.source.clock, "perf");
		assert_int_equal(r.source.model, 85);
		free(r.records);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_version),
		cmocka_unit_test(absent_idtv),
		cmocka_unit_test(failed_entry),
		cmocka_unit_test(other_isa),
		cmocka_unit_test(vcpu_by_thread),
		cmocka_unit_test(vms),
		cmocka_unit_test(user_exit_reason),
		cmocka_unit_test(injections),
		cmocka_unit_test(injections_not_recorded),
		cmocka_unit_test(nested),
		cmocka_unit_test(too_many),
		cmocka_unit_test(source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
