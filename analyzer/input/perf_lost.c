/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include "input/perf_lost.h"
#include "input/perf_walk.h"

/* The most intervals that are kept; beyond that, neighbours become one. */
#define INTERVALS_MOST 65536
/* CPUs, and ids of an event: each has at most so many. */
#define KEYS_MOST ((size_t)1 << 20)

/* The time of the last record by some key. */
struct times {
	struct u64_map index_of; /* key to index + 1 */
	uint64_t *t;
	size_t n, room;
};

struct finding {
	const struct perf_attrs *attrs;
	struct perf_lost *lost;
	struct times by_cpu, by_slot;
	bool any;
};

static int set_time(struct times *times, uint64_t key, uint64_t t)
{
	uint32_t i = u64_map_get(&times->index_of, key);

	if (i && times->t) {
		if (t > times->t[i - 1])
			times->t[i - 1] = t;
		return 0;
	}
	if (times->n >= KEYS_MOST)
		return 0; /* its time stays unknown: a loss of it covers all before */
	if (!times->t || times->n == times->room) {
		size_t room = times->room ? times->room * 2 : 64;
		uint64_t *t_larger = realloc(times->t, room * sizeof(*t_larger));

		if (!t_larger)
			return -ENOMEM;
		times->t = t_larger;
		times->room = room;
	}
	times->t[times->n++] = t;
	return u64_map_set(&times->index_of, key, (uint32_t)times->n);
}

/* 0 where nothing came yet. */
static uint64_t get_time(const struct times *times, uint64_t key)
{
	uint32_t i = u64_map_get(&times->index_of, key);

	return i && times->t ? times->t[i - 1] : 0;
}

static void free_times(struct times *times)
{
	u64_map_free(&times->index_of);
	free(times->t);
}

/* Buffers are one for each CPU, or each thread, or both; the nth id of an event belongs to the nth. */
static bool slot_of(const struct perf_attrs *attrs, uint64_t id, uint64_t *slot)
{
	uint32_t attr = u64_map_get(&attrs->attr_of, id);

	if (!attr)
		return false;
	/* Events that are not opened as often as the others have buffers of their own, as far as is known. */
	*slot = (uint64_t)attrs->attrs[attr - 1].n_ids << 32 | u64_map_get(&attrs->slot_of, id);
	return true;
}

static int by_from(const void *a, const void *b)
{
	const struct perf_interval *l = a, *r = b;

	return l->from < r->from ? -1 : l->from > r->from;
}

/* Sorts, and makes one of those that meet; of more than MOST also of pairs of neighbours. */
static void tidy(struct perf_lost *l, size_t most)
{
	size_t n = 0;
	bool pairs = false;

	if (l->n)
		qsort(l->intervals, l->n, sizeof(*l->intervals), by_from);
	do {
		size_t from = l->n;

		n = 0;
		for (size_t i = 0; i < from; i++) {
			struct perf_interval *last = n ? &l->intervals[n - 1] : NULL;

			if (last && (l->intervals[i].from <= last->to || (pairs && i % 2))) {
				if (l->intervals[i].to > last->to)
					last->to = l->intervals[i].to;
				last->count += l->intervals[i].count;
			} else {
				l->intervals[n++] = l->intervals[i];
			}
		}
		l->n = n;
		pairs = true;
	} while (n > most);
}

