// SPDX-License-Identifier: BSD-2-Clause
/*
 * The rings for real: BPF programs on this machine's CPUs, threads that move between them, and a reader that has given up
 * its rights. Needs root and a kernel that takes BPF; no KVM.
 */
#include "collector/bpf/shared.h"
#include "collector/budget.h"
#include "collector/rights.h"
#include "collector/rings.h"
#include "collector/tables.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <reblock/record.h>

#include "rings_test.skel.h"

#define THREADS 6
#define CALLS 40000
#define MOVE_EVERY 100

static cpu_set_t allowed;
static atomic_uint running;

struct seen {
	struct {
		uint64_t n, gaps, moves, t;
		uint16_t next, cpu;
	} thread[THREADS];
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* In the order of the thread's own calls, or it is said. */
static int take(void *context, const void *sample, size_t size)
{
	struct seen *seen = context;
	struct reblock_record r;
	uint16_t gap;

	assert_int_equal(size, sizeof(r));
	memcpy(&r, sample, sizeof(r));
	assert_true(r.vcpu < THREADS);
	gap = (uint16_t)(r.seq - seen->thread[r.vcpu].next);
	assert_true(gap < 32768);
	assert_true(r.t > seen->thread[r.vcpu].t);
	seen->thread[r.vcpu].gaps += gap;
	seen->thread[r.vcpu].moves += seen->thread[r.vcpu].n && seen->thread[r.vcpu].cpu != r.cpu;
	seen->thread[r.vcpu].n++;
	seen->thread[r.vcpu].next = (uint16_t)(r.seq + 1);
	seen->thread[r.vcpu].cpu = r.cpu;
	seen->thread[r.vcpu].t = r.t;
	return 0;
}

static void move(unsigned to)
{
	cpu_set_t set;
	int cpu = 0;

	to %= (unsigned)CPU_COUNT(&allowed);
	for (;; cpu++) {
		if (CPU_ISSET(cpu, &allowed) && !to--)
			break;
	}
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static void *run(void *context)
{
	unsigned long self = (unsigned long)context;

	for (unsigned long i = 0; i < CALLS; i++) {
		if (i % MOVE_EVERY == 0)
			move((unsigned)(self + i / MOVE_EVERY));
		syscall(SYS_getppid, self, i);
	}
	atomic_fetch_sub(&running, 1);
	return NULL;
}

struct setup {
	struct rings_test *bpf;
	struct rings rings;
	struct merge merge;
};

static uint32_t only_pid;
static bool only_cgroup;

static bool begin(struct setup *setup, size_t wanted, bool budgeted)
{
	unsigned cpus = (unsigned)libbpf_num_possible_cpus();

	setup->bpf = rings_test__open();
	assert_non_null(setup->bpf);
	setup->bpf->rodata->process = (__u32)getpid();
	setup->bpf->rodata->number = SYS_getppid;
	setup->bpf->rodata->budgeted = budgeted;
	assert_int_equal(bpf_map__set_autocreate(setup->bpf->maps.cgroups, only_cgroup), 0);
	setup->bpf->rodata->selected_pid = only_pid;
	setup->bpf->rodata->selected_cgroup = only_cgroup;
	rings_plan(wanted, cpus, &setup->rings);
	assert_int_equal(bpf_map__set_max_entries(setup->bpf->maps.rings, cpus), 0);
	if (rings_test__load(setup->bpf)) {
		rings_test__destroy(setup->bpf);
		return false;
	}
	assert_int_equal(rings_make(&setup->rings, bpf_map__fd(setup->bpf->maps.rings), cpus), 0);
	assert_int_equal(merge_begin(&setup->merge, setup->rings.ring, setup->rings.n), 0);
	assert_int_equal(rings_test__attach(setup->bpf), 0);
	return true;
}

static void end(struct setup *setup)
{
	merge_end(&setup->merge);
	rings_free(&setup->rings);
	rings_test__destroy(setup->bpf);
}

static void start(pthread_t threads[THREADS])
{
	atomic_store(&running, THREADS);
	for (unsigned long i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, run, (void *)i), 0);
}

/* All are there, or dropped and counted; each thread's in its order, on all the CPUs that it was on. */
static void moving(void **state)
{
	/* Large enough for all, then so small that some are dropped. */
	const size_t sizes[] = { 64u << 20, 4096 };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct seen seen = { 0 };
		uint64_t n = 0, gaps = 0, moves = 0, dropped;
		pthread_t threads[THREADS];
		struct setup setup;

		if (!begin(&setup, sizes[i], false))
			skip();
		start(threads);
		while (atomic_load(&running)) {
			assert_int_equal(merge_round(&setup.merge, now(), SIZE_MAX, take, &seen),
					 0);
			if (sizes[i] == 4096)
				nanosleep(&(struct timespec){ 0, 2000000 }, NULL);
		}
		for (size_t k = 0; k < THREADS; k++)
			assert_int_equal(pthread_join(threads[k], NULL), 0);
		assert_int_equal(merge_round(&setup.merge, UINT64_MAX, SIZE_MAX, take, &seen), 0);
		assert_int_equal(merge_hidden(&setup.merge), 0);
		for (size_t k = 0; k < THREADS; k++) {
			n += seen.thread[k].n;
			gaps += seen.thread[k].gaps + (uint16_t)(CALLS - seen.thread[k].next);
			moves += seen.thread[k].moves;
		}
		dropped = setup.bpf->bss->counters.dropped;
		print_message("%zu bytes in %zu rings: %" PRIu64 " records, %" PRIu64
			      " dropped, %" PRIu64 " moves\n",
			      setup.rings.size, setup.rings.n, n, dropped, moves);
		assert_int_equal(n + dropped, (uint64_t)THREADS * CALLS);
		assert_int_equal(gaps, dropped);
		if (sizes[i] == 4096)
			assert_true(dropped > 0);
		else
			assert_int_equal(dropped, 0);
		if (CPU_COUNT(&allowed) > 1)
			assert_true(moves > THREADS);
		end(&setup);
	}
}

