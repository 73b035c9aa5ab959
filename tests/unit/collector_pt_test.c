/* SPDX-License-Identifier: BSD-2-Clause */
/* Recording Intel PT from a kernel that is played: each byte comes once, and what is missing is said where it is. */
#include "input_fixture.h"
#include "collector/pt_ring.h"
#include "input/trace_pt.h"
#include "pt_kernel.h"
#include <errno.h>

#define BUFFER (64u << 10)
#define SECOND 1000000000u

/* All that the sink got, of each CPU. */
struct got {
	uint8_t *bytes[PT_KERNEL_CPUS];
	size_t size[PT_KERNEL_CPUS];
	uint64_t next[PT_KERNEL_CPUS];  /* the offset after the last byte */
	uint32_t flags[PT_KERNEL_CPUS]; /* of all pieces */
	uint32_t last_flags;
	unsigned pieces, gaps, points;
	struct reblock_pt_point point;
	struct reblock_trace_writer *writer;
	int refuse; /* what the sink returns */
};

static int take_piece(void *context, const struct reblock_pt_piece *p)
{
	struct got *g = context;

	assert_in_range(p->cpu, 0, PT_KERNEL_CPUS - 1);
	/* Either it goes on from the last piece, or a gap is said. */
	if (p->flags & REBLOCK_PT_GAP)
		g->gaps++;
	else
		assert_int_equal(p->offset, g->next[p->cpu]);
	g->next[p->cpu] = p->offset + p->size;
	g->bytes[p->cpu] = realloc(g->bytes[p->cpu], g->size[p->cpu] + p->size + 1);
	assert_non_null(g->bytes[p->cpu]);
	if (p->size)
		memcpy(g->bytes[p->cpu] + g->size[p->cpu], p->bytes, p->size);
	g->size[p->cpu] += p->size;
	g->flags[p->cpu] |= p->flags;
	g->last_flags = p->flags;
	g->pieces++;
	if (g->writer)
		assert_int_equal(reblock_trace_write_pt(g->writer, p), 0);
	return g->refuse;
}

static int take_point(void *context, const struct reblock_pt_point *p)
{
	struct got *g = context;

	g->points++;
	g->point = *p;
	return g->writer ? reblock_trace_write_pt_clock(g->writer, p, 1) : 0;
}

struct run {
	struct pt_kernel kernel;
	struct got got;
	struct pt_sink sink;
	struct pt_recording *recording;
	char *said;
};

static int begin(struct run *r, const struct pt_options *options)
{
	r->sink = (struct pt_sink){ take_piece, take_point, &r->got };
	return pt_recording_begin(&r->kernel.os, options, &r->recording, &r->said);
}

static struct run *new_run(void)
{
	struct run *r = calloc(1, sizeof(*r));

	assert_non_null(r);
	pt_kernel_begin(&r->kernel);
	return r;
}

static struct run *running(const struct pt_options *options)
{
	struct run *r = new_run();

	assert_int_equal(begin(r, options), 0);
	assert_null(r->said);
	return r;
}

static void poll(struct run *r)
{
	r->kernel.now += 10000000;
	r->kernel.tsc += 24000000;
	assert_int_equal(pt_recording_poll(r->recording, &r->sink), 0);
}

static void end(struct run *r)
{
	pt_recording_free(r->recording);
	pt_kernel_end(&r->kernel);
	for (size_t i = 0; i < PT_KERNEL_CPUS; i++)
		free(r->got.bytes[i]);
	free(r->said);
	free(r);
}

static void same_bytes(const struct run *r, unsigned cpu)
{
	assert_int_equal(r->got.size[cpu], r->kernel.cpus[cpu].n_accepted);
	assert_memory_equal(r->got.bytes[cpu], r->kernel.cpus[cpu].accepted, r->got.size[cpu]);
}

