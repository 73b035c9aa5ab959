/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PT among the records: the stays of vCPUs in their guests, from entry record to exit record, on each CPU. Exits wait until their
 * stays are decided (match_cluster.c); then each gets what PT saw before it, in the order of the stream.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "pt/match.h"

#define HELD_MOST ((uint64_t)1 << 16)

static uint64_t key_of(const struct reblock_record *r)
{
	return (uint64_t)r->vm << 16 | r->vcpu;
}

static int hold(struct pt_join *j, const struct reblock_record *r)
{
	if (j->n_held - j->first_held == j->held_room) {
		size_t room = j->held_room ? j->held_room * 2 : 256;
		struct pt_held *larger = calloc(room, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		for (uint64_t i = j->first_held; i < j->n_held; i++)
			larger[i & (room - 1)] = *pt_held(j, i);
		free(j->held);
		j->held = larger;
		j->held_room = room;
	}
	*pt_held(j, j->n_held++) = (struct pt_held){ .record = *r };
	return 0;
}

/* What PT saw before the exit in H, and gaps where it saw nothing. */
static int give_seen(struct pt_join *j, const struct pt_held *h)
{
	struct pt_vcpu *vcpu = pt_vcpus_find(&j->vcpus, key_of(&h->record));
	struct reblock_record *out;
	bool gap, nested;
	int l2;

	if (!vcpu)
		return 0;
	nested = vcpu->nested;
	l2 = h->n ? pt_vcpu_l2(vcpu, &h->last, h->last.left ? &h->record : NULL) : -1;
	nested = vcpu->nested && !nested;
	if (reblock_has(&h->record, REBLOCK_HAS_L2)) {
		l2 = reblock_flag(&h->record, REBLOCK_L2);
		nested = false;
	}
	gap = vcpu->seen && (!h->n || h->broken || !h->entered || nested);
	out = pt_join_put(j, h->n + gap);
	if (!out)
		return -ENOMEM;
	if (gap) {
		pt_witness_bare(out, REBLOCK_SAW_GAP);
		pt_join_copy(j, vcpu, h->record.cpu, h->n ? h->from : h->record.t, h->record.t, l2,
			     out, 1, out);
	}
	pt_join_copy(j, vcpu, h->record.cpu, h->from, h->record.t, l2, h->saw, h->n, out + gap);
	vcpu->seen = h->n != 0;
	return 0;
}

/* Gives what no longer waits. */
static int give(struct pt_join *j)
{
	while (j->first_held < j->n_held && !pt_held(j, j->first_held)->waits) {
		struct pt_held *h = pt_held(j, j->first_held);
		int err = h->record.kind == REBLOCK_EXIT ? give_seen(j, h) : 0;
		struct reblock_record *out = err ? NULL : pt_join_put(j, 1);

		if (!out)
			return -ENOMEM;
		*out = h->record;
		free(h->saw);
		h->saw = NULL;
		j->first_held++;
	}
	return 0;
}

static int add_stay(struct pt_lane *l, const struct pt_stay *s)
{
	if (l->first + l->n == l->room) {
		size_t room = l->room ? l->room * 2 : 16;
		struct pt_stay *larger;

		if (l->first > l->n) {
			memcpy(l->stays, l->stays + l->first, l->n * sizeof(*s));
			l->first = 0;
		} else {
			larger = realloc(l->stays, room * sizeof(*larger));
			if (!larger)
				return -ENOMEM;
			l->stays = larger;
			l->room = room;
		}
	}
	l->stays[l->first + l->n++] = *s;
	return 0;
}

static struct pt_lane *lane_of(const struct pt_join *j, const struct reblock_record *r)
{
	uint32_t lane = r->cpu == REBLOCK_NO_CPU ? 0 : j->lane_of[r->cpu];

	return lane ? &j->lanes[lane - 1] : NULL;
}

static void enter(struct pt_join *j, struct pt_vcpu *vcpu, const struct reblock_record *r)
{
	struct pt_lane *l = lane_of(j, r);

	vcpu->broken |= vcpu->entered; /* the exit after the entry before was not recorded */
	vcpu->entered = r->t != REBLOCK_NO_TIME;
	vcpu->entry = r->t;
	vcpu->entry_cpu = r->cpu;
	if (l)
		l->entered = vcpu->entered ? r->t : PT_FOREVER;
}

/* The exit record R, held as the newest one, ends a stay. */
static int leave(struct pt_join *j, struct pt_vcpu *vcpu, const struct reblock_record *r)
{
	struct pt_lane *l = lane_of(j, r);
	struct pt_held *h = pt_held(j, j->n_held - 1);
	struct pt_stay s = { .held = j->n_held - 1, .from = vcpu->entry, .to = r->t };
	bool known = vcpu->entered && vcpu->entry_cpu == r->cpu && r->t != REBLOCK_NO_TIME &&
		     s.from <= s.to && !reblock_flag(r, REBLOCK_LEFT_OUT);
	int err;

	h->broken = vcpu->broken || vcpu->gaps != j->gaps;
	vcpu->broken = vcpu->entered = false;
	vcpu->gaps = j->gaps;
	if (!l)
		return 0;
	l->entered = PT_FOREVER;
	/* Stays on one CPU do not overlap; where they seem to, times cannot be trusted. */
	if (!known || (l->n && s.from < pt_stay(l, l->n - 1)->to)) {
		j->count.nobody++;
		return 0;
	}
	h->waits = true;
	err = add_stay(l, &s);
	return err ? err : pt_match_decide(j, l, false);
}

/* Records are missing, of whatever vCPU: no entry has its exit any more. */
static void lost(struct pt_join *j)
{
	j->gaps++;
	for (size_t i = 0; i < j->vcpus.n; i++)
		j->vcpus.list[i].entered = false;
	for (size_t i = 0; i < j->o.n_queues; i++)
		j->lanes[i].entered = PT_FOREVER;
}

static int take_one(struct pt_join *j, const struct reblock_record *r)
{
	struct pt_lane *l = lane_of(j, r);
	struct pt_vcpu *vcpu;
	int err = hold(j, r);

	if (err)
		return err;
	if (r->t != REBLOCK_NO_TIME && r->t > j->newest)
		j->newest = r->t;
	if (l && r->t != REBLOCK_NO_TIME && r->t > l->last)
		l->last = r->t;
	if (r->kind == REBLOCK_LOST)
		lost(j);
	if (r->kind != REBLOCK_EXIT && r->kind != REBLOCK_ENTRY)
		return 0;
	err = pt_vcpus_get(&j->vcpus, key_of(r), &vcpu);
	if (err == -E2BIG) {
		j->count.too_many++;
		return 0;
	}
	if (err)
		return err;
	vcpu->vm = r->vm;
	vcpu->vcpu = r->vcpu;
	if (r->kind == REBLOCK_EXIT)
		return leave(j, vcpu, r);
	enter(j, vcpu, r);
	/* Now it is known when the next stay on this CPU begins. */
	return l ? pt_match_decide(j, l, false) : 0;
}

int pt_match_take(struct pt_join *j, const struct reblock_record *records, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		if (records[i].kind == PT_JOIN_SWITCH)
			continue;
		err = take_one(j, &records[i]);
		for (size_t k = 0;
		     !err && j->n_held - j->first_held >= HELD_MOST && k < j->o.n_queues; k++)
			err = pt_match_decide(j, &j->lanes[k], true);
	}
	return err ? err : give(j);
}

/* What PT saw after the last records is of nobody; it is read for what is said at the end. */
static int rest_of(struct pt_join *j, struct pt_lane *l)
{
	int err = pt_match_decide(j, l, true);

	while (!err || err == 1) {
		while (pt_guest_sections(l->guest)) {
			j->count.unmatched += !pt_guest_section(l->guest, 0)->gap;
			pt_guest_drop(l->guest);
		}
		err = pt_guest_more(l->guest);
		if (!err)
			break;
	}
	return err < 0 ? err : 0;
}

int pt_match_all(struct pt_join *j)
{
	int err = 0;

	/* On CPUs where nothing happens, others tell the time. */
	for (size_t i = 0; i < j->o.n_queues && !err; i++) {
		if (j->lanes[i].n)
			err = pt_match_decide(j, &j->lanes[i], j->ended);
		if (!err && j->ended)
			err = rest_of(j, &j->lanes[i]);
	}
	return err ? err : give(j);
}
