/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Finds Intel PT: AUXTRACE_INFO says how it was recorded, AUXTRACE has it, AUX says where bytes are missing; with --aux-sample
 * samples have it, each what came last.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include "input/aux.h"
#include "input/perf_aux.h"

/* perf makes the payload of AUXTRACE a multiple of 8, by zeros, which are PAD packets. */
#define PADDING 7

/* Where bytes are missing in what a queue's buffer got. */
struct cut {
	long queue;
	uint64_t at;
};

struct finding {
	struct reblock_input *in;
	struct perf_reader *p;
	struct aux *aux;
	bool snapshot;
	uint64_t *end; /* by queue: of what it has, as perf counts its bytes */
	size_t ends;
	struct cut *cuts;
	size_t n_cuts, cuts_room;
	uint64_t bad;
};

/* The first AUXTRACE_INFO, which perf writes before anything that it takes out of its buffers; NULL: none. */
static const uint8_t *find_info(const struct perf_reader *p, int *err)
{
	const uint8_t *r, *info = NULL;
	struct perf_walk w;

	perf_walk_begin(&w, p->data, p->size, p->offset);
	while (!info && (r = perf_walk_next(&w, err)) != NULL) {
		if (perf_type(r) == PERF_SAMPLE || perf_type(r) == PERF_FINISHED_ROUND ||
		    perf_type(r) == PERF_AUXTRACE)
			break;
		if (perf_type(r) == PERF_AUXTRACE_INFO && !w.unpacked)
			info = r;
	}
	perf_walk_end(&w);
	return info;
}

static void read_info(struct perf_aux *a, const uint8_t *r)
{
	size_t n = perf_size(r) >= 16 ? (perf_size(r) - 16u) / 8 : 0;

	memset(a, 0, sizeof(*a));
	a->kind = perf_size(r) >= 12 ? perf_u32(r + 8) : 0;
	for (size_t i = 0; i < n && i < PERF_PT_WORDS; i++)
		a->words[i] = perf_u64(r + 16 + 8 * i);
}

static const struct perf_attr *attr_of_pt(const struct perf_reader *p)
{
	for (size_t i = 0; i < p->attrs.n; i++)
		if (p->attrs.attrs[i].type == p->aux->words[PERF_PT_PMU_TYPE])
			return &p->attrs.attrs[i];
	return NULL;
}

static void set_config(const struct perf_reader *p, const struct perf_attr *attr,
		       struct pt_config *c)
{
	const uint64_t *w = p->aux->words;
	uint64_t mtc = w[PERF_PT_MTC_FREQ_BITS];

	if (attr && mtc && (attr->config & w[PERF_PT_MTC_BIT]))
		c->mtc_freq = (uint8_t)((attr->config & mtc) >> __builtin_ctzll(mtc) & 15);
	c->nom_freq = w[PERF_PT_MAX_NONTURBO] <= UINT8_MAX ? (uint8_t)w[PERF_PT_MAX_NONTURBO] : 0;
	if (w[PERF_PT_TSC_CTC_N] <= UINT32_MAX && w[PERF_PT_TSC_CTC_D] <= UINT32_MAX) {
		c->cpuid_0x15_ebx = (uint32_t)w[PERF_PT_TSC_CTC_N];
		c->cpuid_0x15_eax = (uint32_t)w[PERF_PT_TSC_CTC_D];
	}
}

static void bad_record(struct finding *f, const uint8_t *r, const char *what)
{
	if (f->bad++ < 8)
		reader_damage(f->in, "offset %" PRIu64 ": %s; what it has of Intel PT is left out",
			      f->p->offset + (uint64_t)(r - f->p->data), what);
}

/* The queue of CPU, or where there is none, of a thread. */
static long queue_of(struct finding *f, uint32_t cpu, uint32_t tid)
{
	bool by_cpu = cpu != UINT32_MAX;
	long queue;

	if ((by_cpu && cpu >= REBLOCK_NO_CPU) || (!by_cpu && (!tid || tid == UINT32_MAX)))
		return -EINVAL;
	queue = aux_queue(f->aux, by_cpu ? (uint16_t)cpu : REBLOCK_NO_CPU, 0, by_cpu ? 0 : tid);
	if (queue >= 0 && (size_t)queue >= f->ends) {
		size_t room = f->ends ? f->ends * 2 : 64;
		uint64_t *end = realloc(f->end, room * sizeof(*end));

		if (!end)
			return -ENOMEM;
		memset(end + f->ends, 0, (room - f->ends) * sizeof(*end));
		f->end = end;
		f->ends = room;
	}
	return queue;
}

