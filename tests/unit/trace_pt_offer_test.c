/* SPDX-License-Identifier: BSD-2-Clause */
/* What a trace file with Intel PT offers to what decodes it; and the same in the files of a set. */
#include <errno.h>
#include <sys/stat.h>
#include "input/aux.h"
#include "trace_pt_fixture.h"

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
	assert_false(in->aux->has_records || in->aux->all_cpus);
	assert_int_equal(in->aux->config.mtc_freq, 0);
	assert_false(pt_clock_usable(&in->aux->clock));
	assert_int_equal(pt_clock_time(&in->aux->clock, 200), REBLOCK_NO_TIME);
	assert_non_null(strstr(in->aux->notes[0], "how Intel PT was recorded is missing"));
	assert_non_null(strstr(in->aux->notes[1], "readings of the clocks are missing"));
	assert_int_equal(in->aux->n_queues, 1);
	assert_int_equal(in->aux->queues[0].pieces[0].flags, PT_PIECE_GAP | PT_PIECE_OVERWRITE);
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
		cmocka_unit_test(offers),
		cmocka_unit_test(offers_little),
		cmocka_unit_test(sets),
	};

	return cmocka_run_group_tests(tests, make_streams, fixture_teardown);
}
