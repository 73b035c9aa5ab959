/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include "input/trace_dat_merge.h"

/* One CPU, standing at its next item. */
struct lane {
	struct ring ring;
	enum merge_item item;
	uint64_t key; /* the item's time, made not to go back */
	bool gap;     /* events are missing from gap_from to gap_to */
	uint64_t gap_from, gap_to, gap_count;
	bool found; /* an event is at hand; else this CPU's end */
};

struct merge {
	struct lane *lanes;
	struct lane **heap; /* those that have an item left, the earliest first */
	size_t n_lanes, n;
	struct lane *last; /* whose item was given, and which has to go on */
	uint64_t wanted[1024];
};

static void ring_begin(struct ring *r, struct trace_dat *d, const struct trace_dat_buffer *b,
		       const struct trace_dat_cpu *cpu)
{
	r->dat = d;
	r->cpu = cpu->cpu;
	r->page_size = b->page_size;
	r->compressed = b->compressed;
	r->cut = cpu->cut;
	ring_rewind(r, cpu->offset, cpu->size);
}

static bool bit(const uint64_t *bits, uint16_t i)
{
	return bits[i / 64] >> (i % 64) & 1;
}

/* The common_type of an event; events are never shorter. */
static uint16_t event_id(const struct ring *r)
{
	uint16_t id;

	memcpy(&id, r->data, sizeof(id));
	return id;
}

static void widen_gap(struct lane *l, uint64_t to)
{
	const struct ring *r = &l->ring;

	if (!l->gap) {
		l->gap = true;
		l->gap_from = r->missing_from;
		l->gap_count = r->missing_count;
	} else if (l->gap_count == RING_UNKNOWN || r->missing_count == RING_UNKNOWN) {
		l->gap_count = RING_UNKNOWN;
	} else {
		l->gap_count += r->missing_count;
	}
	l->gap_to = to;
}

static void set_item(struct lane *l, enum merge_item item, uint64_t t)
{
	l->item = item;
	if (t > l->key)
		l->key = t;
}

/* Reads a CPU up to its next event that is wanted. Returns 0 or -ENOMEM. */
static int read_ahead(const struct merge *m, struct lane *l)
{
	int got;

	l->gap = false;
	do {
		got = ring_next(&l->ring);
		if (got < 0)
			return got;
		if (l->ring.missing)
			widen_gap(l, got ? l->ring.t : UINT64_MAX);
	} while (got && !bit(m->wanted, event_id(&l->ring)));
	l->found = got;
	if (l->gap)
		set_item(l, MERGE_GAP_BEGINS, l->gap_from);
	else if (got)
		set_item(l, MERGE_EVENT, l->ring.t);
	else
		set_item(l, MERGE_END, 0);
	return 0;
}

/* Goes to a CPU's next item. Returns 0 or -ENOMEM. */
static int go_on(const struct merge *m, struct lane *l)
{
	switch (l->item) {
	case MERGE_GAP_BEGINS:
		if (l->gap_to == UINT64_MAX)
			l->item = MERGE_END;
		else
			set_item(l, MERGE_GAP_ENDS, l->gap_to);
		return 0;
	case MERGE_GAP_ENDS:
		if (l->found)
			set_item(l, MERGE_EVENT, l->ring.t);
		else
			l->item = MERGE_END;
		return 0;
	default:
		return read_ahead(m, l);
	}
}

/* At the same time: a gap begins before what lies in it, and ends after. Then the lower CPU. */
static bool before(const struct lane *a, const struct lane *b)
{
	if (a->key != b->key)
		return a->key < b->key;
	if (a->item != b->item)
		return a->item < b->item;
	return a->ring.cpu < b->ring.cpu;
}

static void sift_down(struct merge *m, size_t i)
{
	struct lane *l = m->heap[i];

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= m->n)
			break;
		if (child + 1 < m->n && before(m->heap[child + 1], m->heap[child]))
			child++;
		if (!before(m->heap[child], l))
			break;
		m->heap[i] = m->heap[child];
		i = child;
	}
	m->heap[i] = l;
}

struct merge *merge_new(struct trace_dat *d, const struct trace_dat_buffer *b,
			const uint64_t wanted[1024])
{
	struct merge *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	memcpy(m->wanted, wanted, sizeof(m->wanted));
	m->lanes = calloc(b->n_cpus + 1, sizeof(*m->lanes));
	m->heap = calloc(b->n_cpus + 1, sizeof(struct lane *));
	if (!m->lanes || !m->heap)
		goto fail;
	while (m->n_lanes < b->n_cpus) {
		struct lane *l = &m->lanes[m->n_lanes];

		ring_begin(&l->ring, d, b, &b->cpus[m->n_lanes++]);
		if (read_ahead(m, l) < 0)
			goto fail;
		if (l->item != MERGE_END)
			m->heap[m->n++] = l;
	}
	for (size_t i = m->n / 2; i-- > 0;)
		sift_down(m, i);
	return m;
fail:
	merge_free(m);
	return NULL;
}

int merge_next(struct merge *m, struct merged *item)
{
	struct lane *l = m->last;

	if (l) {
		int err = go_on(m, l);

		if (err)
			return err;
		if (l->item == MERGE_END)
			m->heap[0] = m->heap[--m->n];
		if (m->n)
			sift_down(m, 0);
		m->last = NULL;
	}
	if (!m->n)
		return MERGE_END;
	l = m->last = m->heap[0];
	item->t = l->ring.t;
	item->count = l->gap_count;
	item->data = l->ring.data;
	item->size = l->ring.size;
	item->cpu = l->ring.cpu;
	return (int)l->item;
}

uint64_t merge_left(const struct merge *m)
{
	uint64_t left = 0;

	for (size_t i = 0; i < m->n_lanes; i++)
		left += m->lanes[i].ring.left;
	return left;
}

void merge_free(struct merge *m)
{
	if (!m)
		return;
	for (size_t i = 0; m->lanes && i < m->n_lanes; i++)
		ring_free(&m->lanes[i].ring);
	free(m->lanes);
	free(m->heap);
	free(m);
}

/* What the kernel counted as lost on this CPU, and no page says. */
static void add_unplaced(struct trace_dat *d, const struct trace_dat_buffer *b, uint32_t cpu,
			 uint64_t placed)
{
	for (size_t i = 0; i < d->n_stats; i++) {
		const struct trace_dat_stat *s = &d->stats[i];

		if (s->cpu != cpu || strcmp(s->buffer, b->name) != 0)
			continue;
		d->unplaced += s->dropped;
		if (s->overrun > placed)
			d->unplaced += s->overrun - placed;
	}
}

int merge_scan(struct trace_dat *d, const struct trace_dat_buffer *b, uint64_t seen[1024])
{
	int got = 0;

	for (size_t i = 0; i < b->n_cpus && got >= 0; i++) {
		struct ring r = { .quiet = true };
		uint64_t placed = 0;

		ring_begin(&r, d, b, &b->cpus[i]);
		do {
			got = ring_next(&r);
			if (got > 0)
				seen[event_id(&r) / 64] |= (uint64_t)1 << (event_id(&r) % 64);
			if (r.missing)
				placed = r.missing_count > UINT64_MAX - placed ?
						 UINT64_MAX :
						 placed + r.missing_count;
		} while (got > 0);
		add_unplaced(d, b, b->cpus[i].cpu, placed);
		trace_dat_give_back(d, r.chunk_room);
		ring_free(&r);
	}
	return got;
}
