/* SPDX-License-Identifier: BSD-2-Clause */
/* The own trace format: round trip, every cut, every changed byte, losses, refusals. */
#include <errno.h>
#include <sys/wait.h>
#include "input_fixture.h"

#define N 9
#define CHUNK 3 /* records in each chunk of the small trace */

static struct reblock_record records[N];

/* Three chunks of three records. */
static unsigned char *small_trace(size_t *size)
{
	struct reblock_source source = fixture_source();
	struct reblock_trace_writer *w;
	uint64_t seed = 42;

	assert_int_equal(reblock_trace_create(fixture_path, &source, &w), 0);
	for (int i = 0; i < N; i++) {
		do
			records[i] = fixture_record(&seed);
		while (records[i].kind == REBLOCK_LOST);
		assert_int_equal(reblock_trace_write(w, &records[i], 1), 0);
		if (i % CHUNK == CHUNK - 1)
			assert_int_equal(reblock_trace_flush(w), 0);
	}
	assert_int_equal(reblock_trace_written(w), N);
	assert_int_equal(reblock_trace_close(w), 0);
	return fixture_read(size);
}

static size_t chunk_at(const unsigned char *data, int i)
{
	return ((const struct reblock_trace_header *)(const void *)data)->header_size +
	       (size_t)i * (1 + CHUNK) * 64;
}

/*
 * Every record read is one that was written, in its order, or a lost one; at least those of chunks
 * FROM to TO (exclusive) and after GONE are there. What is not there is counted in lost records.
 */
static void check_kept(const struct fixture_result *r, const int kept[3])
{
	size_t next = 0, lost = 0;
	bool uncounted = false;

	for (size_t i = 0; i < r->n; i++) {
		if (r->records[i].kind == REBLOCK_LOST) {
			lost++;
			if (r->records[i].presence)
				next += r->records[i].qualification;
			else
				uncounted = true;
			continue;
		}
		while (uncounted && next < N && memcmp(&r->records[i], &records[next], 64) != 0)
			next++;
		assert_true(next < N);
		assert_memory_equal(&r->records[i], &records[next], 64);
		next++;
	}
	for (int c = 0; c < 3; c++) {
		bool there = false;

		for (size_t i = 0; i + CHUNK <= r->n; i++)
			there |= memcmp(&r->records[i], &records[c * CHUNK], CHUNK * 64) == 0;
		assert_int_equal(there, kept[c]);
	}
	if (!kept[0] || !kept[1] || !kept[2])
		assert_true(lost > 0);
}

static void round_trip(void **state)
{
	struct reblock_source source = fixture_source();
	struct fixture_result r;
	size_t size;

	(void)state;
	free(small_trace(&size));
	assert_int_equal(size % 64, 0);
	r = fixture_read_all(fixture_path);
	assert_int_equal(r.opened, 0);
	assert_int_equal(r.damages, 0);
	assert_int_equal(r.n, N);
	assert_memory_equal(r.records, records, sizeof(records));
	assert_memory_equal(&r.source, &source, sizeof(source));
	free(r.records);
}

