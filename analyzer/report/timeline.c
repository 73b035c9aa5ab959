/* SPDX-License-Identifier: BSD-2-Clause */
/* Which records are kept whole: those of the beginning, and those around what matters. */
#include <stdlib.h>
#include <string.h>
#include "report/timeline.h"

#define FIRST_WIDTH 64 /* ns of a bucket at the beginning */
#define SLOTS (4 * TIMELINE_LANES)

void timeline_begin(struct timeline *t, const struct reblock_source *source, enum reblock_vnmi vnmi)
{
	memset(t, 0, sizeof(*t));
	t->vnmi = vnmi;
	t->width = FIRST_WIDTH;
	t->events_recorded = (source->presence & REBLOCK_SOURCE_CAPTURES) &&
			     (source->captures & 1u << REBLOCK_EVENTS_WRITE);
}

static struct timeline_lane *new_lane(struct timeline *t, uint32_t vm, uint16_t vcpu)
{
	struct timeline_lane *lane = calloc(1, sizeof(*lane));

	if (lane)
		lane->buckets = calloc(TIMELINE_BUCKETS, sizeof(*lane->buckets));
	if (!lane || !lane->buckets) {
		free(lane);
		t->failed = true;
		return NULL;
	}
	lane->vm = vm;
	lane->vcpu = vcpu;
	t->lanes[t->n_lanes++] = lane;
	return lane;
}

struct timeline_lane *timeline_lane_of(struct timeline *t, uint32_t vm, uint16_t vcpu, bool make,
				       uint16_t *number)
{
	unsigned slot = (vm * 2654435761u ^ vcpu * 40503u) % SLOTS;
	struct timeline_lane *lane;

	for (; t->slots[slot]; slot = (slot + 1) % SLOTS) {
		*number = (uint16_t)(t->slots[slot] - 1);
		lane = t->lanes[*number];
		if (lane->vm == vm && lane->vcpu == vcpu)
			return lane;
	}
	*number = TIMELINE_NO_LANE;
	if (!make || t->n_lanes == TIMELINE_LANES)
		return NULL;
	lane = new_lane(t, vm, vcpu);
	if (!lane)
		return NULL;
	t->slots[slot] = (uint16_t)t->n_lanes;
	*number = (uint16_t)(t->n_lanes - 1);
	return lane;
}

/* A record without a time, or older than the one before it on its vCPU, stands right after that one. */
static uint64_t place(struct timeline *t, const struct timeline_lane *lane,
		      const struct reblock_record *r)
{
	uint64_t at;

	if (r->t == REBLOCK_NO_TIME) {
		t->untimed++;
		at = t->last + (t->records > 1);
	} else {
		if (!t->begun) {
			t->begun = true;
			t->t0 = r->t - (t->last < r->t ? t->last : r->t);
		}
		at = r->t < t->t0 ? 0 : r->t - t->t0;
	}
	if (lane && lane->records && at < lane->ring[(lane->records - 1) % TIMELINE_RING].at)
		at = lane->ring[(lane->records - 1) % TIMELINE_RING].at;
	return at;
}

struct timeline_record *timeline_last(struct timeline_lane *lane, uint64_t back)
{
	if (back >= TIMELINE_RING || back >= lane->records)
		return NULL;
	return &lane->ring[(lane->records - 1 - back) % TIMELINE_RING];
}

struct timeline_record *timeline_find(struct timeline_lane *lane, uint64_t number)
{
	struct timeline_record *r;

	for (uint64_t back = 0; (r = timeline_last(lane, back)) && r->number >= number; back++)
		if (r->number == number)
			return r;
	return NULL;
}

void timeline_changed(struct timeline_lane *lane, const struct timeline_record *r)
{
	if (!r->kept)
		return;
	for (size_t i = lane->n_kept; i-- > 0;) {
		if (lane->kept[i].index != r->index)
			continue;
		lane->kept[i] = *r;
		return;
	}
}

static void keep(struct timeline *t, struct timeline_lane *lane, struct timeline_record *r)
{
	if (r->kept)
		return;
	if (lane->n_kept == lane->room) {
		size_t room = lane->room ? 2 * lane->room : 64;
		struct timeline_record *more = realloc(lane->kept, room * sizeof(*more));

		if (!more) {
			t->failed = true;
			return;
		}
		lane->kept = more;
		lane->room = room;
	}
	r->kept = true;
	lane->kept[lane->n_kept++] = *r;
}

static bool within(uint64_t *used, uint64_t most)
{
	if (*used >= most)
		return false;
	++*used;
	return true;
}

static void keep_for(struct timeline *t, struct timeline_lane *lane, struct timeline_record *r,
		     bool finding)
{
	if (!r->kept && within(finding ? &t->kept_findings : &t->kept_others,
			       finding ? TIMELINE_OF_FINDINGS : TIMELINE_OF_OTHERS))
		keep(t, lane, r);
}

