/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * trace.dat as records.
 *
 * Which events were enabled is not in the file. One that is there was; of those that are not, see
 * trace_dat_enabled.c. That takes a pass over all pages before the first record.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <traceevent/event-parse.h>
#include <reblock/trace.h>
#include "input/trace_dat.h"
#include "input/trace_dat_merge.h"

#define RECORD "trace-cmd record -e kvm"

/* The most records that one item of the merge becomes: each of an event, and a lost one before it. */
#define ITEM_RECORDS (2 * KVM_EVENT_RECORDS)

static int fail(struct reblock_input *in, int err, char **error, const char *why)
{
	if (err != -ENOMEM && asprintf(error, "%s: %s", in->name, why) < 0)
		*error = NULL;
	return err;
}

static const char *thread_name(void *context, uint32_t pid, uint32_t tid)
{
	const struct trace_dat *d = context;
	size_t low = 0, high = d->n_names;

	if (pid)
		return NULL;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (d->names[middle].tid == tid)
			return d->names[middle].name;
		if (d->names[middle].tid < tid)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* The first id from ID on whose bit is set, or -1. */
static int next_id(const uint64_t bits[1024], int id)
{
	for (; id < 65536; id = (id | 63) + 1) {
		uint64_t word = bits[id / 64] >> (id % 64);

		if (word)
			return id + __builtin_ctzll(word);
	}
	return -1;
}

/*
 * Tells the decoder which events buffer B has. Returns 1 if that is enough for an audit, 0 if not,
 * or -ENOMEM.
 */
static int try_buffer(struct trace_dat *d, const struct trace_dat_buffer *b, uint64_t wanted[1024])
{
	uint64_t seen[1024] = { 0 };
	int err;

	d->unplaced = 0;
	err = merge_scan(d, b, seen);
	if (err)
		return err;
	kvm_events_free(d->kvm);
	d->kvm = kvm_events_new(d->tep, d->in->source.kernel, thread_name, d);
	if (!d->kvm)
		return -ENOMEM;
	for (int id = next_id(seen, 0); id >= 0; id = next_id(seen, id + 1))
		kvm_events_recorded(d->kvm, id);
	if (!kvm_events_enough(d->kvm))
		return 0;
	for (size_t i = 0; trace_dat_all_enabled(d) && i < d->enabled.n; i++)
		kvm_events_recorded(d->kvm, d->enabled.ids[i]);
	for (int id = next_id(seen, 0); id >= 0; id = next_id(seen, id + 1))
		if (kvm_events_wants(d->kvm, id))
			wanted[id / 64] |= (uint64_t)1 << (id % 64);
	return 1;
}

/* The clock by the name that other sources have for it. */
static void set_clock(struct trace_dat *d, const struct trace_dat_buffer *b)
{
	static const char *const names[][2] = { { "mono", "monotonic" },
						{ "boot", "boottime" },
						{ "x86-tsc", "tsc" } };
	const char *name = b->clock;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i][0]) == 0)
			name = names[i][1];
	snprintf(d->in->source.clock, sizeof(d->in->source.clock), "%s", name);
	if (strcmp(name, "tsc") == 0 && !d->tsc_mult)
		trace_dat_note(
			d,
			"times are in cycles of the TSC, not in ns: it was recorded with -C x86-tsc");
	if (strcmp(name, "counter") == 0)
		trace_dat_note(
			d, "times are numbers of events, not ns: it was recorded with -C counter");
}

/* The first buffer that has what an audit needs. */
static int choose_buffer(struct trace_dat *d, char **error)
{
	uint64_t wanted[1024] = { 0 };
	size_t chosen = SIZE_MAX;

	for (size_t i = 0; i < d->n_buffers && chosen == SIZE_MAX; i++) {
		int got = d->buffers[i].text ? 0 : try_buffer(d, &d->buffers[i], wanted);

		if (got < 0)
			return got;
		if (got)
			chosen = i;
	}
	if (chosen == SIZE_MAX)
		return fail(d->in, -EINVAL, error,
			    "this trace.dat has no " KVM_EVENTS_BOTH
			    " events, or not both; record them: " RECORD);
	if (strcmp(d->buffers[chosen].clock, "uptime") == 0)
		return fail(
			d->in, -EINVAL, error,
			"recorded with the clock uptime, which does not tell the order of events; record "
			"with another: " RECORD " -C mono");
	if (d->buffers[chosen].name[0])
		trace_dat_note(d, "what was read is the instance \"%s\"", d->buffers[chosen].name);
	for (size_t i = 0; i < d->n_buffers; i++)
		if (i != chosen && d->buffers[i].n_cpus)
			trace_dat_note(d, "%s%s%s was not read: one buffer of a file is",
				       d->buffers[i].name[0] ? "the instance \"" : "the top buffer",
				       d->buffers[i].name, d->buffers[i].name[0] ? "\"" : "");
	set_clock(d, &d->buffers[chosen]);
	if (d->buffers[chosen].cut)
		d->unplaced = RING_UNKNOWN;
	d->merge = merge_new(d, &d->buffers[chosen], wanted);
	return d->merge ? 0 : -ENOMEM;
}

