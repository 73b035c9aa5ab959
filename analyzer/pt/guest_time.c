/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * When things happened on the host's clock.
 *
 * A TSC packet that was made in a guest, as that of a PSB there, has the guest's own counter: the VMCS's multiplier and
 * offset are in it (SDM, "Intel Processor Trace", "System-Wide Tracing": VMX TSC Manipulation). What they are is not asked
 * for: up to the next TSC packet of the host, the ticks that MTC packets count add up to how much time has passed at least.
 * From the host's time before so much, and from the one after so much less, something happened. Where more seems to have
 * passed than did, none of it counts.
 */
#include "pt/guest_state.h"

/* A TSC packet can slip past MTC packets by so many ticks at most (Linux: f3b4e06b3bda). */
#define SLIP 0x1000

/* That the next MTC packet came after what was seen so far. */
static void mark(struct pt_guest *g)
{
	for (size_t i = g->n; i > g->complete; i--) {
		struct pt_section *s = &g->sections[g->first + i - 1];

		if (s->entry_passed.next == PT_FOREVER)
			s->entry_passed.next = g->passed;
		if (g->open && i == g->n)
			continue;
		if (s->exit_passed.next != PT_FOREVER)
			break;
		s->exit_passed.next = g->passed;
	}
}

/* MTC packets have counted up to COUNTED. */
static void pass(struct pt_guest *g, uint64_t counted)
{
	if (!g->anew && counted > g->counted) {
		g->passed += g->partial ? 0 : counted - g->counted;
		g->partial = false;
		mark(g);
	}
	g->counted = counted;
}

static uint64_t time_of(const struct pt_guest *g, uint64_t ticks)
{
	return g->clock->kind == PT_CLOCK_UNKNOWN ? ticks : pt_clock_time(g->clock, ticks);
}

/* What lies between two times of the host: from FROM ticks on, before TO; PASSED of them are known; 0: nothing is. */
struct between {
	uint64_t from, to, passed;
};

static void place(const struct pt_guest *g, const struct between *b, const struct pt_passed *p,
		  uint64_t now, struct pt_moment *m)
{
	uint64_t left = p->next < b->passed ? b->passed - p->next : 0, from, to;

	if (m->to != PT_FOREVER)
		return;
	m->to = now;
	if (!b->passed)
		return;
	to = time_of(g, b->to - left);
	from = g->has_time ? time_of(g, b->from + p->at) : m->from;
	/* what is known only to some ticks may cross */
	from = from < to ? from : to;
	m->from = m->from > from ? m->from : from;
	m->to = to > m->from ? to : m->from;
}

/* All that happened before now is known to have. */
static void settle(struct pt_guest *g, const struct between *b, uint64_t now)
{
	for (size_t i = g->complete; i < g->n; i++) {
		struct pt_section *s = &g->sections[g->first + i];
		bool open = g->open && i == g->n - 1;

		place(g, b, &s->entry_passed, now, &s->entry);
		if (!open)
			place(g, b, &s->exit_passed, now, &s->exit);
		/* A gap ends with what is seen next; more of them may follow it without. */
		g->complete += !open;
	}
}

static bool may_have_passed(const struct pt_guest *g, const struct pt_event *e)
{
	return e->packet >= g->passed &&
	       (!g->has_time || (e->packet >= g->host && e->packet - g->host + SLIP >= g->passed));
}

/* Returns whether it is a new one. */
static bool take_host_time(struct pt_guest *g, const struct pt_event *e)
{
	struct between b = { .from = g->host, .to = e->packet };
	uint64_t t = time_of(g, e->tsc);

	if (g->has_time && t <= g->now)
		return false;
	if (may_have_passed(g, e))
		b.passed = g->passed;
	settle(g, &b, t);
	g->now = t;
	g->host = e->tsc;
	g->passed = 0;
	g->partial = !e->at_mtc;
	g->has_time = true;
	return true;
}

void pt_guest_take_time(struct pt_guest *g, const struct pt_event *e)
{
	bool known = e->has & PT_HAS_TSC;

	if (!known || e->guest_tsc)
		g->counts.timeless += !g->has_time && e->type != PT_EVENT_GAP &&
				      e->type != PT_EVENT_TIME;
	/* Behind a PSB it is counted anew, and how much is counted in a gap is not known. */
	g->anew |= e->type == PT_EVENT_STATE || e->type == PT_EVENT_GAP;
	if (!known)
		return;
	if (e->packet != g->packet)
		pass(g, e->packet_counted);
	else if (g->anew)
		g->counted = e->counted;
	g->anew = false;
	/* Behind an overflow MTC does not move the host's time, either. */
	if (e->guest_tsc || !take_host_time(g, e))
		pass(g, e->counted);
	g->packet = e->packet;
	g->counted = e->counted;
}
