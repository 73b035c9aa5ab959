/* SPDX-License-Identifier: BSD-2-Clause */
/* Intel PT in the own format: what is written is read, in one file and in sets, and what is damaged is not. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include "input/aux.h"
#include "input/trace_pt.h"
#include "input_fixture.h"
#include <zstd.h>

#define CPUS 3
#define STREAM (4 * REBLOCK_PT_PART_MOST)

/* What each CPU wrote: half of it can be compressed. */
static uint8_t streams[CPUS][STREAM];

static int make_streams(void **state)
{
	uint64_t seed = 88172645463325252;

	for (size_t c = 0; c < CPUS; c++)
		for (size_t i = 0; i < STREAM; i++)
			streams[c][i] = i % 8192 < 4096 ? (uint8_t)fixture_random(&seed) :
							  (uint8_t)(0x19 + c);
	return fixture_setup(state);
}

static const struct reblock_pt_setup setup = {
	.presence = REBLOCK_PT_HAS_CONFIG | REBLOCK_PT_HAS_RATIO,
	.mode = REBLOCK_PT_EVENT_TRACE,
	.config = 0x80002601,
	.cpuid_0x15_eax = 2,
	.cpuid_0x15_ebx = 168,
	.buffer = 4 << 20,
};

static struct reblock_pt_piece piece(uint32_t cpu, uint64_t offset, size_t size, uint32_t flags)
{
	return (struct reblock_pt_piece){ .cpu = cpu,
					  .offset = offset,
					  .size = size,
					  .flags = flags,
					  .time = 1000 + offset,
					  .bytes = streams[cpu] + offset };
}

static struct reblock_record exit_at(uint64_t t)
{
	return (struct reblock_record){ .kind = REBLOCK_EXIT, .t = t, .vm = 1, .cpu = 1 };
}

static struct reblock_trace_writer *begin(void)
{
	struct reblock_source source = { .presence = 0, .clock = "monotonic" };
	struct reblock_trace_writer *w;

	assert_int_equal(reblock_trace_create(fixture_path, &source, &w), 0);
	return w;
}

static void count(void *context, const char *message)
{
	(void)message;
	++*(unsigned *)context;
}

static struct reblock_input *open_path(const char *path, unsigned *damages)
{
	struct reblock_input *in = NULL;
	char *error = NULL;

	*damages = 0;
	if (reblock_input_open(path, count, damages, &in, &error)) {
		free(error);
		return NULL;
	}
	return in;
}

static uint64_t records_of(struct reblock_input *in)
{
	const struct reblock_record *records;
	uint64_t n = 0;
	long got;

	while ((got = reblock_input_next(in, &records)) > 0)
		for (long i = 0; i < got; i++)
			n += records[i].kind == REBLOCK_EXIT;
	return n;
}

/* The bytes of a piece, unpacked into ROOM where they have to be. */
static const uint8_t *bytes_of(const struct trace_pt_piece *p, uint8_t *room)
{
	if (!p->packed)
		return p->stored;
	assert_int_equal(ZSTD_decompress(room, REBLOCK_PT_PART_MOST, p->stored, p->stored_size),
			 p->size);
	return room;
}

/* Each piece that is offered is a right part of its CPU's stream. Returns how many bytes there are. */
static uint64_t check_pieces(const struct trace_pt *pt, uint64_t next[CPUS])
{
	static uint8_t room[REBLOCK_PT_PART_MOST];
	uint64_t total = 0;

	for (size_t i = 0; pt && i < pt->n_pieces; i++) {
		const struct trace_pt_piece *p = &pt->pieces[i];

		assert_in_range(p->cpu, 0, CPUS - 1);
		assert_true(p->offset + p->size <= STREAM);
		assert_memory_equal(bytes_of(p, room), streams[p->cpu] + p->offset, p->size);
		if (next) {
			assert_int_equal(p->offset, next[p->cpu]);
			next[p->cpu] += p->size;
		}
		total += p->size;
	}
	return total;
}

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

/* Bytes of a queue's piece, out of where they are or unpacked into ROOM. */
static const uint8_t *offered(const struct pt_queue *q, const struct pt_piece *p, uint8_t *room)
{
	if (p->bytes)
		return p->bytes;
	assert_int_equal(q->load(q->context, p, room), 0);
	return room;
}

