/* SPDX-License-Identifier: BSD-2-Clause */
/* What the PT chunks of a trace file say, as the part that decodes wants it. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <zstd.h>
#include "input/aux.h"
#include "input/trace_pt.h"

/*
 * Between two readings of the clocks, a second apart, the kernel may change the rate of CLOCK_MONOTONIC; by what is
 * usual (NTP) this makes less than a microsecond, and reading both takes less than another.
 */
#define CLOCK_ERROR 2000

static void set_config(struct pt_config *config, const struct reblock_input *in)
{
	const struct reblock_pt_setup *s = &in->pt->setup;
	const uint32_t times = REBLOCK_PT_HAS_MTC_FREQ | REBLOCK_PT_HAS_RATIO;

	if ((s->presence & times) == times && s->mtc_freq <= UINT8_MAX && s->cpuid_0x15_eax &&
	    s->cpuid_0x15_ebx) {
		config->mtc_freq = (uint8_t)s->mtc_freq;
		config->cpuid_0x15_eax = s->cpuid_0x15_eax;
		config->cpuid_0x15_ebx = s->cpuid_0x15_ebx;
	}
	if (s->presence & REBLOCK_PT_HAS_NOM_FREQ && s->nom_freq <= UINT8_MAX)
		config->nom_freq = (uint8_t)s->nom_freq;
}

static void set_clock(struct pt_clock *clock, const struct reblock_input *in)
{
	const struct trace_pt *pt = in->pt;

	*clock = (struct pt_clock){ .kind = PT_CLOCK_UNKNOWN };
	if (pt->n_points < 2)
		return;
	*clock = (struct pt_clock){ .kind = PT_CLOCK_POINTS,
				    .points = pt->points,
				    .n_points = pt->n_points,
				    .error = CLOCK_ERROR };
}

/* Whether exits and entries are captured; they have their CPU and the time of the same clock then. */
static bool has_records(const struct reblock_source *source)
{
	const uint32_t both = 1u << REBLOCK_EXIT | 1u << REBLOCK_ENTRY;

	return source->presence & REBLOCK_SOURCE_CAPTURES && (source->captures & both) == both;
}

static void add_notes(struct aux *aux, const struct trace_pt *pt)
{
	size_t n = 0;

	if (!pt->described)
		aux->notes[n++] =
			"the chunk that says how Intel PT was recorded is missing: of its times only those in TSC packets are known";
	if (pt->n_points < 2)
		aux->notes[n++] =
			"the chunks with readings of the clocks are missing: Intel PT cannot be put beside the records";
	aux->notes[n] = NULL;
}

/* As pt_load_fn; CONTEXT is the input. */
static int load(void *context, const struct pt_piece *piece, uint8_t *to)
{
	const struct reblock_input *in = context;
	size_t low = 0, high = in->pt->n_pieces, got;

	/* They stand in the order of the file. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (in->pt->pieces[middle].at < piece->offset)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == in->pt->n_pieces || in->pt->pieces[low].at != piece->offset)
		return -EBADMSG;
	got = ZSTD_decompress(to, piece->size, in->pt->pieces[low].stored,
			      in->pt->pieces[low].stored_size);
	return got == piece->size ? 0 : -EBADMSG;
}

static uint32_t flags_of(const struct trace_pt_piece *p, bool goes_on)
{
	uint32_t flags = 0;

	if (p->flags & (REBLOCK_PT_GAP | REBLOCK_PT_PARTIAL) || !goes_on)
		flags |= PT_PIECE_GAP;
	if (p->flags & (REBLOCK_PT_TRUNCATED | REBLOCK_PT_PARTIAL))
		flags |= PT_PIECE_TRUNCATED;
	if (p->flags & REBLOCK_PT_OVERWRITE && !goes_on)
		flags |= PT_PIECE_OVERWRITE;
	return flags;
}

static int offer_piece(struct reblock_input *in, const struct trace_pt_piece *p)
{
	const struct pt_piece *last = NULL;
	struct pt_piece piece = { .bytes = p->packed ? NULL : p->stored,
				  .size = p->size,
				  .at = p->offset,
				  .offset = p->at };
	struct pt_queue *q;
	long queue;

	if (p->cpu >= REBLOCK_NO_CPU) {
		reader_damage(in,
			      "offset %" PRIu64 ": Intel PT of CPU %" PRIu32
			      ", and there are none of that number; it is left out",
			      p->at, p->cpu);
		return 0;
	}
	queue = aux_queue(in->aux, (uint16_t)p->cpu, 0, 0);
	if (queue < 0)
		return (int)queue;
	q = &in->aux->queues[queue];
	q->load = load;
	q->context = in;
	if (q->n_pieces)
		last = &q->pieces[q->n_pieces - 1];
	piece.flags = flags_of(p, last && last->at + last->size == p->offset);
	if (p->size || !last)
		return p->size ? aux_piece(in->aux, queue, &piece) : 0;
	/* Without bytes it says something of those before it. */
	q->pieces[q->n_pieces - 1].flags |= piece.flags & PT_PIECE_TRUNCATED;
	return 0;
}

int trace_pt_offer(struct reblock_input *in)
{
	struct trace_pt *pt = in->pt;
	int err;

	if (!pt || !pt->n_pieces)
		return 0;
	err = aux_begin(in);
	if (err)
		return err;
	set_config(&in->aux->config, in);
	set_clock(&in->aux->clock, in);
	in->aux->has_records = has_records(&in->source);
	in->aux->all_cpus = pt->described &&
			    !(pt->setup.mode & (REBLOCK_PT_OF_PROCESS | REBLOCK_PT_OF_CGROUP));
	add_notes(in->aux, pt);
	for (size_t i = 0; i < pt->n_pieces; i++) {
		err = offer_piece(in, &pt->pieces[i]);
		if (err == -E2BIG) {
			reader_damage(in,
				      "offset %" PRIu64
				      ": there is more Intel PT than can be taken, of too "
				      "many CPUs or in too small pieces; it is left out",
				      pt->pieces[i].at);
			return 0;
		}
		if (err)
			return err;
	}
	return 0;
}
