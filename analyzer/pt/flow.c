/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "pt/flow.h"
#include "pt/packet.h"
#include "pt/sieve_out.h"

#define PUT_MOST 32 /* bytes for one packet, or for the end of an event */
#define NO_MODE 0xff
#define MODE_64 1 /* CS.L, and not CS.D */

/* Reads a segment's packets beside its events. */
struct walker {
	struct pt_flow *flow;
	const struct pt_event *events;
	size_t n, next; /* the event that comes next */
	uint64_t ip;
	uint8_t mode;               /* bits 1:0 of MODE.Exec, or NO_MODE */
	const struct pt_event *now; /* its packets are being read; NULL: none is */
	bool running;               /* a run is open */
	bool mode_waits;            /* MODE.Exec came: for the TIP that it belongs to */
	bool skip_fup;              /* the next FUP tells where something was that is left out */
	bool wrong;                 /* the image is not what ran */
	bool event_trace;
};

static int room_for(void **array, size_t used, size_t more, size_t *room, size_t each)
{
	size_t wanted = *room ? *room : 64;
	void *larger;

	while (wanted - used < more)
		wanted *= 2;
	if (wanted == *room)
		return 0;
	larger = realloc(*array, wanted * each);
	if (!larger)
		return -ENOMEM;
	*array = larger;
	*room = wanted;
	return 0;
}

/* A fact that comes before event BEFORE; NEAR: the last event before it. */
static int add_fact(struct pt_flow *f, const struct pt_event *near, size_t before,
		    const struct pt_event *event)
{
	void *facts = f->facts;
	int err = room_for(&facts, f->n_facts, 1, &f->facts_room, sizeof(*f->facts));
	struct pt_fact *fact;

	f->facts = facts;
	if (err)
		return err;
	fact = &f->facts[f->n_facts++];
	*fact = (struct pt_fact){ *event, before };
	fact->event.nr = true;
	fact->event.has |= PT_HAS_NR | (near->has & PT_HAS_VMCS);
	fact->event.vmcs = near->vmcs;
	return 0;
}

static void put(struct pt_flow *f, const void *bytes, size_t size)
{
	memcpy(f->run + f->size, bytes, size);
	f->size += size;
}

/* FUP, TIP or TIP.PGD, whose first byte is HEAD without a size, with the whole address. */
static void put_address(struct pt_flow *f, uint8_t head, uint64_t ip)
{
	f->run[f->size++] = head | 6 << 5;
	for (int i = 0; i < 8; i++)
		f->run[f->size++] = (uint8_t)(ip >> 8 * i);
}

enum { FUP = 0x1d, TIP = 0x0d, TIP_PGD_NONE = 0x01 };

/* With the MODE.Exec that belongs to it. */
static void put_tip(struct walker *w, uint64_t ip)
{
	struct pt_flow *f = w->flow;

	if (w->mode_waits) {
		f->run[f->size++] = 0x99;
		f->run[f->size++] = w->mode;
		f->mode_64 &= w->mode == MODE_64;
	}
	w->mode_waits = false;
	put_address(f, TIP, ip);
}

static struct pt_stretch *last(struct pt_flow *f)
{
	return &f->stretches[f->n - 1];
}

static int add_stretch(struct walker *w, uint64_t ip, size_t event)
{
	struct pt_flow *f = w->flow;
	void *stretches = f->stretches;
	int err = room_for(&stretches, f->n, 1, &f->stretches_room, sizeof(*f->stretches));

	f->stretches = stretches;
	if (err)
		return err;
	f->stretches[f->n++] =
		(struct pt_stretch){ .at = f->size, .ip = ip, .mode = w->mode, .event = event };
	last(f)->lost = w->mode == NO_MODE;
	f->mode_64 &= w->mode == MODE_64;
	return 0;
}

/* The event that the stretch ends with. */
static size_t end_of(const struct walker *w, size_t stretch, size_t end)
{
	const struct pt_flow *f = w->flow;

	return stretch + 1 < f->n ? f->stretches[stretch + 1].event : end;
}

struct ender {
	struct walker *walker;
	size_t end; /* the event that the run ends with */
};

static int take_iret(void *context, size_t stretch, uint64_t ip, uint64_t to)
{
	const struct ender *e = context;
	struct pt_flow *f = e->walker->flow;
	struct pt_event event = {
		.type = PT_EVENT_IRET, .has = PT_HAS_IP | PT_HAS_TO, .ip = ip, .to = to
	};

	return add_fact(f, &e->walker->events[f->stretches[stretch].event],
			end_of(e->walker, stretch, e->end), &event);
}