/* What decoding is offered: the CPU and its numbers, the clock, a queue for each CPU with all its bytes. */
static void offers(void **state)
{
	static uint8_t room[REBLOCK_PT_PART_MOST];
	struct reblock_source source = {
		.presence = REBLOCK_SOURCE_CPU | REBLOCK_SOURCE_CAPTURES,
		.family = 6,
		.model = 143,
		.stepping = 8,
		.captures = 1u << REBLOCK_EXIT | 1u << REBLOCK_ENTRY,
	};
	const struct reblock_pt_point points[] = { { 100, 10 }, { 300, 20 } };
	struct reblock_pt_setup s = setup;

	(void)state;
	s.presence |= REBLOCK_PT_HAS_MTC_FREQ | REBLOCK_PT_HAS_NOM_FREQ;
	s.mtc_freq = 3;
	s.nom_freq = 20;
	for (int compress = 0; compress < 2; compress++) {
		uint32_t flags[] = { 0, REBLOCK_PT_TRUNCATED, 0, REBLOCK_PT_PARTIAL,
				     REBLOCK_PT_GAP };
		const uint32_t expected[] = { PT_PIECE_GAP, PT_PIECE_TRUNCATED, 0,
					      PT_PIECE_GAP | PT_PIECE_TRUNCATED, PT_PIECE_GAP };
		struct reblock_trace_writer *w;
		struct reblock_input *in;
		unsigned damages;

		assert_int_equal(reblock_trace_create(fixture_path, &source, &w), 0);
		if (compress)
			reblock_trace_compress_pt(w);
		reblock_trace_write_pt_setup(w, &s);
		reblock_trace_write_pt_clock(w, points, 2);
		for (uint32_t i = 0; i < 5; i++) {
			/* 4096 of which half can be compressed; the last leaves some out */
			struct reblock_pt_piece p = piece(2, 2048 + i * 4096 + (i == 4) * 100, 4096,
							  flags[i]),
						none = piece(2, 2048 + 4 * 4096, 0,
							     REBLOCK_PT_TRUNCATED);

			reblock_trace_write_pt(w, &p);
			if (i == 2)
				reblock_trace_write_pt(w, &none);
		}
		assert_int_equal(reblock_trace_close(w), 0);
		in = open_path(fixture_path, &damages);
		assert_non_null(in);
		assert_non_null(in->aux);
		assert_true(in->aux->has_records && in->aux->all_cpus);
		assert_true(in->aux->config.has_cpu);
		assert_int_equal(in->aux->config.family, 6);
		assert_int_equal(in->aux->config.model, 143);
		assert_int_equal(in->aux->config.stepping, 8);
		assert_int_equal(in->aux->config.mtc_freq, 3);
		assert_int_equal(in->aux->config.nom_freq, 20);
		assert_int_equal(in->aux->config.cpuid_0x15_eax, 2);
		assert_int_equal(in->aux->config.cpuid_0x15_ebx, 168);
		assert_true(pt_clock_usable(&in->aux->clock));
		assert_int_equal(pt_clock_time(&in->aux->clock, 200), 15);
		assert_null(in->aux->notes[0]);
		assert_int_equal(in->aux->n_queues, 1);
		assert_int_equal(in->aux->queues[0].cpu, 2);
		assert_int_equal(in->aux->queues[0].n_pieces, 5);
		for (size_t i = 0; i < 5; i++) {
			const struct pt_queue *q = &in->aux->queues[0];
			const struct pt_piece *p = &q->pieces[i];

			assert_true(compress ? !p->bytes : p->bytes != NULL);
			assert_int_equal(p->size, 4096);
			assert_int_equal(p->flags, expected[i] | (i == 2 ? PT_PIECE_TRUNCATED : 0));
			assert_memory_equal(offered(q, p, room), streams[2] + p->at, 4096);
		}
		/* Of what is packed a changed size, and an offset that is nobody's, are refused. */
		if (compress) {
			struct pt_piece p = in->aux->queues[0].pieces[1];

			p.size--;
			assert_int_equal(in->aux->queues[0].load(in, &p, room), -EBADMSG);
			p.size++;
			p.offset++;
			assert_int_equal(in->aux->queues[0].load(in, &p, room), -EBADMSG);
		}
		reblock_input_close(in);
	}
}

