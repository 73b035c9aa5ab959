/* SPDX-License-Identifier: BSD-2-Clause */
/* Writing where there is no room, and the CRC against a bit by bit statement of it. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "input_fixture.h"

static void full_disk(void **state)
{
	struct reblock_source source = { .presence = 0 };
	struct reblock_trace_writer *w;

	(void)state;
	if (access("/dev/full", W_OK) != 0)
		skip();
	assert_int_equal(reblock_trace_create("/dev/full", &source, &w), -ENOSPC);
	assert_int_equal(reblock_trace_create("/no/such/folder/file", &source, &w), -ENOENT);
}

/* A disk that gets full in a chunk: the chunk is taken back, the file stays readable. */
static void disk_gets_full(void **state)
{
	pid_t child = fork();
	struct fixture_result r;
	size_t size;
	int status;

	(void)state;
	if (child == 0) {
		struct reblock_source source = { .presence = 0 };
		struct reblock_record r1 = { .kind = REBLOCK_EXIT, .vm = 1 };
		struct reblock_trace_writer *w;
		int err;

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 356, 356 });
		if (reblock_trace_create(fixture_path, &source, &w))
			_exit(1);
		reblock_trace_write(w, &r1, 1);
		if (reblock_trace_flush(w)) /* header, chunk header and record: 192 to 256 bytes */
			_exit(2);
		reblock_trace_write(w, &r1, 1);
		err = reblock_trace_flush(w);
		if (err != -EFBIG || reblock_trace_write(w, &r1, 1) != err ||
		    reblock_trace_written(w) != 1)
			_exit(3);
		_exit(reblock_trace_close(w) == err ? 0 : 4);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	free(fixture_read(&size));
	assert_int_equal(size, 256);
	r = fixture_read_all(fixture_path);
	assert_int_equal(r.damages, 1);
	assert_int_equal(r.n, 2);
	assert_non_null(strstr(r.first, "no end mark"));
	free(r.records);
}

static void crc(void **state)
{
	unsigned char data[8192];
	uint64_t seed = 3;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)fixture_random(&seed);
	assert_int_equal(reblock_crc32c(0, "123456789", 9), 0xe3069283);
	for (size_t size = 0; size < sizeof(data); size += 61) {
		uint32_t whole = reblock_crc32c(0, data, size), bits = ~0u;

		assert_int_equal(reblock_crc32c(reblock_crc32c(0, data, size / 3), data + size / 3,
						size - size / 3),
				 whole);
		for (size_t i = 0; i < size; i++) {
			bits ^= data[i];
			for (int b = 0; b < 8; b++)
				bits = bits >> 1 ^ (bits & 1 ? 0x82f63b78u : 0);
		}
		assert_int_equal(~bits, whole);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc),
		cmocka_unit_test(full_disk),
		cmocka_unit_test(disk_gets_full),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
