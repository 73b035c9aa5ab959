/* SPDX-License-Identifier: BSD-2-Clause */
/* perf.data as records: opens it, brings the samples into the order of time, and puts losses in. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <event-parse.h>
#include <reblock/trace.h>
#include "input/aux.h"
#include "input/perf_aux.h"
#include "input/perf_format.h"
#include "input/perf_reader.h"
#include "input/perf_tracing.h"

#define BATCH 2048 /* records given at once: they stay in the cache */
_Static_assert(BATCH <= REBLOCK_CHUNK_RECORDS, "as many as may be given");

/* Damaged samples that are told one by one. */
#define BAD_SAMPLES_TOLD 8
/* After so many ends of rounds nothing older than a damage can come: see below_damage. */
#define DAMAGE_ROUNDS 3

static int read_formats(const struct reblock_input *in, struct perf_reader *p, char **error)
{
	const char *what;
	int err;

	if (!p->tracing) {
		/* perf writes them for tracepoints only. */
		if (in->aux)
			return 0;
		for (size_t i = 0; i < p->attrs.n; i++)
			if (p->attrs.attrs[i].type == PERF_TYPE_TRACEPOINT)
				return perf_refuse(in, error,
						   "this perf.data has no formats of its events");
		return perf_refuse(in, error,
				   "this perf.data holds no trace events; record them with: %s",
				   KVM_EVENTS_PERF_RECORD);
	}
	err = perf_tracing_read(p->tracing, p->tracing_size, &p->tep, &what);
	if (err == -EINVAL)
		return perf_refuse(in, error, "this is perf.data, and its formats %s", what);
	return err;
}

/* What the kvm events must have been recorded with. */
static int check_attr(const struct reblock_input *in, const struct perf_attr *a, char **error)
{
	const char *without = !(a->sample_type & PERF_HAS_RAW)  ? "raw data (-R)" :
			      !(a->sample_type & PERF_HAS_TIME) ? "time (-T)" :
			      !(a->sample_type & PERF_HAS_TID)  ? "thread" :
								  NULL;

	if (without)
		return perf_refuse(in, error,
				   "its kvm events were recorded without %s; record with: %s",
				   without, KVM_EVENTS_PERF_RECORD);
	if ((a->flags & PERF_FLAG_FREQ) || a->period != 1)
		return perf_refuse(
			in, error,
			"not every kvm event was recorded (-F, or -c other than 1), so which entry follows an exit is not known; record with: %s",
			KVM_EVENTS_PERF_RECORD);
	return 0;
}

static int find_events(struct reblock_input *in, struct perf_reader *p, char **error)
{
	static const char *const clocks[] = { "realtime",      "monotonic", NULL, NULL,
					      "monotonic-raw", NULL,        NULL, "boottime" };
	int32_t clockid = -1;

	bool records, cpu = true;

	if (p->tep)
		p->kvm = kvm_events_new(p->tep, in->source.kernel, perf_names_get, p->names);
	if (p->tep && !p->kvm)
		return -ENOMEM;
	for (size_t i = 0; i < p->attrs.n; i++) {
		const struct perf_attr *a = &p->attrs.attrs[i];
		int err;

		if (a->type != PERF_TYPE_TRACEPOINT || a->config > UINT16_MAX)
			continue;
		p->known[a->config] = PERF_NOT_WANTED;
		if (!p->kvm || !kvm_events_wants(p->kvm, (int)a->config))
			continue;
		p->known[a->config] = PERF_WANTED;
		err = check_attr(in, a, error);
		if (err)
			return err;
		kvm_events_recorded(p->kvm, (int)a->config);
		clockid = a->clockid;
		cpu = cpu && a->cpu;
	}
	records = p->kvm && kvm_events_enough(p->kvm);
	perf_aux_decide(in, p, records, cpu, clockid);
	if (!records && !in->aux)
		return perf_refuse(
			in, error,
			"this perf.data does not hold both kvm:kvm_exit and kvm:kvm_entry of an x86 host; record them with: %s",
			KVM_EVENTS_PERF_RECORD);
	if (!p->attrs.uniform && !p->attrs.form.id && records)
		return perf_refuse(
			in, error,
			"its samples do not say which event they are of; record the kvm events alone: %s",
			KVM_EVENTS_PERF_RECORD);
	if (p->kvm)
		kvm_events_source(p->kvm, &in->source);
	if (!in->source.source[0])
		snprintf(in->source.source, sizeof(in->source.source), "perf.data");
	snprintf(in->source.clock, sizeof(in->source.clock), "%s",
		 clockid >= 0 && clockid < 8 && clocks[clockid] ? clocks[clockid] : "perf");
	return 0;
}