static void full(void **state)
{
	const struct pt_options o = { .buffer = BUFFER };
	struct run *r = running(&o);
	const struct reblock_pt_setup *s = pt_recording_setup(r->recording);
	struct pt_stats stats;

	(void)state;
	assert_int_equal(r->kernel.n_fds, 2);
	for (int i = 0; i < 2; i++) {
		const struct perf_event_attr *a = &r->kernel.fds[i].attr;

		assert_int_equal(r->kernel.fds[i].cpu, 2 * i);
		assert_int_equal(r->kernel.fds[i].pid, -1);
		assert_int_equal(r->kernel.fds[i].flags, 0);
		assert_true(r->kernel.fds[i].enabled && a->disabled);
		assert_int_equal(a->type, 8);
		/* pt, mtc, tsc, branch, mtc_period 3, psb_period 3, event */
		assert_int_equal(a->config, 0x8300e601);
		assert_int_equal(a->aux_watermark, BUFFER / 4);
		assert_false(a->inherit || a->exclude_host || a->exclude_guest ||
			     a->exclude_kernel || a->exclude_user);
	}
	assert_int_equal(s->presence, REBLOCK_PT_HAS_CONFIG | REBLOCK_PT_HAS_MTC_FREQ |
					      REBLOCK_PT_HAS_NOM_FREQ | REBLOCK_PT_HAS_RATIO |
					      REBLOCK_PT_HAS_CLOCK | REBLOCK_PT_HAS_PMU_TYPE);
	assert_int_equal(s->mode, REBLOCK_PT_EVENT_TRACE | REBLOCK_PT_BRANCHES);
	assert_int_equal(s->config, 0x8300e601);
	assert_int_equal(s->mtc_freq, 3);
	assert_int_equal(s->nom_freq, 24);
	assert_int_equal(s->cpuid_0x15_eax, 2);
	assert_int_equal(s->cpuid_0x15_ebx, 168);
	assert_int_equal(s->time_mult, 1000);
	assert_int_equal(s->time_shift, 10);
	assert_int_equal(s->time_zero, (uint64_t)-5000);
	assert_int_equal(s->mtc_period_bits, 0xf << 14);
	assert_int_equal(s->event_bits, 1u << 31);
	assert_int_equal(s->buffer, BUFFER);

	for (int i = 0; i < 50; i++) {
		pt_kernel_write(&r->kernel, 0, 1000 + i);
		pt_kernel_write(&r->kernel, 2, 17);
		if (i % 3 == 0)
			pt_kernel_publish(&r->kernel, 0, 0);
		poll(r);
	}
	/* What was not yet published cannot come; at the end it does. */
	assert_true(r->got.size[0] > 0 && r->got.size[0] < r->kernel.cpus[0].n_accepted);
	assert_int_equal(r->got.size[2], 0);
	assert_int_equal(pt_recording_stop(r->recording, &r->sink), 0);
	assert_false(r->kernel.fds[0].enabled || r->kernel.fds[1].enabled);
	same_bytes(r, 0);
	same_bytes(r, 2);
	assert_int_equal(r->got.size[2], 850);
	assert_int_equal(r->got.flags[0] | r->got.flags[2], 0);
	pt_recording_stats(r->recording, &stats);
	assert_int_equal(stats.cpus, 2);
	assert_int_equal(stats.bytes, r->got.size[0] + 850);
	assert_int_equal(stats.truncated + stats.left_out + stats.lost + stats.partial, 0);
	end(r);
}

/* The area is written round many times, with pieces that begin and end anywhere. */
static void around(void **state)
{
	const struct pt_options o = { .buffer = PT_BUFFER_LEAST };
	struct run *r = running(&o);
	uint64_t seed = 4711;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		pt_kernel_write(&r->kernel, 0, 1 + fixture_random(&seed) % 4000);
		if (fixture_random(&seed) % 2)
			pt_kernel_publish(&r->kernel, 0, 0);
		poll(r);
	}
	assert_int_equal(pt_recording_stop(r->recording, &r->sink), 0);
	assert_true(r->got.size[0] > 100 * PT_BUFFER_LEAST);
	same_bytes(r, 0);
	/* Reading the clocks: at once and once more, each second, at the end. */
	assert_int_equal(r->got.points, 2 + 29 + 1);
	assert_int_equal(r->got.point.t, r->kernel.now);
	assert_int_equal(r->got.point.tsc, r->kernel.tsc);
	end(r);
}