/* Without setup and clocks, and of a source that captures nothing: what is missing is said. */
static void offers_little(void **state)
{
	struct reblock_trace_writer *w = begin();
	struct reblock_pt_piece p = piece(0, 0, 100, REBLOCK_PT_OVERWRITE),
				far = piece(0, 100, 100, 0);
	struct reblock_input *in;
	unsigned damages;

	(void)state;
	far.cpu = 70000;
	reblock_trace_write_pt(w, &p);
	reblock_trace_write_pt(w, &far);
	assert_int_equal(reblock_trace_close(w), 0);
	in = open_path(fixture_path, &damages);
	assert_non_null(in);
	assert_int_equal(damages, 1);
	assert_false(in->aux->has_records || in->aux->all_cpus || in->aux->config.has_cpu);
	assert_int_equal(in->aux->config.mtc_freq, 0);
	assert_false(pt_clock_usable(&in->aux->clock));
	assert_int_equal(pt_clock_time(&in->aux->clock, 200), REBLOCK_NO_TIME);
	assert_non_null(strstr(in->aux->notes[0], "how Intel PT was recorded is missing"));
	assert_non_null(strstr(in->aux->notes[1], "readings of the clocks are missing"));
	assert_int_equal(in->aux->n_queues, 1);
	assert_int_equal(in->aux->queues[0].pieces[0].flags, PT_PIECE_GAP | PT_PIECE_OVERWRITE);
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

/* Files of a set: each can be decoded alone, none is too large, and together they have each byte once. */
static void sets(void **state)
{
	struct reblock_source source = { .presence = 0, .clock = "monotonic" };
	uint64_t at[CPUS] = { 0 }, next[CPUS] = { 0 }, records = 0, given = 0;
	struct reblock_trace_set *set;
	unsigned files = 0;

	(void)state;
	assert_int_equal(reblock_trace_set_create(fixture_path, 8 << 20, &source, &set), 0);
	assert_int_equal(reblock_trace_set_compress_pt(set), 0);
	assert_int_equal(reblock_trace_set_write_pt_setup(set, &setup), 0);
	for (uint64_t i = 0; at[CPUS - 1] < STREAM; i++) {
		const struct reblock_pt_point point = { 10 * i, i };

		assert_int_equal(reblock_trace_set_write_pt_clock(set, &point, 1), 0);
		for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
			size_t size = STREAM - at[cpu] < 99991 ? STREAM - at[cpu] : 99991;
			struct reblock_pt_piece p = piece(cpu, at[cpu], size, 0);
			struct reblock_record r = exit_at(i);

			assert_int_equal(reblock_trace_set_write_pt(set, &p), 0);
			assert_int_equal(reblock_trace_set_write(set, &r, 1), 0);
			at[cpu] += size;
			given++;
		}
	}
	assert_int_equal(reblock_trace_set_written(set) <= given, 1);
	assert_int_equal(reblock_trace_set_close(set), 0);
	for (;;) {
		char path[80];
		struct stat status;
		struct reblock_input *in;
		unsigned damages;

		snprintf(path, sizeof(path), "%s.%06u", fixture_path, files + 1);
		if (stat(path, &status) != 0)
			break;
		files++;
		assert_true(status.st_size <= 1 << 20);
		in = open_path(path, &damages);
		assert_non_null(in);
		assert_true(in->pt->described && in->pt->setup.cpuid_0x15_ebx == 168);
		assert_true(in->pt->n_points >= 2);
		check_pieces(in->pt, next);
		records += records_of(in);
		assert_int_equal(damages, 0);
		reblock_input_close(in);
		unlink(path);
	}
	assert_true(files > 1);
	assert_int_equal(records, given);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		assert_int_equal(next[cpu], STREAM);
	/* For the teardown. */
	fixture_write("", 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(ends),
		cmocka_unit_test(offers),
		cmocka_unit_test(offers_little),
		cmocka_unit_test(any_byte_changed),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(pipes),
		cmocka_unit_test(nonsense),
		cmocka_unit_test(disk_gets_full),
		cmocka_unit_test(sets),
	};

	return cmocka_run_group_tests(tests, make_streams, fixture_teardown);
}
