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
#include "pt/match.h"

static bool may_be(const struct pt_join *j, const struct pt_section *p, const struct pt_stay *s)
{
	uint64_t from = pt_less(s->from, j->slack), to = pt_plus(s->to, j->slack);

	return p->entry.from <= to && p->entry.to >= from && p->exit.from <= to &&
	       p->exit.to >= from;
}

/* Whether P is of S whatever else there is: they overlap for certain, and no two stays do. */
static bool must_be(const struct pt_join *j, const struct pt_section *p, const struct pt_stay *s)
{
	return p->entry.to <= pt_less(s->to, j->slack) &&
	       p->exit.from >= pt_plus(s->from, j->slack);
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

/* No entry record that is still to come for this CPU is older. */
static uint64_t earliest_entry(const struct pt_join *j, const struct pt_lane *l)
{
	uint64_t by_all = pt_less(j->newest, PT_DISORDER);

	if (l->entered != PT_FOREVER)
		return l->entered;
	if (j->ended)
		return PT_FOREVER;
	return l->last > by_all ? l->last : by_all;
}

/* Takes sections until none that is to come can be of the last stay of CL. */
static int look_ahead(const struct pt_join *j, const struct cluster *cl)
{
	uint64_t to = pt_plus(pt_stay(cl->lane, cl->stays - 1)->to, j->slack);
	int err = 1;

	while (err > 0 && pt_guest_now(cl->lane->guest) <= to)
		err = pt_guest_more(cl->lane->guest);
	return err < 0 ? err : 0;
}

/* Drops the first section of L. A gap may hide sections of stays that are to come, too. */
static void drop(struct pt_lane *l)
{
	const struct pt_section *p = pt_guest_section(l->guest, 0);

	if (p->gap && p->exit.to > l->hidden)
		l->hidden = p->exit.to;
	pt_guest_drop(l->guest);
}

/* Whether a gap may hide a section of the stays of CL. */
static bool may_lack(const struct pt_join *j, const struct cluster *cl)
{
	return cl->real < cl->sections ||
	       cl->lane->hidden >= pt_less(pt_stay(cl->lane, 0)->from, j->slack);
}

/* Drops sections from before the first stay. */
static void drop_old(struct pt_join *j, struct pt_lane *l)
{
	uint64_t from = pt_less(pt_stay(l, 0)->from, j->slack);

	while (pt_guest_sections(l->guest)) {
		const struct pt_section *p = pt_guest_section(l->guest, 0);

		if (p->gap ? p->exit.to >= from : p->entry.to >= from)
			break;
		j->count.unmatched += !p->gap;
		drop(l);
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
		to = pt_plus(pt_stay(l, cl->stays - 1)->to, j->slack);
		cl->sections = cl->real = 0;
		for (; cl->sections < pt_guest_sections(l->guest); cl->sections++) {
			const struct pt_section *p = pt_guest_section(l->guest, cl->sections);

			if (p->exit.from > to)
				break;
			if (p->gap)
				continue;
			cl->real++;
			reach = pt_plus(p->entry.to, j->slack);
		}
		grows = cl->stays < l->n && pt_stay(l, cl->stays)->from <= reach;
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
	bool lacks = may_lack(j, cl);
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
		s = pt_stay(cl->lane, n - 1);
		/* Where a gap may hide one, and the records lack another, their number says nothing. */
		if (!may_be(j, p, s) || (lacks && !must_be(j, p, s)) ||
		    (p->left && !agrees(&pt_guest_witnesses(cl->lane->guest, k)[p->n - 1],
					&pt_held(j, s->held)->record)))
			return false;
	}
	return n == cl->stays;
}

/* Adds what PT saw, the section at K, to stay S; where something is there already, a gap goes between. */
static int add_seen(struct pt_join *j, const struct cluster *cl, size_t k, const struct pt_stay *s)
{
	const struct pt_section *p = pt_guest_section(cl->lane->guest, k);
	const struct reblock_record *w = pt_guest_witnesses(cl->lane->guest, k);
	struct pt_held *h = pt_held(j, s->held);
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
		err = add_seen(j, cl, k, pt_stay(cl->lane, n - 1));
	}
	if (matched) {
		j->count.matched += cl->stays;
	} else {
		j->count.unmatched += cl->real;
		j->count.nobody += cl->stays;
	}
	for (size_t i = 0; i < cl->stays; i++)
		pt_held(j, pt_stay(cl->lane, i)->held)->waits = false;
	for (size_t k = 0; k < cl->sections; k++)
		drop(cl->lane);
	cl->lane->first += cl->stays;
	cl->lane->n -= cl->stays;
	return err;
}

/* Decides all clusters of L that nothing more can belong to; where FORCE, the others too. */
int pt_match_decide(struct pt_join *j, struct pt_lane *l, bool force)
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