static int add(struct perf_lost *l, uint64_t from, uint64_t to, uint64_t count)
{
	if (l->n == INTERVALS_MOST)
		tidy(l, INTERVALS_MOST / 2);
	if (l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		struct perf_interval *larger = realloc(l->intervals, room * sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		l->intervals = larger;
		l->room = room;
	}
	l->intervals[l->n++] = (struct perf_interval){ from, to, count };
	l->total += count;
	return 0;
}

struct tail {
	uint64_t time, id, cpu;
	bool has_time, has_id, has_cpu;
};

static uint64_t back(const uint8_t *r, uint16_t distance)
{
	return perf_u64(r + perf_size(r) - distance);
}

/* When, and for which buffer, a record of the kernel that is no sample was written. */
static void read_tail(const struct perf_attr *form, const uint8_t *r, struct tail *tail)
{
	memset(tail, 0, sizeof(*tail));
	if (!form->tail || perf_size(r) < PERF_RECORD_HEADER + form->tail)
		return;
	tail->has_time = form->tail_time;
	tail->has_id = form->tail_id;
	tail->has_cpu = form->tail_cpu;
	tail->time = tail->has_time ? back(r, form->tail_time) : 0;
	tail->id = tail->has_id ? back(r, form->tail_id) : 0;
	tail->cpu = tail->has_cpu ? (uint32_t)back(r, form->tail_cpu) : 0;
}

static void read_sample(const struct perf_attrs *attrs, const uint8_t *r, struct tail *tail)
{
	const struct perf_attr *attr = perf_attrs_of(attrs, r);
	size_t size = perf_size(r);

	memset(tail, 0, sizeof(*tail));
	if (!attr)
		return;
	tail->has_time = attr->time && attr->time + 8u <= size;
	tail->has_id = attr->id && attr->id + 8u <= size;
	tail->has_cpu = attr->cpu && attr->cpu + 8u <= size;
	tail->time = tail->has_time ? perf_u64(r + attr->time) : 0;
	tail->id = tail->has_id ? perf_u64(r + attr->id) : 0;
	tail->cpu = tail->has_cpu ? perf_u32(r + attr->cpu) : 0;
}

/*
 * Since when the buffer of a loss has no record. The id may be that of another event that shares the
 * buffer, and a CPU may have several buffers: the earlier of the two is right in any case.
 */
static uint64_t since(const struct finding *f, const struct tail *tail)
{
	/* What perf itself wrote, without a time, names an id but no CPU. */
	bool has_cpu = tail->has_cpu && tail->time;
	uint64_t slot, t = UINT64_MAX;

	if (has_cpu)
		t = get_time(&f->by_cpu, tail->cpu);
	if (tail->has_id && slot_of(f->attrs, tail->id, &slot)) {
		uint64_t of_slot = get_time(&f->by_slot, slot);

		t = of_slot < t ? of_slot : t;
	} else if (f->attrs->n_ids || !has_cpu) {
		t = 0;
	}
	return t;
}

static int look(struct finding *f, const uint8_t *r)
{
	struct tail tail;
	uint64_t slot, count;
	int err = 0;

	if (perf_type(r) == PERF_SAMPLE)
		read_sample(f->attrs, r, &tail);
	else
		read_tail(perf_attr_of_tail(f->attrs, r), r, &tail);
	if (perf_type(r) == PERF_LOST || perf_type(r) == PERF_LOST_SAMPLES) {
		size_t at = perf_type(r) == PERF_LOST ? 16 : 8;

		count = perf_size(r) >= at + 8 ? perf_u64(r + at) : 1;
		/*
		 * LOST_SAMPLES that perf itself wrote, at the end, has no time. Their losses may have
		 * been told by LOST before, or have come after the last record: that is not known.
		 */
		if (count && (!tail.has_time || !tail.time))
			err = add(f->lost, perf_type(r) == PERF_LOST ? 0 : since(f, &tail),
				  UINT64_MAX, count);
		else if (count)
			err = add(f->lost, since(f, &tail), tail.time, count);
	}
	if (err || !tail.has_time || !tail.time)
		return err;
	if (tail.has_cpu)
		err = set_time(&f->by_cpu, tail.cpu, tail.time);
	if (!err && tail.has_id && slot_of(f->attrs, tail.id, &slot))
		err = set_time(&f->by_slot, slot, tail.time);
	return err;
}

static bool tells_of_loss(const uint8_t *r)
{
	return perf_type(r) == PERF_LOST || perf_type(r) == PERF_LOST_SAMPLES;
}

/* Looks at every record in turn, or until the first that tells of a loss. */
static int pass(struct finding *f, const uint8_t *data, size_t size, bool only_whether)
{
	struct perf_walk w;
	const uint8_t *r;
	int err = 0;

	perf_walk_begin(&w, data, size, 0);
	while (!err && !(only_whether && f->any)) {
		while (only_whether && perf_walk_sample(&w))
			;
		r = perf_walk_next(&w, &err);
		if (!r)
			break;
		if (only_whether)
			f->any = tells_of_loss(r);
		else if (perf_type(r) <= PERF_KERNEL_LAST)
			err = look(f, r);
	}
	perf_walk_end(&w);
	return err;
}

int perf_lost_find(struct perf_lost *l, const struct perf_attrs *attrs, const uint8_t *data,
		   size_t size)
{
	struct finding f = { .attrs = attrs, .lost = l };
	int err = pass(&f, data, size, true);

	memset(l, 0, sizeof(*l));
	if (!err && f.any)
		err = pass(&f, data, size, false);
	free_times(&f.by_cpu);
	free_times(&f.by_slot);
	if (err)
		perf_lost_free(l);
	else
		tidy(l, SIZE_MAX);
	return err;
}

void perf_lost_free(struct perf_lost *l)
{
	free(l->intervals);
	memset(l, 0, sizeof(*l));
}