/*
 * What perf has put behind the bytes before, to make their number even, is no part of them; where those that come now
 * begin before their end, that may be so. Returns how many zeros were dropped, at most N and PADDING.
 */
static uint64_t drop_padding(struct pt_queue *q, uint64_t n)
{
	struct pt_piece *last = q->n_pieces ? &q->pieces[q->n_pieces - 1] : NULL;
	uint64_t dropped = 0;

	for (;
	     last && dropped < n && dropped < PADDING && last->size && !last->bytes[last->size - 1];
	     dropped++)
		last->size--;
	return dropped;
}

static int take_auxtrace(struct finding *f, const uint8_t *r)
{
	struct pt_piece piece = { .bytes = r + perf_size(r),
				  .size = (size_t)perf_u64(r + 8),
				  .at = perf_u64(r + 16) };
	long queue = queue_of(f, perf_u32(r + 40), perf_u32(r + 36));
	struct pt_queue *q;
	int err;

	piece.offset = f->p->offset + (uint64_t)(piece.bytes - f->p->data);
	if (queue == -ENOMEM)
		return -ENOMEM;
	if (queue < 0) {
		bad_record(f, r,
			   queue == -E2BIG ? "an AUXTRACE record of more CPUs than any host has" :
					     "an AUXTRACE record names no CPU and no thread");
		return 0;
	}
	if (piece.at > UINT64_MAX - piece.size) {
		bad_record(f, r, "an AUXTRACE record lies beyond the end of any buffer");
		return 0;
	}
	q = &f->aux->queues[queue];
	if (f->snapshot) {
		piece.flags = PT_PIECE_OVERWRITE;
	} else if (q->n_pieces && piece.at < f->end[queue]) {
		uint64_t again = f->end[queue] - piece.at;

		f->end[queue] -= drop_padding(q, again);
		again = f->end[queue] - piece.at;
		if (again >= piece.size)
			return 0; /* all of it was there before */
		piece.bytes += again;
		piece.offset += again;
		piece.size -= again;
		piece.at += again;
	} else if (piece.at > f->end[queue]) {
		piece.flags = PT_PIECE_GAP;
	}
	f->end[queue] = piece.at + piece.size;
	if (!piece.size)
		return 0;
	err = aux_piece(f->aux, queue, &piece);
	if (err == -E2BIG)
		bad_record(f, r, "there are too many AUXTRACE records");
	return err == -ENOMEM ? err : 0;
}

/* What the sample R holds of the AUX area of its CPU: what was written last. KEPT: R stays where it is. */
static int take_sample(struct finding *f, const uint8_t *r, bool kept)
{
	const struct perf_attr *form = perf_attrs_of(&f->p->attrs, r);
	struct pt_piece piece = { .size = 0 };
	size_t at, end = perf_size(r);
	uint32_t cpu, tid;
	long queue;
	int err;

	if (!form || !(form->sample_type & PERF_HAS_AUX))
		return 0;
	at = perf_attr_aux(form, r, &piece.size);
	if (at && !piece.size)
		return 0;
	cpu = form->cpu && form->cpu + 4u <= end ? perf_u32(r + form->cpu) : UINT32_MAX;
	tid = form->tid && form->tid + 8u <= end ? perf_u32(r + form->tid + 4) : 0;
	queue = at && kept ? queue_of(f, cpu, tid) : -EINVAL;
	if (queue < 0) {
		f->p->aux->unread = true;
		return queue == -ENOMEM ? -ENOMEM : 0;
	}
	piece.bytes = r + at;
	piece.offset = f->p->offset + (uint64_t)(piece.bytes - f->p->data);
	err = aux_piece(f->aux, queue, &piece);
	f->p->aux->unread |= err == -E2BIG;
	return err == -ENOMEM ? err : 0;
}

