/* SPDX-License-Identifier: BSD-2-Clause */
/* What is asked of a host for Intel PT, by what its sysfs says, and what is said where it cannot be had. */
#include "input_fixture.h"
#include "collector/pt_pmu.h"
#include "pt_kernel.h"
#include <errno.h>
#include <fcntl.h>
#include <time.h>

#define SECOND 1000000000u

static struct pt_kernel kernel;

static int begin(void **state)
{
	(void)state;
	pt_kernel_begin(&kernel);
	return 0;
}

static int end(void **state)
{
	(void)state;
	pt_kernel_end(&kernel);
	return 0;
}

static void pmu_file(const char *name, const char *text)
{
	char path[160];

	snprintf(path, sizeof(path), PT_KERNEL_PMU "%s", name);
	pt_kernel_file(&kernel, path, text);
}

static struct pt_options options(const char *list)
{
	struct pt_options o = { .buffer = PT_BUFFER_LEAST };
	char *error;

	assert_true(pt_options_parse(&o, list, &error));
	assert_null(error);
	return o;
}

/* Begins with LIST; it has to fail with ERR, to say WORDS in one line, and to leave nothing open. */
static void expect_not(const char *list, int err, const char *words)
{
	struct pt_options o = options(list);
	struct pt_recording *recording;
	char *said;

	assert_int_equal(pt_recording_begin(&kernel.os, &o, &recording, &said), err);
	assert_null(recording);
	assert_non_null(said);
	if (!strstr(said, words))
		fail_msg("\"%s\" is not in: %s", words, said);
	assert_ptr_equal(strchr(said, '\n'), said + strlen(said) - 1);
	for (int i = 0; i < kernel.n_fds; i++)
		assert_false(kernel.fds[i].open);
	free(said);
}

/* Begins with LIST; the event's config has to be CONFIG, and WORDS (NULL: nothing) be said. */
static struct reblock_pt_setup expect(const char *list, uint64_t config, const char *words)
{
	struct pt_options o = options(list);
	struct pt_recording *recording;
	struct reblock_pt_setup setup;
	int first = kernel.n_fds;
	char *said;

	assert_int_equal(pt_recording_begin(&kernel.os, &o, &recording, &said), 0);
	if (kernel.fds[first].attr.config != config)
		fail_msg("%s: config 0x%llx", list ? list : "",
			 (unsigned long long)kernel.fds[first].attr.config);
	setup = *pt_recording_setup(recording);
	if (words) {
		assert_non_null(said);
		assert_non_null(strstr(said, words));
	} else {
		assert_null(said);
	}
	free(said);
	pt_recording_free(recording);
	pt_kernel_forget(&kernel);
	return setup;
}

#define TSC 0x400ull
#define MTC3 0xc200ull /* mtc, mtc_period 3 */
#define PSB3 0x3000000ull
#define BRANCH 0x2001ull /* with pt, without which the driver refuses it */
#define EVENT 0x80000000ull

static void no_pt(void **state)
{
	(void)state;
	pmu_file("type", NULL);
	expect_not(NULL, -ENODEV, "this CPU has none");
	pmu_file("type", "8 or so");
	expect_not(NULL, -ENODEV, "this CPU has none");
}

static void host_guest(void **state)
{
	(void)state;
	pt_kernel_file(&kernel, "sys/module/kvm_intel/parameters/pt_mode", "1");
	expect_not(NULL, -ENODEV, "pt_mode is 1");
	/* Older than that parameter, or without KVM: nothing speaks against it. */
	pt_kernel_file(&kernel, "sys/module/kvm_intel/parameters/pt_mode", NULL);
	expect(NULL, TSC | MTC3 | PSB3 | BRANCH | EVENT, NULL);
}

static void no_event_trace(void **state)
{
	struct reblock_pt_setup setup;

	(void)state;
	pmu_file("caps/event_trace", "0");
	setup = expect(NULL, TSC | MTC3 | PSB3 | BRANCH, NULL);
	assert_int_equal(setup.mode, REBLOCK_PT_BRANCHES);
	expect("event", TSC | MTC3 | PSB3 | BRANCH, "this CPU has none");
	expect("event=0", TSC | MTC3 | PSB3 | BRANCH, NULL);
	/* A driver before Linux 5.18, whatever the CPU has. */
	pmu_file("caps/event_trace", NULL);
	pmu_file("format/event", NULL);
	expect("event", TSC | MTC3 | PSB3 | BRANCH, "driver does not know it");
	expect_not("branch=0", -EINVAL, "nothing to trace");
}