static int add_unfollowed(struct walker *w, size_t stretch, size_t end)
{
	struct pt_event event = { .type = PT_EVENT_UNFOLLOWED };

	return add_fact(w->flow, &w->events[w->flow->stretches[stretch].event],
			end_of(w, stretch, end), &event);
}

/* Follows the run, which ends with event END. */
static int end_run(struct walker *w, size_t end)
{
	struct pt_flow *f = w->flow;
	struct pt_run run = { f->run, f->size, f->stretches, f->n, f->mode_64 };
	struct ender ender = { w, end };
	size_t at = 0, stretch;
	int status = 0;

	w->running = false;
	while (at < f->n && status >= 0) {
		/* Nothing came that an IRET needs. */
		if (w->wrong || !pt_can_follow()) {
			status = f->stretches[at].tips ? add_unfollowed(w, at, end) : 0;
			at++;
			continue;
		}
		for (stretch = at; stretch < f->n && !f->stretches[stretch].tips; stretch++)
			;
		if (stretch == f->n)
			break;
		status = pt_follow(&run, f->image, &f->code, at, take_iret, &ender, &stretch);
		if (status == PT_FOLLOWED || status < 0)
			break;
		if (status == PT_FOLLOWED_WRONG)
			w->wrong = true;
		else if (f->stretches[stretch].tips)
			status = add_unfollowed(w, stretch, end);
		at = stretch + 1;
	}
	return status < 0 ? status : 0;
}

/* IP is where the guest is, where that is known. */
static int begin_run(struct walker *w, bool known, uint64_t ip, size_t event)
{
	int err;

	w->running = true;
	w->mode_waits = false;
	w->flow->size = PT_RUN_HEAD;
	memset(w->flow->run, 0, PT_RUN_HEAD);
	w->flow->n = 0;
	w->flow->mode_64 = true;
	err = add_stretch(w, ip, event);
	if (!err && !known)
		last(w->flow)->lost = true;
	return err;
}

/* The packets of the event that comes next begin. */
static int begin_event(struct walker *w)
{
	const struct pt_event *e = &w->events[w->next++];
	struct pt_flow *f = w->flow;

	w->now = e;
	switch (e->type) {
	case PT_EVENT_PAGING:
	case PT_EVENT_VMCS:
		/* A packet of its own, and the guest goes on; that it is one may be new. */
		w->now = NULL;
		return w->running || !e->nr ? 0 : begin_run(w, false, 0, w->next - 1);
	case PT_EVENT_ASYNC:
		if (w->running && e->nr && (e->has & PT_HAS_IP) && (e->has & PT_HAS_TO) &&
		    !e->ends) {
			put_address(f, FUP, e->ip);
			return 0;
		}
		break;
	case PT_EVENT_EXIT:
	case PT_EVENT_DISABLED:
		if (w->running && (e->has & PT_HAS_IP)) {
			put_address(f, FUP, e->ip);
			f->run[f->size++] = TIP_PGD_NONE;
		}
		break;
	case PT_EVENT_GAP:
		w->now = NULL;
		break;
	default:
		break;
	}
	return w->running ? end_run(w, w->next - 1) : 0;
}

/* Whether the packet of KIND is the last of the event. */
static bool ends_event(const struct pt_event *e, enum pt_kind kind)
{
	if (e->type == PT_EVENT_STATE)
		return kind == PT_KIND_PSBEND;
	return kind == PT_KIND_TIP || kind == PT_KIND_TIP_PGE || kind == PT_KIND_TIP_PGD;
}

static int end_event(struct walker *w)
{
	const struct pt_event *e = w->now;
	bool state = e->type == PT_EVENT_STATE;
	size_t event = (size_t)(e - w->events);

	w->now = NULL;
	if (w->running) {
		put_tip(w, e->to);
		return add_stretch(w, e->to, event);
	}
	/* Packets that are off tell nothing, and can tell of no IRET. */
	if (!e->nr || e->ends || (state && !(e->has & PT_HAS_IP)))
		return 0;
	return begin_run(w, state || e->has & PT_HAS_TO, state ? e->ip : e->to, event);
}