/* Passes over the samples that come next, or takes what they hold. */
static int pass_samples(struct finding *f, struct perf_walk *w)
{
	const uint8_t *r;
	int err = 0;

	while (!err && (r = perf_walk_sample(w)) != NULL)
		if (f->p->aux->sampled)
			err = take_sample(f, r, true);
	return err;
}

static int take_aux(struct finding *f, const uint8_t *r)
{
	const struct perf_attr *form = perf_attr_of_tail(&f->p->attrs, r);
	uint64_t flags, end;
	uint32_t cpu, tid;
	long queue;

	if (perf_size(r) < PERF_AUX_SIZE + form->tail)
		return 0;
	flags = perf_u64(r + 24);
	f->snapshot |= (flags & PERF_AUX_OVERWRITE) != 0;
	end = perf_u64(r + 8) + perf_u64(r + 16);
	if (!(flags & (PERF_AUX_TRUNCATED | PERF_AUX_PARTIAL)) || end < perf_u64(r + 8))
		return 0;
	cpu = form->tail_cpu ? perf_u32(r + perf_size(r) - form->tail_cpu) : UINT32_MAX;
	tid = form->tail_tid ? perf_u32(r + perf_size(r) - form->tail_tid + 4) : 0;
	queue = queue_of(f, f->p->aux->words[PERF_PT_PER_CPU] ? cpu : UINT32_MAX, tid);
	if (queue < 0)
		return queue == -ENOMEM ? -ENOMEM : 0;
	if (f->n_cuts == f->cuts_room) {
		size_t room = f->cuts_room ? f->cuts_room * 2 : 64;
		struct cut *cuts = realloc(f->cuts, room * sizeof(*cuts));

		if (!cuts)
			return -ENOMEM;
		f->cuts = cuts;
		f->cuts_room = room;
	}
	f->cuts[f->n_cuts++] = (struct cut){ queue, end };
	return 0;
}

static int by_place(const void *a, const void *b)
{
	const struct cut *l = a, *r = b;

	if (l->queue != r->queue)
		return l->queue < r->queue ? -1 : 1;
	return l->at < r->at ? -1 : l->at > r->at;
}

/* Cuts the pieces where bytes are missing between or in them. */
static int cut_all(struct finding *f)
{
	uint64_t *at = malloc((f->n_cuts + 1) * sizeof(*at));
	int err = at ? 0 : -ENOMEM;

	if (f->n_cuts)
		qsort(f->cuts, f->n_cuts, sizeof(*f->cuts), by_place);
	for (size_t i = 0, n; i < f->n_cuts && !err; i += n) {
		for (n = 0; i + n < f->n_cuts && f->cuts[i + n].queue == f->cuts[i].queue; n++)
			at[n] = f->cuts[i + n].at;
		err = aux_cut(f->aux, f->cuts[i].queue, at, n);
	}
	free(at);
	return err;
}

static int find_pieces(struct finding *f)
{
	const uint8_t *r;
	struct perf_walk w;
	int err = 0;

	perf_walk_begin(&w, f->p->data, f->p->size, f->p->offset);
	while (!err) {
		err = pass_samples(f, &w);
		if (err)
			break;
		r = perf_walk_next(&w, &err);
		if (!r)
			break;
		if (perf_type(r) == PERF_SAMPLE && f->p->aux->sampled)
			err = take_sample(f, r, !w.unpacked);
		else if (perf_type(r) == PERF_AUXTRACE && !w.unpacked)
			err = take_auxtrace(f, r);
		else if (perf_type(r) == PERF_AUX)
			err = take_aux(f, r);
	}
	perf_walk_end(&w);
	/* Offsets in a buffer that is written round and round say nothing. */
	if (!err && !f->snapshot)
		err = cut_all(f);
	for (size_t i = 0; !err && f->snapshot && i < f->aux->n_queues; i++)
		for (size_t k = 0; k < f->aux->queues[i].n_pieces; k++)
			f->aux->queues[i].pieces[k].flags = PT_PIECE_OVERWRITE;
	return err;
}

