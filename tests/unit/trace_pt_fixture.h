/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of Intel PT in trace files share: what each CPU wrote, and pieces of it written and compared. */
#ifndef TRACE_PT_FIXTURE_H
#define TRACE_PT_FIXTURE_H

#include "input/trace_pt.h"
#include "input_fixture.h"
#include <zstd.h>

#define CPUS 3
#define STREAM (4 * REBLOCK_PT_PART_MOST)

/* What each CPU wrote: half of it can be compressed. */
static uint8_t streams[CPUS][STREAM];

static inline int make_streams(void **state)
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

static inline struct reblock_pt_piece piece(uint32_t cpu, uint64_t offset, size_t size,
					    uint32_t flags)
{
	return (struct reblock_pt_piece){ .cpu = cpu,
					  .offset = offset,
					  .size = size,
					  .flags = flags,
					  .time = 1000 + offset,
					  .bytes = streams[cpu] + offset };
}

static inline struct reblock_record exit_at(uint64_t t)
{
	return (struct reblock_record){ .kind = REBLOCK_EXIT, .t = t, .vm = 1, .cpu = 1 };
}

static inline struct reblock_trace_writer *begin(void)
{
	struct reblock_source source = { .presence = 0, .clock = "monotonic" };
	struct reblock_trace_writer *w;

	assert_int_equal(reblock_trace_create(fixture_path, &source, &w), 0);
	return w;
}

static inline void count(void *context, const char *message)
{
	(void)message;
	++*(unsigned *)context;
}

static inline struct reblock_input *open_path(const char *path, unsigned *damages)
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

static inline uint64_t records_of(struct reblock_input *in)
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
static inline const uint8_t *bytes_of(const struct trace_pt_piece *p, uint8_t *room)
{
	if (!p->packed)
		return p->stored;
	assert_int_equal(ZSTD_decompress(room, REBLOCK_PT_PART_MOST, p->stored, p->stored_size),
			 p->size);
	return room;
}

/* Each piece that is offered is a right part of its CPU's stream. Returns how many bytes there are. */
static inline uint64_t check_pieces(const struct trace_pt *pt, uint64_t next[CPUS])
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

#endif