static void take_mode(struct walker *w, const uint8_t *at, bool fup)
{
	if (at[1] >> 5) {
		/* MODE.TSX: what an abort leads to is no instruction's doing */
		w->skip_fup = fup;
		if (w->running && at[1] & 2)
			last(w->flow)->lost = true;
		return;
	}
	/* Of Event Trace, and says where the interrupt flag has changed. */
	w->skip_fup = fup && !w->now;
	w->mode = at[1] & 3;
	w->mode_waits = w->running && !w->skip_fup;
}

/* A packet between two events. */
static int take_flow(struct walker *w, enum pt_kind kind, const uint8_t *at, int length)
{
	struct pt_flow *f = w->flow;

	switch (kind) {
	case PT_KIND_TNT:
		if (w->mode_waits)
			last(f)->lost = true;
		put(f, at, (size_t)length);
		break;
	case PT_KIND_TIP:
		last(f)->tips++;
		if (pt_has_address(at))
			put_tip(w, w->ip);
		else
			last(f)->lost = true;
		break;
	case PT_KIND_FUP:
		last(f)->lost = true;
		break;
	case PT_KIND_TIP_PGE:
	case PT_KIND_TIP_PGD:
	case PT_KIND_OVF:
		last(f)->lost = true;
		return end_run(w, w->next);
	default:
		break;
	}
	return 0;
}

static int take(struct walker *w, enum pt_kind kind, const uint8_t *at, int length,
		const uint8_t *end)
{
	const uint8_t *rest = at + length;

	switch (kind) {
	case PT_KIND_CFE:
	case PT_KIND_EVD:
		w->event_trace = true;
		return 0;
	case PT_KIND_MODE:
		take_mode(w, at, pt_fup_follows(rest, end));
		return 0;
	case PT_KIND_PTW:
		w->skip_fup = at[1] & 0x80 && pt_fup_follows(rest, end);
		return 0;
	case PT_KIND_POWER:
		/* EXSTOP */
		w->skip_fup = (at[1] & 0x7f) == 0x62 && pt_fup_follows(rest, end);
		return 0;
	case PT_KIND_FUP:
	case PT_KIND_TIP:
	case PT_KIND_TIP_PGE:
	case PT_KIND_TIP_PGD:
		pt_update_ip(&w->ip, at);
		break;
	case PT_KIND_OVF:
		w->ip = 0;
		break;
	default:
		break;
	}
	if (kind == PT_KIND_FUP && w->skip_fup) {
		w->skip_fup = false;
		return 0;
	}
	if (w->now)
		return ends_event(w->now, kind) ? end_event(w) : 0;
	return w->running ? take_flow(w, kind, at, length) : 0;
}

static int walk(struct walker *w, const uint8_t *bytes, size_t begin, size_t end)
{
	const uint8_t *at = bytes + begin, *stop = bytes + end;
	struct pt_flow *f = w->flow;
	enum pt_kind kind;
	int length, err = 0;

	for (; !err && at < stop && !w->event_trace; at += length) {
		void *run = f->run;

		length = pt_packet_at(at, (size_t)(stop - at), &kind);
		if (length <= 0)
			break;
		err = room_for(&run, f->size, 2 * PUT_MOST, &f->room, 1);
		f->run = run;
		while (!err && w->next < w->n &&
		       w->events[w->next].offset <= (uint64_t)(at - bytes))
			err = begin_event(w);
		if (!err)
			err = take(w, kind, at, length, stop);
	}
	if (!err && w->running)
		err = end_run(w, w->next);
	return err;
}

int pt_flow_segment(struct pt_flow *flow, const uint8_t *bytes, size_t begin, size_t end,
		    const struct pt_event *events, size_t n)
{
	struct walker w = { .flow = flow, .events = events, .n = n, .mode = NO_MODE };
	int err;

	flow->n_facts = 0;
	err = walk(&w, bytes, begin, end);
	if (err || w.event_trace)
		flow->n_facts = 0;
	if (!err && w.wrong && !w.event_trace) {
		flow->counts->wrong_image++;
		/* Once more, and nothing is followed this time. */
		w = (struct walker){ .flow = flow, .events = events, .n = n, .mode = NO_MODE };
		w.wrong = true;
		flow->n_facts = 0;
		err = walk(&w, bytes, begin, end);
	}
	return err;
}

void pt_flow_free(struct pt_flow *f)
{
	pt_code_view_end(&f->code);
	free(f->facts);
	free(f->run);
	free(f->stretches);
}