/* Above the budget nothing is shipped, and all of it is counted; in the next window it goes on by itself. */
static void budget(void **state)
{
	struct budget_window window = { .most = 100 };
	struct setup setup;
	struct seen seen = { 0 };
	int64_t *left;

	(void)state;
	if (!begin(&setup, 1u << 20, true))
		skip();
	left = (int64_t *)&setup.bpf->bss->budget.left;
	budget_look(&window, 1, left);
	for (unsigned long i = 0; i < 250; i++)
		syscall(SYS_getppid, 0, i);
	budget_look(&window, 2, left);
	assert_true(window.counting_only);
	assert_int_equal(merge_round(&setup.merge, UINT64_MAX, SIZE_MAX, take, &seen), 0);
	assert_int_equal(seen.thread[0].n, 100);
	assert_int_equal(setup.bpf->bss->counters.over_budget, 150);
	assert_int_equal(setup.bpf->bss->counters.dropped, 150);

	budget_look(&window, 2000000000, left);
	for (unsigned long i = 250; i < 260; i++)
		syscall(SYS_getppid, 0, i);
	assert_int_equal(merge_round(&setup.merge, UINT64_MAX, SIZE_MAX, take, &seen), 0);
	assert_int_equal(seen.thread[0].n, 110);
	assert_int_equal(seen.thread[0].gaps, 150);
	budget_look(&window, 4000000000, left);
	assert_false(window.counting_only);
	end(&setup);
}

/* How many of 10 calls are recorded now. */
static uint64_t recorded(struct setup *setup)
{
	struct seen seen = { 0 };

	for (unsigned long i = 0; i < 10; i++)
		syscall(SYS_getppid, 2, i);
	assert_int_equal(merge_round(&setup->merge, UINT64_MAX, SIZE_MAX, take, &seen), 0);
	return seen.thread[2].n;
}

static void by_process(void **state)
{
	struct setup setup;

	(void)state;
	for (uint32_t other = 0; other < 2; other++) {
		only_pid = (uint32_t)getpid() + other;
		if (!begin(&setup, 1u << 20, false)) {
			only_pid = 0;
			skip();
		}
		only_pid = 0;
		assert_int_equal(recorded(&setup), other ? 0 : 10);
		end(&setup);
	}
}

static void enter(const char *cgroup)
{
	char path[300];
	FILE *file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	file = fopen(path, "we");
	assert_non_null(file);
	fprintf(file, "%d", (int)getpid());
	assert_int_equal(fclose(file), 0);
}

/* A folder in which cgroups of version 2 are mounted, to be unmounted. */
static bool mount_cgroups(char *folder)
{
	return mkdtemp(folder) && mount("none", folder, "cgroup2", 0, NULL) == 0;
}