/* More comes than there is room for: what there was is whole, the place is said, and it goes on. */
static void truncated(void **state)
{
	const struct pt_options o = { .buffer = PT_BUFFER_LEAST };
	struct run *r = running(&o);
	struct pt_stats stats;

	(void)state;
	for (int i = 1; i <= 3; i++) {
		pt_kernel_write(&r->kernel, 0, 5000);
		pt_kernel_write(&r->kernel, 0, 5000);
		pt_kernel_write(&r->kernel, 0, 5000);
		assert_false(r->kernel.cpus[0].enabled);
		poll(r);
		assert_true(r->got.last_flags & REBLOCK_PT_TRUNCATED);
		assert_true(r->kernel.cpus[0].enabled);
		pt_kernel_write(&r->kernel, 0, 100);
		pt_kernel_publish(&r->kernel, 0, PERF_AUX_FLAG_PARTIAL);
		poll(r);
		assert_int_equal(r->got.last_flags, REBLOCK_PT_PARTIAL);
		pt_recording_stats(r->recording, &stats);
		assert_int_equal(stats.truncated, i);
		assert_int_equal(stats.partial, i);
	}
	assert_true(r->kernel.cpus[0].lost >= 3 * 6000);
	same_bytes(r, 0);
	end(r);
}

/* An area that is full without a word (kernel: perf_aux_output_begin) is started again too. */
static void full_area(void **state)
{
	const struct pt_options o = { .buffer = BUFFER };
	struct run *r = running(&o);

	(void)state;
	pt_kernel_write(&r->kernel, 0, BUFFER);
	pt_kernel_publish(&r->kernel, 0, 0);
	r->kernel.cpus[0].enabled = false;
	r->kernel.enables = 0;
	poll(r);
	assert_int_equal(r->kernel.enables, 1);
	assert_true(r->kernel.cpus[0].enabled);
	/* One that is called truncated with room left (kernel: pt_buffer_reset_markers) as well. */
	pt_kernel_write(&r->kernel, 0, 10);
	pt_kernel_publish(&r->kernel, 0, PERF_AUX_FLAG_TRUNCATED);
	r->kernel.cpus[0].enabled = false;
	poll(r);
	assert_int_equal(r->kernel.enables, 2);
	assert_true(r->kernel.cpus[0].enabled);
	poll(r);
	assert_int_equal(r->kernel.enables, 2);
	same_bytes(r, 0);
	end(r);
}

static void snapshot(void **state)
{
	static const size_t sizes[] = { 0,      1,          100,           BUFFER - 1,
					BUFFER, BUFFER + 1, BUFFER + 4711, 5 * BUFFER };
	const struct pt_options o = { .buffer = BUFFER, .snapshot = true };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
		size_t size = sizes[i], held = size < BUFFER ? size : BUFFER;
		struct run *r = running(&o);

		assert_true(r->kernel.cpus[0].overwrite);
		assert_true(pt_recording_setup(r->recording)->mode & REBLOCK_PT_SNAPSHOT);
		assert_int_equal(r->kernel.fds[0].attr.aux_watermark, 0);
		pt_kernel_write(&r->kernel, 0, size);
		poll(r);
		assert_int_equal(r->got.pieces, 0);
		assert_int_equal(pt_recording_stop(r->recording, &r->sink), 0);
		assert_int_equal(r->got.size[0], held);
		assert_memory_equal(r->got.bytes[0], r->kernel.cpus[0].accepted + size - held,
				    held);
		assert_int_equal(r->got.flags[0], held ? REBLOCK_PT_OVERWRITE : 0);
		assert_int_equal(r->got.size[2], 0);
		end(r);
	}
}