int perf_open(struct reblock_input *in, char **error)
{
	struct perf_reader *p;
	int err = bytes_spool(&in->bytes);

	if (err)
		return err;
	p = in->perf = calloc(1, sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->names = perf_names_new();
	if (!p->names)
		return -ENOMEM;
	err = perf_header_read(in, p, error);
	if (err)
		return err;
	perf_attrs_done(&p->attrs);
	err = perf_aux_find(in, p);
	if (!err)
		err = read_formats(in, p, error);
	if (!err)
		err = find_events(in, p, error);
	if (!err)
		err = perf_lost_find(&p->lost, &p->attrs, p->data, p->size);
	if (err)
		return err;
	perf_walk_begin(&p->walk, p->data, p->size, p->offset);
	in->own = aligned_alloc(64, BATCH * sizeof(*in->own));
	return in->own ? 0 : -ENOMEM;
}

/*
 * Something is missing at this place of the file, of whatever buffers. What has been given is
 * complete, so it is newer than that. What is missing may belong to the round that now ends, and
 * nothing as old comes two rounds later: then the newest so far is newer than it.
 */
static void below_damage(struct perf_reader *p)
{
	if (!p->damaged || p->damaged_to < p->order.limit)
		p->damaged_from = p->order.limit;
	p->damaged = true;
	p->damaged_to = UINT64_MAX;
	p->rounds_left = DAMAGE_ROUNDS;
}

static void bad_sample(struct reblock_input *in, struct perf_reader *p, const char *what)
{
	if (p->bad_samples++ < BAD_SAMPLES_TOLD)
		reader_damage(in, "before offset %" PRIu64 ": a sample %s; it is taken as lost",
			      p->walk.offset + (uint64_t)(p->walk.at - p->walk.from), what);
	below_damage(p);
}

static int take_sample(struct reblock_input *in, struct perf_reader *p, const uint8_t *r)
{
	const struct perf_attr *a = perf_attrs_of(&p->attrs, r);
	size_t size = perf_size(r), raw;
	uint16_t id;

	if (!a) {
		bad_sample(in, p, "is of no event that was recorded");
		return 0;
	}
	if (a->type != PERF_TYPE_TRACEPOINT)
		return 0;
	raw = perf_attr_raw(a, r);
	if (!raw || size - raw < 6 || perf_u32(r + raw) > size - raw - 4) {
		bad_sample(in, p, "is shorter than it says");
		return 0;
	}
	id = perf_u16(r + raw + 4);
	if (p->known[id] == PERF_NOT_RECORDED || (!p->attrs.uniform && a->config != id)) {
		bad_sample(in, p, "is of no event that was recorded");
		return 0;
	}
	if (p->known[id] == PERF_NOT_WANTED)
		return 0;
	p->waiting++;
	return perf_order_add(&p->order, perf_u64(r + a->time), r, size, p->walk.unpacked);
}

static void end_round(struct perf_reader *p)
{
	perf_order_round(&p->order);
	p->waiting = 0;
	if (!p->rounds_left)
		return;
	p->rounds_left--;
	if (!p->rounds_left)
		p->damaged_to = p->order.newest;
}

static void end_all(struct reblock_input *in, struct perf_reader *p)
{
	p->at_end = true;
	/* A file's header says that it is whole. */
	if (p->pipe && p->waiting) {
		reader_damage(
			in,
			"the stream ends in the middle of a round of perf's buffers: perf was ended by force, or what it wrote is cut off; the records of the last round may not all be here");
		below_damage(p);
	}
	perf_order_finish(&p->order);
}

/* What is no sample. Returns 0 or -ENOMEM. */
static int take_other(struct perf_reader *p, const uint8_t *r)
{
	struct reblock_record thread;

	switch (perf_type(r)) {
	case PERF_FINISHED_ROUND:
		end_round(p);
		return 0;
	case PERF_COMM:
		return perf_names_take(p->names, r, perf_attr_of_tail(&p->attrs, r));
	case PERF_ITRACE_START:
	case PERF_SWITCH:
	case PERF_SWITCH_CPU_WIDE:
		if (!p->threads || !perf_aux_switch(p, r, &thread))
			return 0;
		return perf_order_add(&p->order, thread.t, r, perf_size(r), p->walk.unpacked);
	default:
		return 0;
	}
}

/* Reads on until samples are ready to be given, or to the end. Returns 0 or -ENOMEM. */
static int fill(struct reblock_input *in, struct perf_reader *p)
{
	int err = 0;

	while (!err && p->order.next == p->order.ready && !p->at_end) {
		const uint8_t *r = perf_walk_sample(&p->walk);

		if (!r) {
			r = perf_walk_next(&p->walk, &err);
			if (p->walk.damaged) {
				reader_damage(in,
					      "%s; it is not known how many records are missing",
					      p->walk.what);
				below_damage(p);
			}
			if (err)
				break;
			if (!r) {
				end_all(in, p);
				break;
			}
		}
		if (perf_type(r) != PERF_SAMPLE)
			err = take_other(p, r);
		else
			err = take_sample(in, p, r);
		if (!err && perf_order_full(&p->order))
			perf_order_overflow(&p->order);
	}
	in->bytes.offset = p->walk.offset + (uint64_t)(p->walk.at - p->walk.from);
	return err;
}

/*
 * Whether records may be missing between the last sample given and T; *COUNT: how many of those are told of
 * here first, UINT64_MAX where that is not known.
 */
static bool lost_between(struct perf_reader *p, uint64_t t, uint64_t *count)
{
	const struct perf_lost *l = &p->lost;
	bool damaged = p->damaged && p->damaged_from <= t && p->damaged_to >= p->last;
	bool lost;

	*count = 0;
	while (p->interval < l->n && l->intervals[p->interval].to < p->last)
		p->interval++;
	lost = p->interval < l->n && l->intervals[p->interval].from < t;
	while (p->counted < l->n && l->intervals[p->counted].from < t)
		*count += l->intervals[p->counted++].count;
	if (damaged && !*count)
		*count = UINT64_MAX;
	return lost || damaged;
}

static int give_lost(struct perf_reader *p, uint64_t t, uint64_t count, struct reblock_record *r)
{
	reader_lost(r, count);
	r->t = t;
	if (p->kvm)
		kvm_events_lost(p->kvm);
	return 1;
}

/* A sample that comes too late to be put where it belongs. */
static int disordered(struct reblock_input *in, struct perf_reader *p, const struct perf_key *key,
		      struct reblock_record *r)
{
	if (p->disordered++ < BAD_SAMPLES_TOLD)
		reader_damage(
			in,
			"a sample of time %" PRIu64 " comes after one of time %" PRIu64
			": perf's buffers are out of order; what is known of each vCPU is dropped",
			key->t, p->last);
	return give_lost(p, p->last, UINT64_MAX, r);
}

static int give(struct reblock_input *in, struct perf_reader *p, const struct perf_key *key,
		struct reblock_record *out)
{
	const struct perf_attr *a = perf_attrs_of(&p->attrs, key->sample);
	const uint8_t *r = key->sample;
	size_t raw = perf_attr_raw(a, r);
	struct kvm_event e = {
		.t = key->t,
		.data = r + raw + 4,
		.size = perf_u32(r + raw),
		.pid = perf_u32(r + a->tid),
		.tid = perf_u32(r + a->tid + 4),
		.cpu = REBLOCK_NO_CPU,
	};
	uint64_t count;
	int n = 0, made;

	if (a->cpu && perf_u32(r + a->cpu) < REBLOCK_NO_CPU)
		e.cpu = (uint16_t)perf_u32(r + a->cpu);
	/* What hides behind a process-id namespace has -1 or 0. */
	if (e.pid == UINT32_MAX || e.tid == UINT32_MAX || !e.tid)
		e.pid = e.tid = 0;
	if (key->t < p->last)
		n = disordered(in, p, key, out);
	else if ((p->lost.n || p->damaged) && lost_between(p, key->t, &count))
		n = give_lost(p, key->t, count, out);
	p->last = key->t;
	made = kvm_events_take(p->kvm, perf_u16(e.data), &e, out + n);
	return made < 0 ? made : n + made;
}

/* What is missing after the last sample. */
static long give_end(struct reblock_input *in, struct perf_reader *p)
{
	uint64_t count;

	if (p->told_end || !lost_between(p, UINT64_MAX, &count))
		return 0;
	p->told_end = true;
	return give_lost(p, REBLOCK_NO_TIME, count, in->own);
}

long perf_next(struct reblock_input *in, const struct reblock_record **records)
{
	struct perf_reader *p = in->perf;
	size_t n = 0;

	*records = in->own;
	while (!n) {
		const struct perf_key *key;
		int err = fill(in, p);

		if (err)
			return err;
		if (p->order.next == p->order.ready)
			return give_end(in, p);
		while (n + KVM_EVENT_RECORDS + 1 <= BATCH &&
		       (key = perf_order_next(&p->order)) != NULL) {
			int made;

			perf_order_ahead(&p->order);
			made = perf_type(key->sample) == PERF_SAMPLE ?
				       give(in, p, key, in->own + n) :
				       perf_aux_switch(p, key->sample, in->own + n);

			if (made < 0)
				return made;
			n += (size_t)made;
		}
	}
	return (long)n;
}

const char *perf_note(const struct reblock_input *in, size_t i)
{
	const struct perf_reader *p = in->perf;
	const char *note;
	size_t n = 0;

	while (p->kvm && (note = kvm_events_note(p->kvm, n)) != NULL)
		if (n++ == i)
			return note;
	return perf_aux_note(p, i - n);
}

void perf_close(struct reblock_input *in)
{
	struct perf_reader *p = in->perf;

	if (!p)
		return;
	kvm_events_free(p->kvm);
	tep_free(p->tep);
	perf_names_free(p->names);
	perf_attrs_free(&p->attrs);
	perf_walk_end(&p->walk);
	perf_order_free(&p->order);
	perf_lost_free(&p->lost);
	perf_aux_free(p);
	free(p);
	in->perf = NULL;
}