int perf_aux_find(struct reblock_input *in, struct perf_reader *p)
{
	struct finding f = { .in = in, .p = p };
	const struct perf_attr *attr;
	const uint8_t *info;
	int err = 0;

	info = find_info(p, &err);
	if (!info)
		return err;
	p->aux = malloc(sizeof(*p->aux));
	if (!p->aux)
		return -ENOMEM;
	read_info(p->aux, info);
	if (p->aux->kind != PERF_AUXTRACE_INTEL_PT)
		return 0;
	err = aux_begin(in);
	if (err)
		return err;
	f.aux = in->aux;
	f.snapshot = p->aux->words[PERF_PT_SNAPSHOT] != 0;
	for (size_t i = 0; i < p->attrs.n; i++)
		p->aux->sampled |= (p->attrs.attrs[i].sample_type & PERF_HAS_AUX) != 0;
	f.snapshot |= p->aux->sampled;
	attr = attr_of_pt(p);
	set_config(p, attr, &in->aux->config);
	err = find_pieces(&f);
	free(f.end);
	free(f.cuts);
	in->aux->all_cpus = attr && p->online && attr->n_ids >= p->online &&
			    p->aux->words[PERF_PT_PER_CPU];
	return err;
}

void perf_aux_decide(struct reblock_input *in, struct perf_reader *p, bool records, bool cpu,
		     int32_t clockid)
{
	const uint64_t *w;
	struct pt_clock *c;

	if (!in->aux)
		return;
	w = p->aux->words;
	c = &in->aux->clock;
	if (w[PERF_PT_CAP_TIME_ZERO] && w[PERF_PT_TIME_SHIFT] < 64 &&
	    w[PERF_PT_TIME_MULT] <= UINT32_MAX) {
		c->kind = PT_CLOCK_PERF;
		c->shift = (uint16_t)w[PERF_PT_TIME_SHIFT];
		c->mult = (uint32_t)w[PERF_PT_TIME_MULT];
		c->zero = w[PERF_PT_TIME_ZERO];
	}
	if (!pt_clock_usable(c))
		c->kind = PT_CLOCK_UNKNOWN;
	p->aux->no_clock = c->kind == PT_CLOCK_UNKNOWN;
	p->aux->other_clock = records && clockid >= 0;
	p->aux->no_cpu = records && !cpu;
	in->aux->has_records = records && cpu && clockid < 0 && !p->aux->no_clock;
	for (size_t i = 0; i < p->attrs.n; i++)
		if ((p->attrs.attrs[i].flags & PERF_FLAG_CONTEXT_SWITCH) &&
		    !(p->attrs.attrs[i].flags & PERF_FLAG_USE_CLOCKID))
			in->aux->has_threads = true;
	p->threads = in->aux->has_threads && !in->aux->has_records;
	in->aux->name = perf_names_get;
	in->aux->context = p->names;
}

const char *perf_aux_note(const struct perf_reader *p, size_t i)
{
	static const struct {
		size_t flag;
		const char *text;
	} notes[] = {
#define NOTE(flag, text) { offsetof(struct perf_aux, flag), text }
		NOTE(no_clock,
		     "Intel PT's times cannot be brought to perf's clock (cap_user_time_zero was 0 there): it stands for itself, without threads, and vCPUs are told apart by their VMCS"),
		NOTE(other_clock,
		     "the kvm events were recorded by another clock (-k) than perf's own, to which Intel PT's times cannot be brought: it stands for itself, beside them; record without -k"),
		NOTE(no_cpu,
		     "the kvm events do not name the host CPU, so Intel PT stands for itself, beside them; record with: perf record -a"),
		NOTE(unread,
		     "samples hold Intel PT (--aux-sample) that cannot be read, as they are compressed, or have a branch stack, registers or a stack before it; record without -z, -b, --user-regs and --call-graph dwarf"),
#undef NOTE
	};

	if (!p->aux)
		return NULL;
	if (p->aux->kind != PERF_AUXTRACE_INTEL_PT)
		return i ? NULL : "its AUX area is not of Intel PT, and is left out";
	for (size_t k = 0; k < sizeof(notes) / sizeof(notes[0]); k++)
		if (*((const bool *)p->aux + notes[k].flag) && !i--)
			return notes[k].text;
	return NULL;
}

void perf_aux_free(struct perf_reader *p)
{
	free(p->aux);
}