/* Linux 4.1: no pt, branch, event, notnt, ratios; Broadwell: no mtc, no psb_cyc either. */
static void old_kernel(void **state)
{
	static const char *const gone[] = { "format/pt",          "format/branch",
					    "format/event",       "format/notnt",
					    "caps/event_trace",   "caps/tnt_disable",
					    "max_nonturbo_ratio", "tsc_art_ratio" };
	struct reblock_pt_setup setup;

	(void)state;
	for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++)
		pmu_file(gone[i], NULL);
	setup = expect(NULL, TSC | MTC3 | PSB3, NULL);
	assert_int_equal(setup.mode, REBLOCK_PT_BRANCHES);
	assert_int_equal(setup.branch_bits | setup.event_bits, 0);
	assert_false(setup.presence & REBLOCK_PT_HAS_NOM_FREQ);
	/* CPUID says what sysfs does not. */
	assert_int_equal(setup.cpuid_0x15_ebx, 300);
	expect_not("branch=0", -EINVAL, "no term \"branch\"");
	pmu_file("caps/mtc", "0");
	pmu_file("caps/mtc_periods", "0");
	pmu_file("caps/psb_cyc", "0");
	pmu_file("caps/psb_periods", "0");
	setup = expect(NULL, TSC, NULL);
	assert_false(setup.presence & REBLOCK_PT_HAS_MTC_FREQ);
	expect_not("mtc=1", -EINVAL, "cannot have mtc=1");
	expect_not("cyc", -EINVAL, "cannot have cyc=1");
	pmu_file("caps/mtc", NULL);
	pmu_file("caps/mtc_periods", NULL);
	expect(NULL, TSC, NULL);
}

static void terms(void **state)
{
	(void)state;
	expect("event,branch=0", TSC | MTC3 | PSB3 | EVENT | 1, NULL);
	expect("cyc,cyc_thresh=2", TSC | MTC3 | PSB3 | BRANCH | EVENT | 2 | 2 << 19, NULL);
	expect("mtc_period=9", TSC | 0x200 | 9 << 14 | PSB3 | BRANCH | EVENT, NULL);
	expect("psb_period=0,noretcomp", TSC | MTC3 | BRANCH | EVENT | 0x800, NULL);
	expect("notnt=1", TSC | MTC3 | PSB3 | BRANCH | EVENT | 1ull << 55, NULL);
	expect("tsc=0,mtc=0,mtc_period=0", PSB3 | BRANCH | EVENT, NULL);
	/* What this CPU has no such value of, what is too large, and what there is not. */
	expect_not("mtc_period=4", -EINVAL, "cannot have mtc_period=4");
	expect_not("psb_period=6", -EINVAL, "cannot have psb_period=6");
	expect_not("cyc=2", -EINVAL, "cannot have cyc=2");
	expect_not("cyc_thresh=16", -EINVAL, "cannot have cyc_thresh=16");
	expect_not("power", -EINVAL, "no term \"power\"");
	expect_not("branch=0,event=0", -EINVAL, "nothing to trace");
	pmu_file("caps/tnt_disable", "0");
	expect_not("notnt", -EINVAL, "cannot have notnt=1");
	/* The nearest period where the usual is not to be had. */
	pmu_file("caps/mtc_periods", "30");
	pmu_file("caps/psb_periods", "5");
	expect(NULL, TSC | 0x200 | 4 << 14 | 2 << 24 | BRANCH | EVENT, NULL);
}

static void words(void **state)
{
	static const char *const wrong[] = { "snapshots=",
					     "=1",
					     "cyc=",
					     "cyc=x",
					     "../type",
					     "guest,host",
					     "user,kernel",
					     ",",
					     "a=99999999999999999999",
					     "a_term_with_a_very_long_name",
					     "cyc=1=2" };
	struct pt_options o = options("snapshot,guest,user,zstd,cyc=0x10");
	struct reblock_pt_setup setup;

	(void)state;
	assert_true(o.snapshot && o.no_host && o.no_kernel && o.compress);
	assert_false(o.no_guest || o.no_user);
	assert_int_equal(o.n_terms, 1);
	assert_int_equal(o.terms[0].value, 16);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		char *error = NULL;

		memset(&o, 0, sizeof(o));
		if (pt_options_parse(&o, wrong[i], &error))
			fail_msg("\"%s\" is taken", wrong[i]);
		assert_non_null(error);
		free(error);
	}
	setup = expect("guest,kernel", TSC | MTC3 | PSB3 | BRANCH | EVENT, NULL);
	assert_true(kernel.fds[0].attr.exclude_host && kernel.fds[0].attr.exclude_user);
	assert_false(kernel.fds[0].attr.exclude_guest || kernel.fds[0].attr.exclude_kernel);
	assert_int_equal(setup.mode, REBLOCK_PT_EVENT_TRACE | REBLOCK_PT_BRANCHES |
					     REBLOCK_PT_NOT_HOST | REBLOCK_PT_NOT_USER);
}