static void many_chunks(void **state)
{
	struct reblock_source source = { .presence = 0 };
	size_t n = 6 * REBLOCK_CHUNK_RECORDS + 17;
	struct reblock_record *all = malloc(n * sizeof(*all));
	struct reblock_trace_writer *w;
	struct fixture_result r;
	uint64_t seed = 7;
	char path[32];
	int fds[2];

	(void)state;
	for (size_t i = 0; i < n; i++)
		all[i] = fixture_record(&seed);
	assert_int_equal(reblock_trace_create(fixture_path, &source, &w), 0);
	assert_int_equal(reblock_trace_write(w, all, 5), 0);
	assert_int_equal(reblock_trace_write(w, all + 5, n - 5), 0);
	assert_int_equal(reblock_trace_close(w), 0);
	r = fixture_read_all(fixture_path);
	assert_int_equal(r.damages, 0);
	assert_int_equal(r.n, n);
	assert_memory_equal(r.records, all, n * sizeof(*all));
	free(r.records);

	/* More than the buffer of a pipe holds. */
	assert_int_equal(pipe(fds), 0);
	if (fork() == 0) {
		close(fds[0]);
		dup2(fds[1], STDOUT_FILENO);
		execlp("cat", "cat", fixture_path, (char *)NULL);
		_exit(1);
	}
	close(fds[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
	r = fixture_read_all(path);
	close(fds[0]);
	wait(NULL);
	assert_int_equal(r.damages, 0);
	assert_int_equal(r.n, n);
	assert_memory_equal(r.records, all, n * sizeof(*all));
	free(r.records);
	free(all);
}

/* The whole header overwritten: the chunks are still found. */
static void no_header(void **state)
{
	size_t size;
	unsigned char *data = small_trace(&size);
	const int kept[3] = { 1, 1, 1 };
	struct fixture_result r;

	(void)state;
	memset(data, 0xa5, chunk_at(data, 0));
	fixture_write(data, size);
	r = fixture_read_all(fixture_path);
	assert_int_equal(r.opened, 0);
	assert_int_equal(r.damages, 1);
	check_kept(&r, kept);
	assert_int_equal(r.source.presence, 0);
	free(r.records);
	free(data);
}

static void every_cut(void **state)
{
	size_t size;
	unsigned char *data = small_trace(&size);

	(void)state;
	for (size_t cut = 0; cut < size; cut++) {
		struct fixture_result r;
		int kept[3];

		fixture_write(data, cut);
		r = fixture_read_all(fixture_path);
		if (cut < chunk_at(data, 0)) {
			assert_int_equal(r.opened, -EINVAL);
		} else {
			assert_int_equal(r.opened, 0);
			assert_int_equal(r.damages, 1);
			for (int c = 0; c < 3; c++)
				kept[c] = cut >= chunk_at(data, c + 1);
			check_kept(&r, kept);
			assert_int_equal(r.records[r.n - 1].kind, REBLOCK_LOST);
			assert_non_null(strstr(r.first, "offset "));
		}
		assert_int_equal(strncmp(r.first, fixture_path, strlen(fixture_path)), 0);
		free(r.records);
	}
	free(data);
}

static void every_changed_byte(void **state)
{
	static const unsigned char changes[] = { 0x01, 0x80, 0xff, 'R' ^ '{' };
	size_t size;
	unsigned char *data = small_trace(&size);

	(void)state;
	for (size_t at = 0; at < size; at++) {
		for (size_t i = 0; i < sizeof(changes); i++) {
			struct fixture_result r;
			int kept[3];

			data[at] ^= changes[i];
			fixture_write(data, size);
			data[at] ^= changes[i];
			r = fixture_read_all(fixture_path);
			assert_int_equal(r.opened, 0);
			assert_int_equal(r.damages, 1);
			for (int c = 0; c < 3; c++)
				kept[c] = at < chunk_at(data, c) || at >= chunk_at(data, c + 1);
			check_kept(&r, kept);
			assert_non_null(strstr(r.first, "offset "));
			free(r.records);
		}
	}
	free(data);
}

/* Bytes taken out of the middle, in whole 64s: the chunks after them are found. */
static void hole(void **state)
{
	size_t size;
	unsigned char *data = small_trace(&size);

	(void)state;
	for (size_t from = chunk_at(data, 0); from < chunk_at(data, 2); from += 64) {
		struct fixture_result r;
		int kept[3];
		size_t to = chunk_at(data, 2), left = size - to;
		unsigned char *holed = malloc(size);

		memcpy(holed, data, from);
		memcpy(holed + from, data + to, left);
		fixture_write(holed, from + left);
		r = fixture_read_all(fixture_path);
		assert_int_equal(r.damages, 1);
		kept[0] = from >= chunk_at(data, 1);
		kept[1] = from >= chunk_at(data, 2);
		kept[2] = 1;
		check_kept(&r, kept);
		free(r.records);
		free(holed);
	}
	free(data);
}

/* The end mark knows how many records there were; nothing after it is read. */
static void end_mark(void **state)
{
	size_t size;
	unsigned char *data = small_trace(&size), *twice = malloc(2 * size);
	const int kept[3] = { 1, 1, 0 }, all[3] = { 1, 1, 1 };
	struct fixture_result r;

	(void)state;
	memcpy(twice, data, chunk_at(data, 2));
	memcpy(twice + chunk_at(data, 2), data + size - 64, 64);
	fixture_write(twice, chunk_at(data, 2) + 64);
	r = fixture_read_all(fixture_path);
	assert_int_equal(r.damages, 1);
	check_kept(&r, kept);
	assert_int_equal(r.records[r.n - 1].qualification, CHUNK);
	free(r.records);

	memcpy(twice, data, size);
	memcpy(twice + size, data, size);
	fixture_write(twice, 2 * size);
	r = fixture_read_all(fixture_path);
	assert_int_equal(r.damages, 1);
	assert_int_equal(r.n, N);
	check_kept(&r, all);
	assert_non_null(strstr(r.first, "after the end mark"));
	free(r.records);
	free(twice);
	free(data);
}

static void fix_header(unsigned char *data)
{
	struct reblock_trace_header *h = (void *)data;

	h->crc = 0;
	h->crc = reblock_crc32c(0, h, h->header_size);
}

static void fix_chunk(unsigned char *at)
{
	struct reblock_trace_chunk *c = (void *)at;

	c->payload_crc = reblock_crc32c(0, c + 1, c->records * (size_t)64);
	c->crc = reblock_crc32c(0, c, 60);
}

static void newer_version(void **state)
{
	size_t size;
	unsigned char *data = small_trace(&size);
	struct fixture_result r;

	(void)state;
	((struct reblock_trace_header *)(void *)data)->version = 2;
	fix_header(data);
	fixture_write(data, size);
	r = fixture_read_all(fixture_path);
	assert_int_equal(r.opened, -ENOTSUP);
	assert_non_null(strstr(r.first, "newer"));
	free(data);
}

static void newer_chunk(void **state)
{
	size_t size;
	unsigned char *data = small_trace(&size);
	struct fixture_result r;
	const int kept[3] = { 1, 0, 1 };

	(void)state;
	((struct reblock_trace_chunk *)(void *)(data + chunk_at(data, 1)))->flags = 4;
	fix_chunk(data + chunk_at(data, 1));
	fixture_write(data, size);
	r = fixture_read_all(fixture_path);
	assert_int_equal(r.damages, 1);
	check_kept(&r, kept);
	assert_non_null(strstr(r.first, "newer"));
	free(r.records);
	free(data);
}

/* A right CRC does not make a record right. */
static void untrusted_records(void **state)
{
	size_t size;
	unsigned char *data = small_trace(&size);
	struct reblock_record *r1 = (void *)(data + chunk_at(data, 1) + 64);
	struct fixture_result r;

	(void)state;
	r1[0] = (struct reblock_record){ .kind = 77, .vm = 1 };
	r1[1] = (struct reblock_record){ .kind = REBLOCK_ENTRY,
					 .vm = 1,
					 .reason = 48,
					 .presence = REBLOCK_HAS_REASON |
						     REBLOCK_HAS_INTERRUPTIBILITY };
	r1[2] = (struct reblock_record){ .kind = REBLOCK_EXIT, .vm = REBLOCK_NO_VM };
	fix_chunk(data + chunk_at(data, 1));
	fixture_write(data, size);
	r = fixture_read_all(fixture_path);
	assert_int_equal(r.damages, 1);
	assert_int_equal(r.n, N);
	assert_int_equal(r.records[3].kind, REBLOCK_LOST);
	assert_int_equal(r.records[4].kind, REBLOCK_ENTRY);
	assert_int_equal(r.records[4].presence, REBLOCK_HAS_INTERRUPTIBILITY);
	assert_int_equal(r.records[4].reason, 0);
	assert_int_equal(r.records[5].kind, REBLOCK_LOST);
	assert_memory_equal(&r.records[6], &records[6], 3 * 64);
	free(r.records);
	free(data);
}

/* Nor is one right that is nothing but zeros, as a hole in a file is. */
static void record_of_zeros(void **state)
{
	size_t size;
	unsigned char *data = small_trace(&size);
	struct fixture_result r;

	(void)state;
	for (int i = 0; i < CHUNK; i++) {
		unsigned char *at = data + chunk_at(data, i);

		memset(at + 64, 0, 64);
		fix_chunk(at);
	}
	fixture_write(data, size);
	r = fixture_read_all(fixture_path);
	assert_int_equal(r.damages, 3);
	assert_int_equal(r.n, N);
	for (int i = 0; i < N; i++)
		if (i % CHUNK)
			assert_memory_equal(&r.records[i], &records[i], 64);
		else
			assert_int_equal(r.records[i].kind, REBLOCK_LOST);
	free(r.records);
	free(data);
}

/* The same through a pipe as from a mapped file, in the same words. */
static void from_pipe(void **state)
{
	size_t size;
	unsigned char *data = small_trace(&size);
	size_t cuts[] = { 0, 5, 63, chunk_at(data, 0), chunk_at(data, 1) + 70, size - 64, size };

	(void)state;
	for (size_t i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
		struct fixture_result mapped, piped;
		char path[32];
		int fds[2];

		fixture_write(data, cuts[i]);
		mapped = fixture_read_all(fixture_path);
		assert_int_equal(pipe(fds), 0);
		if (fork() == 0) {
			close(fds[0]);
			for (size_t at = 0; at < cuts[i]; at += 100)
				if (write(fds[1], data + at,
					  cuts[i] - at < 100 ? cuts[i] - at : 100) < 0)
					_exit(1);
			_exit(0);
		}
		close(fds[1]);
		snprintf(path, sizeof(path), "/dev/fd/%d", fds[0]);
		piped = fixture_read_all(path);
		close(fds[0]);
		wait(NULL);
		assert_int_equal(piped.opened, mapped.opened);
		assert_int_equal(piped.damages, mapped.damages);
		assert_int_equal(piped.n, mapped.n);
		if (mapped.n)
			assert_memory_equal(piped.records, mapped.records, mapped.n * 64);
		if (mapped.damages || mapped.opened)
			assert_string_equal(strchr(piped.first, ':'), strchr(mapped.first, ':'));
		free(piped.records);
		free(mapped.records);
	}
	free(data);
}

static void refusals(void **state)
{
	static const struct {
		const char *content;
		const char *says;
	} cases[] = {
		{ "", "empty" },
		{ " \n\n", "white space" },
		{ "hello\n", "neither" },
		{ "PERFILE2........", "perf.data" },
		{ "\x1f\x8b........", "gzip" },
		{ "REB", "header" },
		{ "\x28\xb5\x2f\xfd........", "zstd" },
	};
	struct fixture_result r;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture_write(cases[i].content, strlen(cases[i].content));
		r = fixture_read_all(fixture_path);
		assert_int_equal(r.opened, -EINVAL);
		assert_non_null(strstr(r.first, cases[i].says));
	}
	r = fixture_read_all("/");
	assert_int_equal(r.opened, -EISDIR);
	assert_non_null(strstr(r.first, "directory"));
	r = fixture_read_all("/no/such/file");
	assert_int_equal(r.opened, -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),         cmocka_unit_test(many_chunks),
		cmocka_unit_test(no_header),          cmocka_unit_test(every_cut),
		cmocka_unit_test(every_changed_byte), cmocka_unit_test(hole),
		cmocka_unit_test(end_mark),           cmocka_unit_test(newer_version),
		cmocka_unit_test(newer_chunk),        cmocka_unit_test(untrusted_records),
		cmocka_unit_test(record_of_zeros),    cmocka_unit_test(from_pipe),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
