/* SPDX-License-Identifier: BSD-2-Clause */
/* Intel PT in the own format: what is written is read, and what is damaged is not. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include "trace_pt_fixture.h"

static void write_all_sizes(bool compress)
{
	static const size_t sizes[] = {
		1, 63, 64, 65, 4096, REBLOCK_PT_PART_MOST, 2 * REBLOCK_PT_PART_MOST - 100
	};
	struct reblock_trace_writer *w = begin();
	const struct reblock_pt_point points[] = {
		{ 100, 10 }, { 200, 20 }, { 150, 30 }, { 300, 40 }
	};
	struct reblock_pt_setup other = setup;
	uint64_t at[CPUS] = { 0 };
	struct reblock_record r;

	if (compress)
		assert_int_equal(reblock_trace_compress_pt(w), 0);
	assert_int_equal(reblock_trace_write_pt_setup(w, &setup), 0);
	assert_int_equal(reblock_trace_write_pt_clock(w, points, 2), 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
			struct reblock_pt_piece p =
				piece(cpu, at[cpu], sizes[i], i ? 0 : REBLOCK_PT_PARTIAL);

			r = exit_at(i);
			assert_int_equal(reblock_trace_write(w, &r, 1), 0);
			assert_int_equal(reblock_trace_write_pt(w, &p), 0);
			at[cpu] += sizes[i];
		}
		assert_int_equal(reblock_trace_flush(w), 0);
	}
	assert_int_equal(reblock_trace_write_pt_clock(w, points + 2, 2), 0);
	/* The first counts: what it is said of stands behind it. */
	other.config = 0;
	assert_int_equal(reblock_trace_write_pt_setup(w, &other), 0);
	assert_int_equal(reblock_trace_close(w), 0);
}

static void round_trip(void **state)
{
	(void)state;
	for (int compress = 0; compress < 2; compress++) {
		uint64_t next[CPUS] = { 0 };
		struct reblock_input *in;
		unsigned damages, packed = 0;

		write_all_sizes(compress);
		in = open_path(fixture_path, &damages);
		assert_non_null(in);
		assert_non_null(in->pt);
		assert_true(in->pt->described);
		assert_memory_equal(&in->pt->setup, &setup, sizeof(setup));
		/* What goes back is left out. */
		assert_int_equal(in->pt->n_points, 3);
		assert_int_equal(in->pt->points[2].tsc, 300);
		assert_true(check_pieces(in->pt, next) > 3 * REBLOCK_PT_PART_MOST);
		assert_int_equal(next[0], next[2]);
		for (size_t i = 0; i < in->pt->n_pieces; i++)
			packed += in->pt->pieces[i].packed;
		assert_true(compress ? packed >= 9 : packed == 0);
		assert_int_equal(in->pt->pieces[0].flags, REBLOCK_PT_PARTIAL);
		assert_int_equal(in->pt->pieces[0].time, 1000);
		assert_int_equal(records_of(in), 7 * CPUS);
		assert_int_equal(damages, 0);
		reblock_input_close(in);
	}
}

/* What is missing before a piece and behind it is said of its first and its last chunk. */
static void ends(void **state)
{
	struct reblock_trace_writer *w = begin();
	struct reblock_pt_piece p = piece(0, 0, 2 * REBLOCK_PT_PART_MOST,
					  REBLOCK_PT_GAP | REBLOCK_PT_TRUNCATED |
						  REBLOCK_PT_OVERWRITE),
				nothing = piece(1, 77, 0, REBLOCK_PT_TRUNCATED);
	struct reblock_input *in;
	unsigned damages;

	(void)state;
	assert_int_equal(reblock_trace_write_pt(w, &p), 0);
	assert_int_equal(reblock_trace_write_pt(w, &nothing), 0);
	assert_int_equal(reblock_trace_close(w), 0);
	in = open_path(fixture_path, &damages);
	assert_non_null(in);
	assert_false(in->pt->described);
	assert_int_equal(in->pt->n_pieces, 3);
	assert_int_equal(in->pt->pieces[0].flags, REBLOCK_PT_GAP | REBLOCK_PT_OVERWRITE);
	assert_int_equal(in->pt->pieces[1].flags, REBLOCK_PT_TRUNCATED | REBLOCK_PT_OVERWRITE);
	assert_int_equal(in->pt->pieces[2].flags, REBLOCK_PT_TRUNCATED);
	assert_int_equal(in->pt->pieces[2].offset, 77);
	assert_int_equal(in->pt->pieces[2].size, 0);
	assert_int_equal(records_of(in), 0);
	assert_int_equal(damages, 0);
	reblock_input_close(in);
}

