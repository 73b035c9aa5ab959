/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PT's guest sections among the records: on each CPU the stays of vCPUs in their guests, from entry record to exit
 * record, and the sections that PT saw there, are two series of the same things. A tracepoint before the entry and one
 * after the exit make a stay enclose its section.
 *
 * PT's times have bounds (pt/guest.h), so a section may be of several stays. Those that hang together so are decided
 * together, once nothing more can belong to them: as many sections as stays, none of them with a contradiction to its stay, are
 * matched in order; anything else is matched with nothing. A gap says then to each vCPU that what PT saw of it before no longer
 * holds.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "pt/join_state.h"

#define HELD_MOST ((uint64_t)1 << 16)
/* Records of different CPUs are in order but for so much (ns). */
#define DISORDER 10000000

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t plus(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t key_of(const struct reblock_record *r)
{
	return (uint64_t)r->vm << 16 | r->vcpu;
}

static struct pt_held *held(struct pt_join *j, uint64_t number)
{
	return &j->held[number & (j->held_room - 1)];
}

static int hold(struct pt_join *j, const struct reblock_record *r)
{
	if (j->n_held - j->first_held == j->held_room) {
		size_t room = j->held_room ? j->held_room * 2 : 256;
		struct pt_held *larger = calloc(room, sizeof(*larger));

		if (!larger)
			return -ENOMEM;
		for (uint64_t i = j->first_held; i < j->n_held; i++)
			larger[i & (room - 1)] = *held(j, i);
		free(j->held);
		j->held = larger;
		j->held_room = room;
	}
	*held(j, j->n_held++) = (struct pt_held){ .record = *r };
	return 0;
}

/* What PT saw before the exit in H, and gaps where it saw nothing. */
static int give_seen(struct pt_join *j, const struct pt_held *h)
{
	struct pt_vcpu *vcpu = pt_vcpus_find(&j->vcpus, key_of(&h->record));
	struct reblock_record *out;
	bool gap;
	int l2;

	if (!vcpu)
		return 0;
	gap = vcpu->seen && (!h->n || h->broken || !h->entered);
	out = pt_join_put(j, h->n + gap);
	if (!out)
		return -ENOMEM;
	l2 = h->n ? pt_vcpu_l2(vcpu, &h->last, h->saw + h->n - h->last.n) : -1;
	if (reblock_has(&h->record, REBLOCK_HAS_L2))
		l2 = reblock_flag(&h->record, REBLOCK_L2);
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
	while (j->first_held < j->n_held && !held(j, j->first_held)->waits) {
		struct pt_held *h = held(j, j->first_held);
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

static bool may_be(const struct pt_join *j, const struct pt_section *p, const struct pt_stay *s)
{
	uint64_t from = less(s->from, j->slack), to = plus(s->to, j->slack);

	return p->entry.from <= to && p->entry.to >= from && p->exit.from <= to &&
	       p->exit.to >= from;
}

/* Whether a qualification is saved for an exit of this reason (SDM volume 3C, section 28.2.1), and means something. */
static bool has_qualification(uint32_t reason)
{
	switch (reason & REBLOCK_REASON_BASIC) {
	case 9:  /* task switch */
	case 28: /* control-register access */
	case 29: /* MOV DR */
	case 30: /* I/O instruction */
	case REBLOCK_REASON_APIC_ACCESS:
	case REBLOCK_REASON_EPT_VIOLATION:
		return true;
	default:
		return false;
	}
}

/* Whether the exit that PT saw can be the one that was recorded. */
static bool agrees(const struct reblock_record *saw, const struct reblock_record *exit)
{
	unsigned both = saw->presence & exit->presence;

	if ((both & REBLOCK_HAS_RIP) && saw->rip != exit->rip)
		return false;
	if (!(both & REBLOCK_HAS_REASON))
		return true;
	if ((saw->reason ^ exit->reason) & REBLOCK_REASON_BASIC)
		return false;
	return !(both & REBLOCK_HAS_QUALIFICATION) || !has_qualification(exit->reason) ||
	       saw->qualification == exit->qualification;
}

/* A series of sections and of stays that may be the same; both from the first on. */
struct cluster {
	struct pt_lane *lane;
	size_t sections, stays;
	size_t real; /* sections that are no gaps */
};

static struct pt_stay *stay(const struct pt_lane *l, size_t i)
{
	return &l->stays[l->first + i];
}

/* No entry record that is still to come for this CPU is older. */
static uint64_t earliest_entry(const struct pt_join *j, const struct pt_lane *l)
{
	uint64_t by_all = less(j->newest, DISORDER);

	if (l->entered != PT_FOREVER)
		return l->entered;
	if (j->ended)
		return PT_FOREVER;
	return l->last > by_all ? l->last : by_all;
}

/* Takes sections until none that is to come can be of the last stay of CL. */
static int look_ahead(const struct pt_join *j, const struct cluster *cl)
{
	uint64_t to = plus(stay(cl->lane, cl->stays - 1)->to, j->slack);
	int err = 1;

	while (err > 0 && pt_guest_now(cl->lane->guest) <= to)
		err = pt_guest_more(cl->lane->guest);
	return err < 0 ? err : 0;
}

/* Drops sections from before the first stay. */
static void drop_old(struct pt_join *j, struct pt_lane *l)
{
	uint64_t from = less(stay(l, 0)->from, j->slack);

	while (pt_guest_sections(l->guest)) {
		const struct pt_section *p = pt_guest_section(l->guest, 0);

		if (p->gap ? p->exit.to >= from : p->entry.to >= from)
			break;
		j->count.unmatched += !p->gap;
		pt_guest_drop(l->guest);
	}
}

/*
 * Finds the first cluster of L. Returns 1; 0 where more may belong to it: records are to come first; or a negative
 * errno.
 */
static int find_cluster(struct pt_join *j, struct pt_lane *l, struct cluster *cl)
{
	bool grows = true;

	*cl = (struct cluster){ .lane = l, .stays = 1 };
	while (grows) {
		uint64_t to, reach = 0;
		int err = look_ahead(j, cl);

		if (err)
			return err;
		if (cl->stays == 1)
			drop_old(j, l);
		to = plus(stay(l, cl->stays - 1)->to, j->slack);
		cl->sections = cl->real = 0;
		for (; cl->sections < pt_guest_sections(l->guest); cl->sections++) {
			const struct pt_section *p = pt_guest_section(l->guest, cl->sections);

			if (p->exit.from > to)
				break;
			if (p->gap)
				continue;
			cl->real++;
			reach = plus(p->entry.to, j->slack);
		}
		grows = cl->stays < l->n && stay(l, cl->stays)->from <= reach;
		cl->stays += grows;
		if (!grows && cl->stays == l->n && reach >= earliest_entry(j, l))
			return 0;
	}
	return 1;
}

/* Whether section P begins something new, and does not go on after a gap with what LAST, the one before it or NULL, began. */
static bool begins(const struct pt_section *p, const struct pt_section *last)
{
	return !last || p->entered || last->left;
}

/*
 * Whether the sections of CL are its stays, one by one; what PT saw of a stay before and after a gap counts as one. Where
 * a gap hides more than that there are fewer than stays.
 */
static bool fits(struct pt_join *j, const struct cluster *cl)
{
	const struct pt_section *last = NULL;
	size_t n = 0;

	for (size_t k = 0; k < cl->sections; k++) {
		const struct pt_section *p = pt_guest_section(cl->lane->guest, k);
		const struct pt_stay *s;

		if (p->gap)
			continue;
		n += begins(p, last);
		last = p;
		if (n > cl->stays)
			return false;
		s = stay(cl->lane, n - 1);
		if (!may_be(j, p, s) ||
		    (p->left && !agrees(&pt_guest_witnesses(cl->lane->guest, k)[p->n - 1],
					&held(j, s->held)->record)))
			return false;
	}
	return n == cl->stays;
}

/* Adds what PT saw, the section at K, to stay S; where something is there already, a gap goes between. */
static int add_seen(struct pt_join *j, const struct cluster *cl, size_t k, const struct pt_stay *s)
{
	const struct pt_section *p = pt_guest_section(cl->lane->guest, k);
	const struct reblock_record *w = pt_guest_witnesses(cl->lane->guest, k);
	struct pt_held *h = held(j, s->held);
	struct reblock_record *saw = realloc(h->saw, (h->n + p->n + 2) * sizeof(*saw));

	if (!saw)
		return -ENOMEM;
	h->saw = saw;
	if (!h->n) {
		h->from = s->from;
		h->entered = p->entered;
	}
	memcpy(&saw[h->n], w, p->n * sizeof(*saw));
	h->n += p->n;
	h->last = *p;
	if (!p->left) {
		pt_witness_bare(&saw[h->n++], REBLOCK_SAW_GAP);
		h->last.n++;
	}
	return 0;
}

static int decide(struct pt_join *j, const struct cluster *cl)
{
	const struct pt_section *last = NULL;
	bool matched = fits(j, cl);
	size_t n = 0;
	int err = 0;

	for (size_t k = 0; k < cl->sections && !err && matched; k++) {
		const struct pt_section *p = pt_guest_section(cl->lane->guest, k);

		if (p->gap)
			continue;
		n += begins(p, last);
		last = p;
		err = add_seen(j, cl, k, stay(cl->lane, n - 1));
	}
	if (matched) {
		j->count.matched += cl->stays;
	} else {
		j->count.unmatched += cl->real;
		j->count.nobody += cl->stays;
	}
	for (size_t i = 0; i < cl->stays; i++)
		held(j, stay(cl->lane, i)->held)->waits = false;
	for (size_t k = 0; k < cl->sections; k++)
		pt_guest_drop(cl->lane->guest);
	cl->lane->first += cl->stays;
	cl->lane->n -= cl->stays;
	return err;
}

/* Decides all clusters of L that nothing more can belong to; where FORCE, the others too. */
static int decide_all(struct pt_join *j, struct pt_lane *l, bool force)
{
	while (l->n) {
		struct cluster cl;
		int got = find_cluster(j, l, &cl);

		if (!got && !force)
			break;
		if (got >= 0)
			got = decide(j, &cl);
		if (got < 0)
			return got;
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
	struct pt_held *h = held(j, j->n_held - 1);
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
	if (!known || (l->n && s.from < stay(l, l->n - 1)->to)) {
		j->count.nobody++;
		return 0;
	}
	h->waits = true;
	err = add_stay(l, &s);
	return err ? err : decide_all(j, l, false);
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
	return l ? decide_all(j, l, false) : 0;
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
			err = decide_all(j, &j->lanes[k], true);
	}
	return err ? err : give(j);
}

/* What PT saw after the last records is of nobody; it is read for what is said at the end. */
static int rest_of(struct pt_join *j, struct pt_lane *l)
{
	int err = decide_all(j, l, true);

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
			err = decide_all(j, &j->lanes[i], j->ended);
		if (!err && j->ended)
			err = rest_of(j, &j->lanes[i]);
	}
	return err ? err : give(j);
}
