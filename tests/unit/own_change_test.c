/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A trace and JSON Lines changed at random, 100,000 times in all: no crash, no hang, no large allocation,
 * only well-formed records, and a reason where something is wrong. A changed trace never reads as whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include "input_fixture.h"

/* The sanitizers take ten times as long; the release's tests are the thorough ones. */
#ifdef __SANITIZE_ADDRESS__
#define CHANGES 5000 /* of each */
#else
#define CHANGES 50000 /* of each */
#endif
#define RECORDS 24
#define CHUNK 6

/* So that AddressSanitizer stops what asks for more than 256 MB at once. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "max_allocation_size_mb=256";
}

static int setup(void **state)
{
#ifndef __SANITIZE_ADDRESS__
	const struct rlimit data = { (rlim_t)256 << 20, (rlim_t)256 << 20 };

	if (setrlimit(RLIMIT_DATA, &data))
		return -1;
#endif
	return fixture_setup(state);
}

static void write_trace(void)
{
	struct reblock_source source = fixture_source();
	struct reblock_trace_writer *w;
	uint64_t seed = 7;

	assert_int_equal(reblock_trace_create(fixture_path, &source, &w), 0);
	for (int i = 0; i < RECORDS; i++) {
		struct reblock_record r = fixture_record(&seed);

		assert_int_equal(reblock_trace_write(w, &r, 1), 0);
		if (i % CHUNK == CHUNK - 1)
			assert_int_equal(reblock_trace_flush(w), 0);
	}
	assert_int_equal(reblock_trace_close(w), 0);
}

static void write_json(void)
{
	struct reblock_source source = fixture_source();
	char *text = reblock_json_source(&source), line[REBLOCK_JSON_RECORD_MAX];
	FILE *f = fopen(fixture_path, "wb");
	uint64_t seed = 7;

	assert_non_null(text);
	assert_non_null(f);
	fprintf(f, "%s\n", text);
	free(text);
	for (int i = 0; i < RECORDS; i++) {
		struct reblock_record r = fixture_record(&seed);

		reblock_json_record(&r, line);
		fprintf(f, "%s\n", line);
	}
	assert_int_equal(fclose(f), 0);
}

/* Overwrites, inserts or takes out 1 to 8 bytes, in 1 to 4 places. Returns the new size. */
static size_t change(unsigned char *data, size_t size, size_t room, uint64_t *seed)
{
	unsigned places = 1 + fixture_random(seed) % 4;

	for (unsigned i = 0; i < places; i++) {
		uint64_t bytes = fixture_random(seed), how = fixture_random(seed) % 8;
		size_t n = 1 + fixture_random(seed) % 8, at = fixture_random(seed) % (size - n);

		if (fixture_random(seed) % 4 == 0)
			bytes = fixture_random(seed) % 2 ? 0 : UINT64_MAX;
		if (how == 0 && size + n <= room) {
			memmove(data + at + n, data + at, size - at);
			size += n;
		} else if (how == 1) {
			memmove(data + at, data + at + n, size - at - n);
			size -= n;
			continue;
		}
		memcpy(data + at, &bytes, n);
	}
	return size;
}

/* What all readers promise of whatever they are given. */
static void read_changed(int fd, const unsigned char *data, size_t size, struct fixture_result *r)
{
	assert_int_equal(pwrite(fd, data, size, 0), size);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	*r = fixture_read_all(fixture_path);
	assert_true(!r->opened || r->opened == -EINVAL || r->opened == -ENOTSUP);
	assert_true((!r->opened && !r->damages) || r->first[0]);
	for (size_t i = 0; i < r->n; i++) {
		struct reblock_record copy = r->records[i];

		assert_true(reblock_record_normalize(&copy));
		assert_memory_equal(&copy, &r->records[i], sizeof(copy));
	}
	free(r->records);
}

static void changes(uint64_t seed, bool always_seen)
{
	size_t size, room;
	unsigned char *data = fixture_read(&size), *copy;
	unsigned refused = 0, damaged = 0;
	int fd = open(fixture_path, O_WRONLY);

	room = size + 64;
	copy = malloc(room);
	assert_non_null(copy);
	assert_true(fd >= 0);
	for (unsigned i = 0; i < CHANGES; i++) {
		struct fixture_result r;
		size_t now;

		memcpy(copy, data, size);
		now = change(copy, size, room, &seed);
		read_changed(fd, copy, now, &r);
		refused += r.opened != 0;
		damaged += !r.opened && r.damages;
		if (always_seen && (now != size || memcmp(copy, data, size) != 0))
			assert_true(r.opened || r.damages);
	}
	print_message("%u changes: %u files refused, %u read with damages\n", CHANGES, refused,
		      damaged);
	assert_true(damaged > CHANGES / 2);
	close(fd);
	free(copy);
	free(data);
}

static void changed_trace(void **state)
{
	(void)state;
	write_trace();
	changes(1, true);
}

/* A digit that is another digit is no damage. */
static void changed_json(void **state)
{
	(void)state;
	write_json();
	changes(2, false);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(changed_trace),
					    cmocka_unit_test(changed_json) };

	return cmocka_run_group_tests(tests, setup, fixture_teardown);
}