/* Above the limit bytes are left out, not PT stopped; the next that come say that some are missing. */
static void limited(void **state)
{
	const struct pt_options o = { .buffer = BUFFER, .most_per_second = 20000 };
	struct run *r = running(&o);
	struct pt_stats stats;

	(void)state;
	for (int i = 0; i < 250; i++) {
		pt_kernel_write(&r->kernel, 0, 1000);
		pt_kernel_publish(&r->kernel, 0, 0);
		poll(r);
	}
	pt_recording_stats(r->recording, &stats);
	assert_int_equal(stats.bytes, 3 * 20000);
	assert_int_equal(stats.left_out, 250000 - 3 * 20000);
	assert_int_equal(stats.truncated, 0);
	assert_int_equal(r->got.gaps, 2);
	assert_int_equal(r->got.size[0], 60000);
	assert_memory_equal(r->got.bytes[0] + 20000, r->kernel.cpus[0].accepted + 100000, 1);
	end(r);
}

/* Records that the kernel had no room for: all bytes come, and that something may be missing is said. */
static void unsaid(void **state)
{
	const struct pt_options o = { .buffer = 1 << 20 };
	struct run *r = running(&o);
	struct pt_stats stats;

	(void)state;
	for (int i = 0; i < 5000; i++) {
		pt_kernel_write(&r->kernel, 0, 10);
		pt_kernel_publish(&r->kernel, 0, 0);
	}
	assert_true(r->kernel.cpus[0].unsaid > 0);
	poll(r);
	assert_int_equal(r->got.size[0], 50000);
	pt_kernel_write(&r->kernel, 0, 10);
	pt_kernel_publish(&r->kernel, 0, 0);
	poll(r);
	same_bytes(r, 0);
	assert_int_equal(r->got.gaps, 1);
	pt_recording_stats(r->recording, &stats);
	assert_int_equal(stats.lost, 1);
	end(r);
}

/* The kernel's record is there before the bytes are published; and what is no record ends nothing. */
static void odd_records(void **state)
{
	const struct pt_options o = { .buffer = BUFFER };
	struct run *r = running(&o);
	struct pt_kernel_cpu *cpu = &r->kernel.cpus[0];
	struct pt_stats stats;

	(void)state;
	pt_kernel_write(&r->kernel, 0, 500);
	pt_kernel_publish(&r->kernel, 0, PERF_AUX_FLAG_COLLISION);
	cpu->page->aux_head = 0;
	poll(r);
	assert_int_equal(r->got.pieces, 0);
	assert_int_equal(cpu->page->data_tail, 0);
	cpu->page->aux_head = 500;
	poll(r);
	assert_int_equal(r->got.pieces, 1);
	assert_int_equal(r->got.last_flags, REBLOCK_PT_COLLISION);
	assert_int_equal(cpu->page->data_tail, cpu->page->data_head);
	for (uint64_t i = 0; i < 24; i++)
		cpu->data[(cpu->page->data_head + i) & (cpu->data_size - 1)] = 0;
	cpu->page->data_head += 24;
	pt_kernel_write(&r->kernel, 0, 500);
	cpu->page->aux_head = 1000;
	poll(r);
	same_bytes(r, 0);
	assert_int_equal(r->got.last_flags, REBLOCK_PT_GAP);
	pt_recording_stats(r->recording, &stats);
	assert_int_equal(stats.lost, 1);
	/* A head that no kernel would show. */
	cpu->page->aux_head = 10 * BUFFER;
	poll(r);
	assert_int_equal(r->got.size[0], 1000 + BUFFER);
	assert_int_equal(r->got.gaps, 2);
	end(r);
}

/* What the sink says ends the poll. */
static void refused(void **state)
{
	const struct pt_options o = { .buffer = BUFFER };
	struct run *r = running(&o);

	(void)state;
	pt_kernel_write(&r->kernel, 0, 500);
	pt_kernel_publish(&r->kernel, 0, 0);
	r->got.refuse = -ENOSPC;
	assert_int_equal(pt_recording_poll(r->recording, &r->sink), -ENOSPC);
	assert_int_equal(pt_recording_stop(r->recording, &r->sink), 0);
	assert_int_equal(r->got.pieces, 1);
	end(r);
}