/* A small file with every part; returns its bytes. */
static unsigned char *small(size_t *size)
{
	const struct reblock_pt_point points[] = { { 100, 10 }, { 200, 20 } };
	struct reblock_trace_writer *w = begin();

	assert_int_equal(reblock_trace_write_pt_setup(w, &setup), 0);
	assert_int_equal(reblock_trace_write_pt_clock(w, points, 2), 0);
	for (unsigned i = 0; i < 4; i++) {
		struct reblock_pt_piece p = piece(i % 2, i * 100, 100, 0);
		struct reblock_record r = exit_at(i);

		assert_int_equal(reblock_trace_write_pt(w, &p), 0);
		assert_int_equal(reblock_trace_write(w, &r, 1), 0);
		assert_int_equal(reblock_trace_flush(w), 0);
	}
	assert_int_equal(reblock_trace_close(w), 0);
	return fixture_read(size);
}

/* No byte that is wrong is offered; what is left out is said; of records no more goes than one chunk's. */
static void any_byte_changed(void **state)
{
	struct reblock_input *in;
	unsigned damages;
	size_t size;
	unsigned char *data = small(&size);

	(void)state;
	for (size_t at = 0; at < size; at++) {
		uint64_t bytes, records;

		data[at] ^= 0x41;
		fixture_write(data, size);
		in = open_path(fixture_path, &damages);
		assert_non_null(in);
		bytes = check_pieces(in->pt, NULL);
		records = records_of(in);
		assert_true(damages > 0);
		assert_true(records >= 3 && bytes >= 300);
		assert_true(records == 4 || bytes == 400);
		reblock_input_close(in);
		data[at] ^= 0x41;
	}
	free(data);
}

/* kill -9 and a full disk: each chunk that is whole is there. */
static void cut_anywhere(void **state)
{
	uint64_t before = 0, bytes;
	struct reblock_input *in;
	unsigned damages;
	size_t size;
	unsigned char *data = small(&size);

	(void)state;
	for (size_t n = 64; n < size; n++) {
		fixture_write(data, n);
		in = open_path(fixture_path, &damages);
		if (!in)
			continue;
		bytes = check_pieces(in->pt, NULL);
		assert_true(bytes == before || bytes == before + 100);
		before = bytes;
		records_of(in);
		assert_true(damages > 0);
		reblock_input_close(in);
	}
	assert_int_equal(before, 400);
	free(data);
}

static void pipes(void **state)
{
	char path[32];
	int ends[2];
	struct reblock_input *in;
	unsigned damages;
	size_t size;
	unsigned char *data = small(&size);

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], data, size), (ssize_t)size);
	close(ends[1]);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[0]);
	in = open_path(path, &damages);
	assert_non_null(in);
	assert_int_equal(records_of(in), 4);
	assert_int_equal(damages, 0);
	assert_non_null(strstr(reblock_input_note(in, 0), "(6 chunks) was not looked at"));
	assert_null(reblock_input_note(in, 1));
	reblock_input_close(in);
	close(ends[0]);
	free(data);
}