void timeline_keep_around(struct timeline *t, struct timeline_lane *lane, uint64_t count,
			  bool finding)
{
	struct timeline_record *r;

	for (uint64_t back = count; back-- > 0;)
		if ((r = timeline_last(lane, back)))
			keep_for(t, lane, r, finding);
	if (lane->keep_next < TIMELINE_CONTEXT)
		lane->keep_next = TIMELINE_CONTEXT;
	lane->keep_for_finding = finding;
}

static bool is_nmi(const struct reblock_record *x)
{
	return (x->kind == REBLOCK_EXIT && reblock_idtv_is_nmi(x) == REBLOCK_YES) ||
	       (x->kind == REBLOCK_ENTRY && reblock_injects(x) == REBLOCK_INJECTS_NMI);
}

/* What Intel PT shows of NMIs is looked at like the record of one. */
static bool is_nmi_witness(const struct reblock_record *x)
{
	return x->kind == REBLOCK_WITNESS && x->error_code == REBLOCK_SAW_INTERRUPT &&
	       reblock_has(x, REBLOCK_HAS_INTR_INFO) && x->intr_info == REBLOCK_VECTOR_NMI;
}

static int event_of(const struct timeline_record *r, bool gap)
{
	const struct reblock_record *x = &r->record;

	if (x->kind == REBLOCK_LOST || gap)
		return TIMELINE_IS_LOSS;
	if (r->known == TIMELINE_UNBLOCK)
		return TIMELINE_IS_UNBLOCK;
	if (r->nmi || is_nmi_witness(x))
		return TIMELINE_IS_NMI;
	return -1;
}

static void step(struct timeline *t, struct timeline_lane *lane, uint64_t number,
		 const struct reblock_record *x)
{
	uint64_t at = place(t, lane, x);
	struct timeline_record *last = timeline_last(lane, 0);
	struct timeline_record *r = &lane->ring[lane->records % TIMELINE_RING];
	bool gap = last && reblock_has(x, REBLOCK_HAS_SEQ) &&
		   reblock_has(&last->record, REBLOCK_HAS_SEQ) &&
		   (uint16_t)(x->seq - last->record.seq) != 1;
	int event;

	/* The one before the last has all its evidence by now. */
	if (last && timeline_last(lane, 1))
		timeline_span(t, lane, timeline_last(lane, 1), last);
	memset(r, 0, sizeof(*r));
	r->record = *x;
	r->number = number;
	r->index = lane->records++;
	r->at = at;
	r->nmi = is_nmi(x);
	if (at > t->last)
		t->last = at;
	timeline_blocking(r, last && !gap ? last->after : REBLOCK_UNKNOWN, t->events_recorded);
	timeline_count(t, lane, r);
	event = event_of(r, gap);
	if (within(&t->kept_first, TIMELINE_FIRST)) {
		keep(t, lane, r);
	} else if (lane->keep_next) {
		lane->keep_next--;
		keep_for(t, lane, r, lane->keep_for_finding);
	}
	if (t->kept_first >= TIMELINE_FIRST && event >= 0 &&
	    lane->windows[event] < TIMELINE_WINDOWS) {
		lane->windows[event]++;
		timeline_keep_around(t, lane, TIMELINE_CONTEXT + 1, false);
	}
}

void timeline_record(struct timeline *t, uint64_t number, const struct reblock_record *r)
{
	struct timeline_lane *lane;
	uint16_t n;

	t->records++;
	if (r->kind == REBLOCK_META)
		return;
	if (r->vm == REBLOCK_NO_VM || r->vcpu == REBLOCK_NO_VCPU) {
		for (unsigned i = 0; i < t->n_lanes; i++)
			if (r->vm == REBLOCK_NO_VM || r->vm == t->lanes[i]->vm)
				step(t, t->lanes[i], number, r);
		return;
	}
	lane = timeline_lane_of(t, r->vm, r->vcpu, true, &n);
	if (lane)
		step(t, lane, number, r);
	else
		t->unshown++;
}

static int by_index(const void *a, const void *b)
{
	const struct timeline_record *left = a, *right = b;

	return left->index < right->index ? -1 : left->index > right->index;
}

bool timeline_end(struct timeline *t)
{
	for (unsigned i = 0; i < t->n_lanes; i++) {
		struct timeline_lane *lane = t->lanes[i];

		if (timeline_last(lane, 1))
			timeline_span(t, lane, timeline_last(lane, 1), timeline_last(lane, 0));
		if (lane->n_kept)
			qsort(lane->kept, lane->n_kept, sizeof(*lane->kept), by_index);
	}
	return !t->failed;
}

void timeline_free(struct timeline *t)
{
	for (unsigned i = 0; i < t->n_lanes; i++) {
		free(t->lanes[i]->kept);
		free(t->lanes[i]->buckets);
		free(t->lanes[i]);
	}
	free(t->findings);
	free(t->cases);
	memset(t, 0, sizeof(*t));
}
