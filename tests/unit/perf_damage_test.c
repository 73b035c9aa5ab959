/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * perf.data that is cut off or changed anywhere: read to its end in bounded time and memory, with a
 * reason, and no record that is not well-formed.
 */
#include <malloc.h>
#include <sys/resource.h>
#include <time.h>
#include "perf_fixture.h"

/* The sanitizers take ten times as long; the release's tests are the thorough ones. */
#ifdef __SANITIZE_ADDRESS__
#define CHANGES 5000
#else
#define CHANGES 50000
#endif
#define MEMORY_MOST ((size_t)256 << 20)
#define FORMS 4

static uint8_t *form(unsigned which, size_t *size)
{
	struct perf_build_options o = { .table = PERF_TABLE,
					.version = which == 3 ? "4.15" : "6.1",
					.events = PERF_BUILD_BOTH,
					.cpus = 2,
					.pipe = which == 1 || which == 2,
					.compress = which == 2,
					.callchain = which == 3 };
	struct perf_build *b = perf_build_new(&o);
	struct perf_build_fields f = { .rip = 0x1000, .reason = 48 };
	uint8_t *data;

	perf_build_comm(b, 0, 1, 9, 9, "vm");
	for (unsigned i = 0; i < 3; i++) {
		for (unsigned cpu = 0; cpu < 2; cpu++) {
			f.vcpu_id = cpu;
			perf_build_event(b, PERF_BUILD_ENTRY, cpu, 100 * i + cpu, 9, 10 + cpu, &f);
			perf_build_event(b, PERF_BUILD_EXIT, cpu, 100 * i + 50 + cpu, 9, 10 + cpu,
					 &f);
			if (i == 1)
				perf_build_lost(b, cpu, 160, 2);
		}
		perf_build_round(b);
	}
	assert_int_equal(perf_build_finish(b, &data, size), 0);
	return data;
}

static uint64_t milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

struct reading {
	uint64_t damages, records, lost;
	bool refused;
};

static void count_damage(void *context, const char *message)
{
	struct reading *r = context;

	assert_true(message[0] && !strchr(message, '\n'));
	r->damages++;
}

/* As perf_read_path, without the text. */
static struct reading read_fd(int fd)
{
	struct reading r = { 0 };
	struct reblock_input *in;
	const struct reblock_record *records;
	char path[64], *error;
	long n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (reblock_input_open(path, count_damage, &r, &in, &error) < 0) {
		assert_non_null(error);
		assert_true(error[0] && !strchr(error, '\n'));
		free(error);
		r.refused = true;
		return r;
	}
	while ((n = reblock_input_next(in, &records)) > 0) {
		for (long i = 0; i < n; i++) {
			struct reblock_record copy = records[i];

			assert_true(reblock_record_normalize(&copy));
			assert_memory_equal(&copy, &records[i], sizeof(copy));
			r.lost += copy.kind == REBLOCK_LOST;
		}
		r.records += (uint64_t)n;
	}
	assert_int_equal(n, 0);
	for (size_t i = 0; reblock_input_note(in, i); i++)
		assert_true(i < 32);
	assert_int_equal(reblock_input_damages(in), r.damages);
	reblock_input_close(in);
	return r;
}

static struct reading read_data(int fd, const uint8_t *data, size_t size)
{
	assert_int_equal(pwrite(fd, data, size, 0), size);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	return read_fd(fd);
}

/* A cut anywhere is refused or said, but in a stream between rounds. */
static void cuts(void **state)
{
	int fd = memfd_create("perf", 0);

	(void)state;
	for (unsigned which = 0; which < FORMS; which++) {
		size_t size, silent = 0;
		uint8_t *data = form(which, &size);
		struct reading whole = read_data(fd, data, size);

		assert_false(whole.refused);
		assert_true(whole.damages == 0 && whole.records > 10 && whole.lost > 0);
		for (size_t cut = 0; cut < size; cut++) {
			struct reading r = read_data(fd, data, cut);

			if (r.refused || r.damages)
				continue;
			silent++;
			/* A stream that ends between rounds does not show that there were more. */
			assert_true(which == 1 || which == 2);
		}
		assert_true(silent <= 8);
		free(data);
	}
	close(fd);
}

static void changes(void **state)
{
	int fd = memfd_create("perf", 0);
	uint64_t seed = 20240229, slowest = 0;

	(void)state;
	for (unsigned which = 0; which < FORMS; which++) {
		size_t size;
		uint8_t *data = form(which, &size), *copy = malloc(size);
		unsigned refused = 0, said = 0;

		assert_non_null(copy);
		for (unsigned i = 0; i < CHANGES / FORMS; i++) {
			unsigned n = i % 3 ? 1 : 1 + (unsigned)(fixture_random(&seed) % 16);
			uint64_t began = milliseconds();
			struct reading r;

			memcpy(copy, data, size);
			while (n--) {
				uint64_t at = fixture_random(&seed) % size;
				uint64_t how = fixture_random(&seed);

				switch (how % 4) {
				case 0:
					copy[at] ^= (uint8_t)(1 << how / 4 % 8);
					break;
				case 1:
					copy[at] = how & 4 ? 0xff : 0;
					break;
				case 2:
					copy[at] = (uint8_t)(how >> 8);
					break;
				default: /* eight bytes, as numbers that are too large stand there */
					for (size_t k = at & ~(size_t)7;
					     k < size && k < (at | 7) + 1; k++)
						copy[k] = how & 4 ? 0xff :
								    (uint8_t)(how >> 8 * (k % 8));
					break;
				}
			}
			r = read_data(fd, copy, size);
			refused += r.refused;
			said += r.damages != 0;
			began = milliseconds() - began;
			slowest = began > slowest ? began : slowest;
		}
		print_message("form %u: %zu bytes, %u refused, %u damaged of %d\n", which, size,
			      refused, said, CHANGES / FORMS);
		assert_true(refused && said);
		free(copy);
		free(data);
	}
	print_message("slowest: %llu ms\n", (unsigned long long)slowest);
	assert_true(slowest < 5000);
	close(fd);
}

/* What a changed number could make it ask for is more than this process may have. */
static int limit_memory(void **state)
{
	(void)state;
#if !defined(__SANITIZE_ADDRESS__)
	struct rlimit limit = { MEMORY_MOST, MEMORY_MOST };

	return setrlimit(RLIMIT_DATA, &limit);
#else
	return 0; /* see __asan_default_options */
#endif
}

#if defined(__SANITIZE_ADDRESS__)
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "max_allocation_size_mb=256:allocator_may_return_null=0:quarantine_size_mb=4:malloc_context_size=1:max_malloc_fill_size=0";
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts),
		cmocka_unit_test(changes),
	};

	return cmocka_run_group_tests(tests, limit_memory, NULL);
}