static void refusals(void **state)
{
	static const struct {
		int open, base, aux, err;
		const char *words;
	} cases[] = {
		{ -EACCES, 0, 0, -EACCES, "CAP_PERFMON" },
		{ -EPERM, 0, 0, -EPERM, "CAP_PERFMON" },
		{ -EBUSY, 0, 0, -EBUSY, "another program has it" },
		{ -EMFILE, 0, 0, -EMFILE, "ulimit -n" },
		{ -EINVAL, 0, 0, -EINVAL, "perf_event_open failed" },
		{ 0, EPERM, 0, -EPERM, "perf_event_mlock_kb" },
		{ 0, 0, EPERM, -EPERM, "perf_event_mlock_kb" },
		{ 0, 0, ENOMEM, -ENOMEM, "smaller --pt-buffer" },
		{ 0, 0, EOPNOTSUPP, -EOPNOTSUPP, "mmap failed" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		begin(state);
		kernel.open_error = cases[i].open;
		kernel.base_error = cases[i].base;
		kernel.aux_error = cases[i].aux;
		expect_not(NULL, cases[i].err, cases[i].words);
		end(state);
	}
}

/* A CPU that goes while events are opened is left out. */
static void offline(void **state)
{
	struct pt_options o = options(NULL);
	struct pt_recording *recording;
	struct pt_stats stats;
	char *said;

	(void)state;
	kernel.offline = 2;
	assert_int_equal(pt_recording_begin(&kernel.os, &o, &recording, &said), 0);
	pt_recording_stats(recording, &stats);
	assert_int_equal(stats.cpus, 1);
	pt_recording_free(recording);
}

/* Each thread has an event on each CPU, with one pair of rings for a CPU. */
static void process(void **state)
{
	struct pt_options o = options(NULL);
	struct pt_recording *recording;
	struct pt_stats stats;
	char *said;

	(void)state;
	o.pid = 4711;
	assert_int_equal(pt_recording_begin(&kernel.os, &o, &recording, &said), -ESRCH);
	assert_non_null(strstr(said, "no process 4711"));
	free(said);
	pt_kernel_file(&kernel, "proc/4711/task/4711/comm", "qemu");
	pt_kernel_file(&kernel, "proc/4711/task/4712/comm", "CPU 0/KVM");
	pt_kernel_file(&kernel, "proc/4711/task/4713/comm", "CPU 1/KVM");
	assert_int_equal(pt_recording_begin(&kernel.os, &o, &recording, &said), 0);
	assert_int_equal(kernel.n_fds, 6);
	for (int i = 0; i < 6; i++) {
		assert_true(kernel.fds[i].attr.inherit && kernel.fds[i].enabled);
		assert_in_range(kernel.fds[i].pid, 4711, 4713);
		assert_int_equal(kernel.fds[i].cpu, i / 3 * 2);
		assert_int_equal(kernel.fds[i].redirected, i % 3 ? 100 + i / 3 * 3 : -1);
	}
	assert_int_equal(kernel.fds[0].pid + kernel.fds[1].pid + kernel.fds[2].pid, 3 * 4712);
	pt_recording_stats(recording, &stats);
	assert_int_equal(stats.cpus, 2);
	assert_int_equal(pt_recording_setup(recording)->pid, 4711);
	assert_true(pt_recording_setup(recording)->mode & REBLOCK_PT_OF_PROCESS);
	pt_recording_free(recording);
}

static void cgroup(void **state)
{
	struct pt_options o = options(NULL);
	struct pt_recording *recording;
	char *said;

	(void)state;
	o.cgroup = "/no/such/cgroup";
	assert_int_equal(pt_recording_begin(&kernel.os, &o, &recording, &said), -ENOENT);
	assert_non_null(strstr(said, "/no/such/cgroup"));
	free(said);
	o.cgroup = kernel.root;
	assert_int_equal(pt_recording_begin(&kernel.os, &o, &recording, &said), 0);
	assert_int_equal(kernel.fds[0].flags, PERF_FLAG_PID_CGROUP);
	assert_true(kernel.fds[0].pid >= 0);
	assert_true(pt_recording_setup(recording)->mode & REBLOCK_PT_OF_CGROUP);
	pt_recording_free(recording);
}

static void expect_doctor(bool can, const char *words)
{
	char *said;

	assert_int_equal(pt_doctor(&kernel.os, &said), can);
	assert_non_null(said);
	if (!strstr(said, words))
		fail_msg("\"%s\" is not in: %s", words, said);
	free(said);
}

static void doctor(void **state)
{
	(void)state;
	expect_doctor(true, "with Event Trace");
	pmu_file("format/event", NULL);
	expect_doctor(true, "Linux 5.18");
	pmu_file("caps/event_trace", "0");
	expect_doctor(true, "which this CPU has not");
	pt_kernel_file(&kernel, "sys/module/kvm_intel/parameters/pt_mode", "1");
	expect_doctor(false, "load kvm_intel with pt_mode=0");
	pmu_file("type", NULL);
	expect_doctor(false, "this CPU has none");
	assert_int_equal(kernel.n_fds, 0);
}

static void lists(void **state)
{
	bool in[16] = { false };

	(void)state;
	assert_int_equal(pt_list_parse("0-2,5,15,16-99\n", in, 16), 5);
	assert_true(in[0] && in[1] && in[2] && !in[3] && in[5] && in[15]);
	assert_int_equal(pt_list_parse("", in, 16), 0);
	assert_int_equal(pt_list_parse("x", in, 16), 0);
	assert_int_equal(pt_list_parse("9-4", in, 16), 0);
	assert_int_equal(pt_bits_set(0xf0f, 0x35), 0x305);
	assert_int_equal(pt_bits_get(0xf0f, 0x305), 0x35);
}

/* The kernel's own calls, with an event that every kernel has. It has no AUX area. */
static void linux_calls(void **state)
{
	const struct pt_os *os = &pt_os_linux;
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE,
					.size = sizeof(attr),
					.config = PERF_COUNT_SW_DUMMY,
					.disabled = 1,
					.exclude_kernel = 1 };
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	int fd = os->open(os->context, &attr, 0, -1, 0), other;
	struct perf_event_mmap_page *at;
	uint64_t tsc, ns, later_tsc, later_ns;
	struct timespec time;

	(void)state;
	os->clocks(os->context, &tsc, &ns);
	clock_gettime(CLOCK_MONOTONIC, &time);
	os->clocks(os->context, &later_tsc, &later_ns);
	assert_true(tsc < later_tsc && ns <= later_ns);
	assert_in_range((uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec, ns, later_ns);
	if (fd == -EACCES || fd == -EPERM || fd == -ENOSYS)
		skip();
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	at = os->map(os->context, fd, 2 * page, true, 0);
	assert_non_null(at);
	assert_int_equal(at->data_size, page);
	assert_null(os->map(os->context, fd, page, true, (off_t)(2 * page)));
	assert_int_not_equal(errno, 0);
	other = os->open(os->context, &attr, 0, -1, 0);
	assert_true(other >= 0);
	assert_int_equal(os->redirect(os->context, other, fd), 0);
	assert_int_equal(os->redirect(os->context, other, other), -EINVAL);
	assert_int_equal(os->enable(os->context, fd, true), 0);
	assert_int_equal(os->enable(os->context, fd, false), 0);
	os->unmap(os->context, at, 2 * page);
	os->close(os->context, other);
	os->close(os->context, fd);
	assert_int_equal(os->enable(os->context, fd, true), -EBADF);
	attr.type = UINT32_MAX;
	assert_int_equal(os->open(os->context, &attr, 0, -1, 0), -ENOENT);
}

#define TEST(NAME) cmocka_unit_test_setup_teardown(NAME, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(no_pt),
		TEST(host_guest),
		TEST(no_event_trace),
		TEST(old_kernel),
		TEST(terms),
		TEST(words),
		TEST(offline),
		TEST(process),
		TEST(cgroup),
		TEST(doctor),
		TEST(lists),
		cmocka_unit_test(refusals),
		cmocka_unit_test(linux_calls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