/* Headers whose CRCs are right and that make no sense; and what only a newer version can say. */
static void nonsense(void **state)
{
	static const struct {
		uint32_t flags, records, part, size, stored;
		uint64_t pieces;
		unsigned damages;
	} cases[] = {
		{ REBLOCK_CHUNK_PT, 0, REBLOCK_PT_BYTES, 64, 64, 1, 0 },
		{ REBLOCK_CHUNK_PT, 0, REBLOCK_PT_BYTES, 64, 32, 0, 1 },
		{ REBLOCK_CHUNK_PT, 0, REBLOCK_PT_BYTES, 32, 64, 0, 1 },
		{ REBLOCK_CHUNK_PT, 1, REBLOCK_PT_BYTES, 64, 64, 0, 1 },
		{ REBLOCK_CHUNK_PT, 0, REBLOCK_PT_BYTES, UINT32_MAX, UINT32_MAX, 0, 1 },
		{ REBLOCK_CHUNK_PT, 0, 9, 64, 64, 0, 1 },
		{ REBLOCK_CHUNK_PT | REBLOCK_CHUNK_ZSTD, 0, REBLOCK_PT_SETUP, 4096, 64, 0, 1 },
		{ REBLOCK_CHUNK_PT | REBLOCK_CHUNK_ZSTD, 0, REBLOCK_PT_CLOCK, 4096, 64, 0, 1 },
		{ REBLOCK_CHUNK_PT | REBLOCK_CHUNK_ZSTD, 0, REBLOCK_PT_BYTES, 4096, 64, 1, 0 },
		{ REBLOCK_CHUNK_PT | 16, 0, REBLOCK_PT_BYTES, 64, 64, 0, 1 },
		{ REBLOCK_CHUNK_ZSTD, 0, REBLOCK_PT_BYTES, 64, 64, 0, 1 },
	};
	size_t size;
	unsigned char *data;

	(void)state;
	assert_int_equal(reblock_trace_close(begin()), 0);
	data = fixture_read(&size);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct reblock_trace_pt_chunk c = { .magic = REBLOCK_CHUNK_MAGIC,
						    .flags = cases[i].flags,
						    .records = cases[i].records,
						    .part = cases[i].part,
						    .size = cases[i].size,
						    .stored = cases[i].stored,
						    .payload_crc =
							    reblock_crc32c(0, streams[0], 64) };
		unsigned char *file = malloc(size + 128);
		struct reblock_input *in;
		unsigned damages;

		assert_non_null(file);
		c.crc = reblock_crc32c(0, &c, offsetof(struct reblock_trace_pt_chunk, crc));
		memcpy(file, data, size - 64);
		memcpy(file + size - 64, &c, 64);
		memcpy(file + size, streams[0], 64);
		memcpy(file + size + 64, data + size - 64, 64);
		fixture_write(file, size + 128);
		in = open_path(fixture_path, &damages);
		assert_non_null(in);
		assert_int_equal(in->pt ? in->pt->n_pieces : 0, cases[i].pieces);
		assert_int_equal(records_of(in), 0);
		assert_int_equal(damages, cases[i].damages);
		reblock_input_close(in);
		free(file);
	}
	free(data);
}

/* A disk that gets full in a PT chunk: it is taken back, what was there before stays readable. */
static void disk_gets_full(void **state)
{
	pid_t child = fork();
	struct reblock_input *in;
	unsigned damages;
	int status;

	(void)state;
	if (child == 0) {
		struct reblock_pt_piece p = piece(0, 0, 1000, 0);
		struct reblock_trace_writer *w = begin();

		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &(struct rlimit){ 2000, 2000 });
		if (reblock_trace_write_pt(w, &p))
			_exit(1);
		p = piece(0, 1000, 1000, 0);
		if (reblock_trace_write_pt(w, &p) != -EFBIG)
			_exit(2);
		_exit(reblock_trace_close(w) == -EFBIG ? 0 : 3);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	in = open_path(fixture_path, &damages);
	assert_non_null(in);
	assert_int_equal(check_pieces(in->pt, NULL), 1000);
	records_of(in);
	assert_int_equal(damages, 1);
	reblock_input_close(in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(ends),

		cmocka_unit_test(any_byte_changed),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(pipes),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(disk_gets_full),

	};

	return cmocka_run_group_tests(tests, make_streams, fixture_teardown);
}
