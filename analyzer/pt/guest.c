/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "pt/guest_state.h"
#include "pt/witness.h"

#define WITNESSES_MOST 4096 /* of a section */
#define STILL_MOST 1024     /* sections that wait for a later time */

struct pt_guest *pt_guest_new(struct pt_ahead *ahead, size_t queue, const struct pt_clock *clock)
{
	struct pt_guest *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->ahead = ahead;
	g->queue = queue;
	g->clock = clock;
	g->reloaded = true;
	return g;
}

static struct pt_section *last(struct pt_guest *g)
{
	return &g->sections[g->first + g->n - 1];
}

/* Makes room for one more of SIZE bytes each behind those from FIRST on. Returns 0 or -ENOMEM. */
static int room_for_one(void **array, size_t *first, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 16;
	char *larger;

	if (*first + n < *room)
		return 0;
	if (*first > n) {
		memcpy(*array, (char *)*array + *first * size, n * size);
		*first = 0;
		return 0;
	}
	larger = realloc(*array, more * size);
	if (!larger)
		return -ENOMEM;
	*array = larger;
	*room = more;
	return 0;
}

static int begin(struct pt_guest *g, bool gap, bool entered)
{
	void *sections = g->sections;
	int err = room_for_one(&sections, &g->first, g->n, &g->room, sizeof(struct pt_section));

	g->sections = sections;
	if (err)
		return err;
	g->n++;
	*last(g) = (struct pt_section){
		.gap = gap,
		.entered = entered,
		.entry = { g->has_time ? g->now : 0, PT_FOREVER },
		.exit = { g->has_time ? g->now : 0, PT_FOREVER },
		.entry_passed = { g->passed, PT_FOREVER },
		.exit_passed = { g->passed, PT_FOREVER },
	};
	g->open = !gap;
	return 0;
}

/* Where PT saw nothing. */
static int gap(struct pt_guest *g)
{
	if (g->n > g->complete && last(g)->gap)
		return 0;
	return begin(g, true, false);
}

static void put_vmcs(struct pt_guest *g, struct pt_section *s)
{
	if (s->has_vmcs || !g->has_vmcs)
		return;
	s->has_vmcs = true;
	s->vmcs = g->vmcs;
	s->reloaded = g->reloaded;
	g->reloaded = false;
}

static void end(struct pt_guest *g, bool left)
{
	struct pt_section *s = last(g);

	g->open = false;
	g->begun_iret = false;
	if (!s->n && !s->entered && !left) {
		g->n--; /* nothing of it was seen */
		if (g->complete > g->n)
			g->complete = g->n;
		return;
	}
	s->left = left;
	s->exit = (struct pt_moment){ g->now, PT_FOREVER };
	s->exit_passed = (struct pt_passed){ g->passed, PT_FOREVER };
	if (!s->has_vmcs)
		s->reloaded = true;
	g->counts.sections++;
}

/* It ends where its exit was not seen. */
static int end_in_gap(struct pt_guest *g)
{
	if (g->open)
		end(g, false);
	return gap(g);
}

static int add_witness(struct pt_guest *g, const struct pt_event *e)
{
	struct pt_section *s = last(g);
	struct reblock_record r;
	void *witnesses = g->witnesses;
	int err;

	if (!pt_witness(e, &r))
		return 0;
	if (s->n == WITNESSES_MOST) {
		size_t keep = s->entered ? 1 : 0;

		g->w_n -= s->n - keep - 1;
		s->n = keep + 1;
		pt_witness_bare(&g->witnesses[g->w_first + g->w_n - 1], REBLOCK_SAW_GAP);
		g->witnesses[g->w_first + g->w_n - 1].t = g->now;
		g->counts.too_long++;
	}
	err = room_for_one(&witnesses, &g->w_first, g->w_n, &g->w_room, sizeof(r));
	g->witnesses = witnesses;
	if (err)
		return err;
	r.t = g->has_time ? g->now : REBLOCK_NO_TIME;
	g->witnesses[g->w_first + g->w_n++] = r;
	s->n++;
	return 0;
}

/*
 * An IRET of which it is not known that it completed waits for what comes next: an exit at the same place is
 * its own; after anything else the rest is not known.
 */
static int add(struct pt_guest *g, const struct pt_event *e)
{
	int err = 0;

	/* What is seen of an IRET by following the instructions is that none came between it and the witness before. */
	if (g->unfollowed && e->type == PT_EVENT_IRET && !e->cfe)
		err = add_witness(g, &(struct pt_event){ .type = PT_EVENT_GAP });
	if (e->type != PT_EVENT_STATE && e->type != PT_EVENT_PAGING && e->type != PT_EVENT_VMCS)
		g->unfollowed = e->type == PT_EVENT_UNFOLLOWED;
	if (g->begun_iret) {
		g->begun_iret = false;
		if (!err && (e->type != PT_EVENT_EXIT || !(e->has & g->iret.has & PT_HAS_IP) ||
			     e->ip != g->iret.ip))
			err = add_witness(g, &g->iret);
	}
	if (!err && e->type == PT_EVENT_IRET && !pt_iret_completed(e) && g->branches) {
		g->begun_iret = true;
		g->iret = *e;
		return 0;
	}
	return err ? err : add_witness(g, e);
}