int trace_dat_open(struct reblock_input *in, char **error)
{
	const char *why = "";
	struct trace_dat *d;
	int err = bytes_spool(&in->bytes);

	if (!err)
		err = reader_room(in);
	if (err)
		return err;
	d = in->trace_dat = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	d->in = in;
	d->data = in->bytes.data;
	d->size = in->bytes.size;
	d->tep = tep_alloc();
	if (!d->tep)
		return -ENOMEM;
	tep_set_loglevel(TEP_LOG_NONE);
	tep_set_long_size(d->tep, 8);
	snprintf(in->source.source, sizeof(in->source.source), "trace-cmd");
	err = trace_dat_read(d, &why);
	if (err)
		return fail(in, err, error, why);
	if (d->guest)
		trace_dat_note(
			d,
			"this is a guest's part of a recording of host and guest; its times are the guest's own");
	err = choose_buffer(d, error);
	if (err)
		return err;
	kvm_events_source(d->kvm, &in->source);
	d->begins = true;
	return 0;
}

/* Something is missing here, or was up to here. */
static void put_lost(struct trace_dat *d, struct reblock_record *r, uint64_t count)
{
	reader_lost(r, count);
	kvm_events_lost(d->kvm);
}

/* A lost record for one vCPU. */
static void put_lost_of(struct reblock_record *r, const struct reblock_record *of)
{
	reader_lost(r, UINT64_MAX);
	r->vm = of->vm;
	r->vcpu = of->vcpu;
}

static uint64_t to_ns(const struct trace_dat *d, uint64_t t)
{
	if (d->tsc_mult)
		t = (uint64_t)(((unsigned __int128)t * d->tsc_mult) >> d->tsc_shift);
	return t == REBLOCK_NO_TIME ? t - 1 : t;
}

/* The records of one event; N are in OWN. Returns how many there are then, or -ENOMEM. */
static long take_event(struct trace_dat *d, const struct merged *item, struct reblock_record *own,
		       long n)
{
	struct reblock_record out[KVM_EVENT_RECORDS];
	struct kvm_event event = { .t = to_ns(d, item->t),
				   .data = item->data,
				   .size = item->size,
				   .cpu = item->cpu < REBLOCK_NO_CPU ? (uint16_t)item->cpu :
								       REBLOCK_NO_CPU };
	uint16_t id;
	int made;

	memcpy(&id, item->data, sizeof(id));
	if (d->gaps)
		kvm_events_lost(d->kvm);
	made = kvm_events_take(d->kvm, id, &event, out);
	for (int i = 0; i < made; i++) {
		if (d->gaps && out[i].kind != REBLOCK_META && out[i].kind != REBLOCK_LOST)
			put_lost_of(&own[n++], &out[i]);
		own[n++] = out[i];
	}
	return made < 0 ? made : n;
}

long trace_dat_next(struct reblock_input *in, const struct reblock_record **records)
{
	struct trace_dat *d = in->trace_dat;
	struct merged item;
	long n = 0;

	if (d->begins && d->unplaced) {
		/* Anywhere: a gap from the beginning that has no end. */
		d->gaps++;
		put_lost(d, &in->own[n++], d->unplaced);
	}
	d->begins = false;
	while (n + ITEM_RECORDS <= REBLOCK_CHUNK_RECORDS && !d->ended) {
		int got = merge_next(d->merge, &item);

		switch (got) {
		case MERGE_GAP_BEGINS:
			d->gaps++;
			put_lost(d, &in->own[n++], item.count);
			break;
		case MERGE_GAP_ENDS:
			d->gaps--;
			put_lost(d, &in->own[n++], UINT64_MAX);
			break;
		case MERGE_EVENT:
			got = (int)(n = take_event(d, &item, in->own, n));
			break;
		case MERGE_END:
			d->ended = true;
			if (d->gaps)
				put_lost(d, &in->own[n++], UINT64_MAX);
		}
		if (got < 0)
			return got;
	}
	in->bytes.offset = in->bytes.total - merge_left(d->merge);
	*records = in->own;
	return n;
}

/* What the decoder says speaks of perf record: here it is trace-cmd. */
const char *trace_dat_note_at(const struct reblock_input *in, size_t i)
{
	struct trace_dat *d = in->trace_dat;
	const char *note, *perf;

	if (i < d->n_notes)
		return d->notes[i];
	note = kvm_events_note(d->kvm, i - d->n_notes);
	perf = note ? strstr(note, KVM_EVENTS_PERF_RECORD) : NULL;
	if (!perf)
		return note;
	snprintf(d->note, sizeof(d->note), "%.*s" RECORD "%s", (int)(perf - note), note,
		 perf + strlen(KVM_EVENTS_PERF_RECORD));
	return d->note;
}

void trace_dat_close(struct reblock_input *in)
{
	trace_dat_free(in->trace_dat);
}