/* Threads that come and go make many records: only what something is said of is a piece of its own. */
static void many_records(void **state)
{
	const struct pt_options o = { .buffer = BUFFER };
	struct run *r = running(&o);

	(void)state;
	for (int i = 0; i < 100; i++) {
		pt_kernel_write(&r->kernel, 0, 10);
		pt_kernel_publish(&r->kernel, 0, i == 50 ? PERF_AUX_FLAG_PARTIAL : 0);
	}
	poll(r);
	same_bytes(r, 0);
	assert_int_equal(r->got.pieces, 3);
	assert_int_equal(r->got.last_flags, 0);
	assert_int_equal(r->got.flags[0], REBLOCK_PT_PARTIAL);
	end(r);
}

/* Into a file, beside records, and out of it again. */
static void into_a_file(void **state)
{
	for (int compress = 0; compress < 2; compress++) {
		const struct pt_options o = { .buffer = BUFFER };
		struct run *r = running(&o);
		struct reblock_source source = { .presence = 0, .clock = "monotonic" };
		struct reblock_record record = { .kind = REBLOCK_EXIT, .vm = 1 };
		const struct reblock_record *records;
		uint64_t at[PT_KERNEL_CPUS] = { 0 };
		struct reblock_input *in;
		char *error;
		uint64_t n = 0;

		(void)state;
		assert_int_equal(reblock_trace_create(fixture_path, &source, &r->got.writer), 0);
		if (compress)
			assert_int_equal(reblock_trace_compress_pt(r->got.writer), 0);
		assert_int_equal(reblock_trace_write_pt_setup(r->got.writer,
							      pt_recording_setup(r->recording)),
				 0);
		for (int i = 0; i < 300; i++) {
			pt_kernel_write(&r->kernel, 0, 1 + i * 13);
			pt_kernel_write(&r->kernel, 2, i);
			pt_kernel_publish(&r->kernel, i % 2 ? 0 : 2, 0);
			reblock_trace_write(r->got.writer, &record, 1);
			poll(r);
		}
		assert_int_equal(pt_recording_stop(r->recording, &r->sink), 0);
		assert_int_equal(reblock_trace_close(r->got.writer), 0);

		assert_int_equal(reblock_input_open(fixture_path, NULL, NULL, &in, &error), 0);
		assert_non_null(in->pt);
		assert_memory_equal(&in->pt->setup, pt_recording_setup(r->recording),
				    sizeof(in->pt->setup));
		assert_int_equal(in->pt->n_points, r->got.points);
		for (size_t i = 0; i < in->pt->n_pieces; i++) {
			const struct trace_pt_piece *p = &in->pt->pieces[i];

			assert_int_equal(p->offset, at[p->cpu]);
			if (!p->packed)
				assert_memory_equal(p->stored,
						    r->kernel.cpus[p->cpu].accepted + p->offset,
						    p->size);
			at[p->cpu] += p->size;
		}
		for (unsigned cpu = 0; cpu < PT_KERNEL_CPUS; cpu++)
			assert_int_equal(at[cpu], r->kernel.cpus[cpu].n_accepted);
		for (long got; (got = reblock_input_next(in, &records)) > 0;)
			n += (uint64_t)got;
		assert_int_equal(n, 300);
		assert_int_equal(reblock_input_damages(in), 0);
		reblock_input_close(in);
		end(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(full),        cmocka_unit_test(around),
		cmocka_unit_test(truncated),   cmocka_unit_test(full_area),
		cmocka_unit_test(snapshot),    cmocka_unit_test(limited),
		cmocka_unit_test(unsaid),      cmocka_unit_test(odd_records),
		cmocka_unit_test(refused),     cmocka_unit_test(many_records),
		cmocka_unit_test(into_a_file),
	};

	return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