static int entry(struct pt_guest *g, const struct pt_event *e)
{
	int err = g->open ? end_in_gap(g) : 0;

	if (!err)
		err = begin(g, false, true);
	if (!err)
		put_vmcs(g, last(g));
	return err ? err : add(g, e);
}

static int leave(struct pt_guest *g, const struct pt_event *e)
{
	int err = g->open ? 0 : begin(g, false, false);

	if (!err)
		err = add(g, e);
	if (err)
		return err;
	put_vmcs(g, last(g));
	end(g, true);
	return 0;
}

/* Brings what is known of the guest into accord with NR. */
static int accord(struct pt_guest *g, const struct pt_event *e)
{
	if (!(e->has & PT_HAS_NR))
		return 0;
	g->counts.non_root |= e->nr;
	if (!e->nr && g->open)
		return end_in_gap(g);
	if (e->nr && !g->open)
		return begin(g, false, false);
	return 0;
}

static void take_vmcs(struct pt_guest *g, const struct pt_event *e)
{
	if (!(e->has & PT_HAS_VMCS))
		return;
	if (e->type == PT_EVENT_VMCS || !g->has_vmcs || g->vmcs != e->vmcs)
		g->reloaded = true;
	g->has_vmcs = true;
	g->vmcs = e->vmcs;
}

static int take(struct pt_guest *g, const struct pt_event *e)
{
	int err;

	pt_guest_take_time(g, e);
	if (e->type == PT_EVENT_TIME)
		return 0;
	take_vmcs(g, e);
	g->branches |= (e->has & PT_HAS_TO) != 0;
	switch (e->type) {
	case PT_EVENT_ENTRY:
		g->counts.non_root = true;
		return entry(g, e);
	case PT_EVENT_EXIT:
		g->counts.non_root = true;
		return leave(g, e);
	case PT_EVENT_ENABLED:
		/* Where the guest alone is traced an entry is nothing but that. */
		if ((e->has & PT_HAS_NR) && e->nr && !g->open && !g->off) {
			g->counts.non_root = true;
			return entry(g, e);
		}
		g->off = false;
		return accord(g, e);
	case PT_EVENT_DISABLED:
		if (!g->open)
			return 0;
		if (e->has & PT_HAS_IP)
			return leave(g, e);
		g->off = true;
		return end_in_gap(g);
	case PT_EVENT_GAP:
		g->has_vmcs = false;
		g->reloaded = true;
		return end_in_gap(g);
	default:
		err = accord(g, e);
		if (!err && g->open) {
			put_vmcs(g, last(g));
			err = add(g, e);
		}
		return err;
	}
}

int pt_guest_more(struct pt_guest *g)
{
	size_t complete = g->complete;

	while (g->complete <= complete) {
		const struct pt_event *e;
		int err = g->ended ? 0 : pt_ahead_next(g->ahead, g->queue, &e);

		if (err < 0)
			return err;
		if (!err) {
			if (g->open)
				end(g, false);
			g->ended = true;
			g->complete = g->n;
			break;
		}
		err = take(g, e);
		if (err)
			return err;
		if (g->n - g->complete > STILL_MOST)
			g->complete = g->n - 1;
	}
	return g->complete > complete;
}

uint64_t pt_guest_now(const struct pt_guest *g)
{
	if (g->n > g->complete)
		return g->sections[g->first + g->complete].entry.from;
	return g->ended ? PT_FOREVER : g->now;
}

size_t pt_guest_sections(const struct pt_guest *g)
{
	return g->complete;
}

const struct pt_section *pt_guest_section(const struct pt_guest *g, size_t i)
{
	return &g->sections[g->first + i];
}

const struct reblock_record *pt_guest_witnesses(const struct pt_guest *g, size_t i)
{
	size_t at = g->w_first;

	for (size_t k = 0; k < i; k++)
		at += g->sections[g->first + k].n;
	return &g->witnesses[at];
}

void pt_guest_drop(struct pt_guest *g)
{
	size_t n = g->sections[g->first].n;

	g->w_first += n;
	g->w_n -= n;
	g->first++;
	g->n--;
	g->complete--;
}

const struct pt_guest_counts *pt_guest_counts(const struct pt_guest *g)
{
	return &g->counts;
}

void pt_guest_free(struct pt_guest *g)
{
	if (!g)
		return;
	free(g->sections);
	free(g->witnesses);
	free(g);
}