/* In it or below it, and not beside it or above. */
static void by_cgroup(void **state)
{
	char folder[] = "/tmp/reblock-cgroup-XXXXXX", chosen[64], below[80];
	struct setup setup;
	__u32 first = 0;
	char *error;
	int fd;

	(void)state;
	if (!mount_cgroups(folder)) {
		rmdir(folder);
		skip();
	}
	snprintf(chosen, sizeof(chosen), "%s/reblock-test-%d", folder, (int)getpid());
	snprintf(below, sizeof(below), "%s/vcpu0", chosen);
	assert_int_equal(mkdir(chosen, 0755), 0);
	assert_int_equal(mkdir(below, 0755), 0);
	only_cgroup = true;
	if (begin(&setup, 1u << 20, false)) {
		/* None named yet. */
		assert_int_equal(recorded(&setup), 0);
		fd = tables_open_cgroup(chosen, &error);
		assert_true(fd >= 0);
		assert_int_equal(bpf_map_update_elem(bpf_map__fd(setup.bpf->maps.cgroups), &first,
						     &fd, 0),
				 0);
		close(fd);
		assert_int_equal(recorded(&setup), 0);
		enter(chosen);
		assert_int_equal(recorded(&setup), 10);
		enter(below);
		assert_int_equal(recorded(&setup), 10);
		enter(folder);
		assert_int_equal(recorded(&setup), 0);
		end(&setup);
	}
	only_cgroup = false;
	assert_int_equal(rmdir(below), 0);
	assert_int_equal(rmdir(chosen), 0);
	assert_int_equal(umount(folder), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void no_cgroup(void **state)
{
	char *error = NULL;

	(void)state;
	assert_int_equal(tables_open_cgroup("/no/such/cgroup", &error), -ENOENT);
	assert_non_null(strstr(error, "/no/such/cgroup"));
	free(error);
	assert_int_equal(tables_open_cgroup("/tmp", &error), -EINVAL);
	assert_non_null(strstr(error, "not the folder of a cgroup"));
	free(error);
	assert_int_equal(tables_open_cgroup("/dev/null", &error), -ENOTDIR);
	free(error);
}

static uint64_t held(void)
{
	FILE *status = fopen("/proc/self/status", "re");
	uint64_t rights;

	assert_non_null(status);
	rights = rights_parse(status);
	fclose(status);
	return rights;
}

static int line_of_status(const char *name)
{
	FILE *status = fopen("/proc/self/status", "re");
	char line[256];
	int value = -1;

	assert_non_null(status);
	while (fgets(line, sizeof(line), status)) {
		if (!strncmp(line, name, strlen(name)))
			value = (int)strtol(line + strlen(name) + 1, NULL, 10);
	}
	fclose(status);
	return value;
}

/* In a process of its own: what is attached and mapped works on without any right; nothing brings them back. */
static int without_rights(void)
{
	struct setup setup;
	struct seen seen = { 0 };
	char *error = NULL;
	__u32 key = 0;
	int value;

	if (!held() || !begin(&setup, 1u << 20, false))
		return 77;
	if (rights_drop(&error) || held() || line_of_status("NoNewPrivs:") != 1)
		return 1;
	for (unsigned long i = 0; i < 500; i++)
		syscall(SYS_getppid, 1, i);
	if (merge_round(&setup.merge, UINT64_MAX, SIZE_MAX, take, &seen) ||
	    seen.thread[1].n != 500 || setup.bpf->bss->counters.dropped)
		return 2;
	/* Making a map would take CAP_BPF, where not everybody may. */
	value = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "ring", 0, 0, 4096, NULL);
	if (value >= 0)
		return 3;
	value = bpf_map_lookup_elem(bpf_map__fd(setup.bpf->maps.rings), &key, &value);
	print_message("without rights, a look into a table says: %s\n",
		      value ? strerror(-value) : "it is open");
	/* A program that belongs to root does not get them back. */
	value = system("test \"$(sed -n 's/^CapEff:\\t0*//p' /proc/self/status)\" = ''");
	end(&setup);
	return value ? 4 : 0;
}

static void rights(void **state)
{
	pid_t child = fork();
	int status;

	(void)state;
	if (child == 0)
		_exit(without_rights());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void *wait_for_end(void *context)
{
	while (atomic_load((atomic_uint *)context))
		sched_yield();
	return NULL;
}

/* Another thread would keep its rights: refused, and nothing is given up. */
static void threads_first(void **state)
{
	atomic_uint wait = 1;
	uint64_t before = held();
	char *error = NULL;
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, wait_for_end, &wait), 0);
	assert_int_equal(rights_drop(&error), -EBUSY);
	assert_non_null(strstr(error, "threads"));
	free(error);
	assert_int_equal(held(), before);
	atomic_store(&wait, 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void plans(void **state)
{
	struct rings rings;

	(void)state;
	rings_plan(0, 1, &rings);
	assert_int_equal(rings.n, 1);
	assert_int_equal(rings.size, 8 << 20);
	rings_plan(0, 2, &rings);
	assert_int_equal(rings.size, 4 << 20);
	rings_plan(0, 96, &rings);
	assert_int_equal(rings.n, 96);
	assert_int_equal(rings.size, 128 << 10);
	rings_plan(0, 8192, &rings);
	assert_int_equal(rings.n, 512);
	assert_int_equal(rings.n * rings.size, 64 << 20);
	rings_plan(1, 3, &rings);
	assert_int_equal(rings.n, 3);
	assert_int_equal(rings.size, sysconf(_SC_PAGESIZE));
	rings_plan(100 << 20, 64, &rings);
	assert_int_equal(rings.size, 2 << 20);
	rings_plan(1 << 30, 1, &rings);
	assert_int_equal(rings.size, 1 << 30);
}

static int quiet(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans),      cmocka_unit_test(moving),
		cmocka_unit_test(budget),     cmocka_unit_test(rights),
		cmocka_unit_test(by_process), cmocka_unit_test(by_cgroup),
		cmocka_unit_test(no_cgroup),  cmocka_unit_test(threads_first),
	};

	libbpf_set_print(quiet);
	sched_getaffinity(0, sizeof(allowed), &allowed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
