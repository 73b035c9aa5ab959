/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Intel PT shows of a guest, as the witnesses that reblock makes of it: as pt/event.h and pt/witness.h say, and where
 * they stand as pt/join.h says. It is complete but for what the turn says, and wherever something is missing there is a gap.
 */
#include <string.h>
#include "sim/sim.h"
#include "sim/sim_frames.h"

/* Of the turn's mistake (enum sim_pt_misses). */
#define SHOWS_DELIVERY 0x10u
#define INJECTED_FIRST 0x20u
#define SAYS_NOTHING 0x10u
#define CS_BASE 0x100000u
#define HOW(turn) ((unsigned)(turn)->mistake >> 4)

static struct reblock_record *add(struct sim *sim, const struct sim_vcpu *v,
				  enum reblock_witness_kind saw)
{
	const struct sim_view *view = &sim->config.view;
	struct sim_witnesses *w = &sim->witnesses;
	struct reblock_record *r = &w->records[w->n];

	w->truth[w->n++] = 0;
	*r = (struct reblock_record){ .kind = REBLOCK_WITNESS,
				      .t = view->timeless ? REBLOCK_NO_TIME : v->t,
				      .vm = v->vm,
				      .vcpu = v->vcpu,
				      .cpu = v->cpu,
				      .error_code = saw,
				      .presence = REBLOCK_HAS_ERROR_CODE };
	if (view->pt.l2 && saw != REBLOCK_SAW_GAP) {
		r->presence |= REBLOCK_HAS_L2;
		r->flags = v->side ? REBLOCK_L2 : 0;
	}
	return r;
}

static uint64_t linear(const struct sim *sim, uint64_t rip)
{
	unsigned based = sim->config.view.pt.based;

	return based && sim_frame_is_code_of((enum sim_handler)(based - 1), rip) ? rip + CS_BASE :
										   rip;
}

static void at(const struct sim *sim, struct reblock_record *r, uint64_t rip)
{
	r->rip = linear(sim, rip);
	r->presence |= REBLOCK_HAS_RIP;
}

static void to(const struct sim *sim, struct reblock_record *r, uint64_t rip)
{
	r->qualification = linear(sim, rip);
	r->presence |= REBLOCK_HAS_QUALIFICATION;
}

static void vector(struct reblock_record *r, enum sim_handler handler)
{
	r->intr_info = handler == SIM_NMI_HANDLER ? 2 : handler == SIM_INTERRUPT_HANDLER ? 49 : 14;
	r->presence |= REBLOCK_HAS_INTR_INFO;
}

/* Event I of what the guest did. */
static void event(struct sim *sim, const struct sim_vcpu *v, const struct sim_shown *shown,
		  unsigned i)
{
	const struct sim_pt *pt = &sim->config.view.pt;
	struct sim_witnesses *w = &sim->witnesses;
	bool iret = shown->events[i].iret;
	struct reblock_record *r;

	if (iret && !pt->event_trace && !pt->image)
		return;
	r = add(sim, v,
		iret            ? REBLOCK_SAW_IRET :
		pt->event_trace ? REBLOCK_SAW_INTERRUPT :
				  REBLOCK_SAW_ASYNC);
	at(sim, r, shown->events[i].at);
	to(sim, r, shown->events[i].to);
	if (!iret && pt->event_trace)
		vector(r, (enum sim_handler)shown->events[i].handler);
	if (shown->events[i].nests)
		w->truth[w->n - 1] = SIM_NESTED;
}

static void exited(struct sim *sim, const struct sim_vcpu *v, const struct sim_before *before,
		   const struct sim_exit *exit, bool shows_delivery)
{
	const struct sim_pt *pt = &sim->config.view.pt;
	const struct sim_guest *g = &v->sides[v->side].guest;
	struct reblock_record *r;

	/* What of an event's delivery is shown before it exits is not documented. */
	if (before->why == SIM_EXITED_DELIVERY && pt->event_trace && shows_delivery) {
		r = add(sim, v, REBLOCK_SAW_INTERRUPT);
		vector(r, sim_handler_of(exit->idt_vectoring));
		at(sim, r, before->rip);
	}
	r = add(sim, v, REBLOCK_SAW_EXIT);
	at(sim, r, before->rip);
	if (pt->event_trace) {
		r->presence |= REBLOCK_HAS_REASON | REBLOCK_HAS_QUALIFICATION;
		r->reason = exit->reason;
		r->qualification = exit->qualification;
	}
	if (pt->image && !sim_guest_in_smm(g)) {
		r->presence |= REBLOCK_HAS_MASKED;
		r->flags |= sim_guest_at_iret(g) ? REBLOCK_MASKED : 0;
	}
}

/* LOST witnesses from FROM on are not there, and a gap is. */
static void lose(struct sim *sim, const struct sim_vcpu *v, unsigned from, unsigned lost)
{
	struct sim_witnesses *w = &sim->witnesses;
	unsigned behind, n = w->n;
	/* It is made where there is room, at the end. */
	struct reblock_record gap = *add(sim, v, REBLOCK_SAW_GAP);

	from = from < n ? from : n;
	behind = lost < n - from ? n - from - lost : 0;
	memmove(&w->records[from + 1], &w->records[n - behind], behind * sizeof(w->records[0]));
	memmove(&w->truth[from + 1], &w->truth[n - behind], behind * sizeof(w->truth[0]));
	w->records[from] = gap;
	w->truth[from] = 0;
	w->n = from + 1 + behind;
}

/* The guest's instructions could not be followed to that IRET: a gap is only where one is seen next (pt/guest.c). */
static void miss_iret(struct sim *sim, unsigned i)
{
	struct sim_witnesses *w = &sim->witnesses;

	if (i + 1 < w->n && w->records[i + 1].error_code == REBLOCK_SAW_IRET) {
		struct reblock_record *r = &w->records[i];

		r->error_code = REBLOCK_SAW_GAP;
		r->rip = r->qualification = 0;
		r->flags = 0;
		r->presence = REBLOCK_HAS_ERROR_CODE;
		return;
	}
	w->n--;
	memmove(&w->records[i], &w->records[i + 1], (w->n - i) * sizeof(w->records[0]));
	memmove(&w->truth[i], &w->truth[i + 1], (w->n - i) * sizeof(w->truth[0]));
}

static void lose_fields(struct sim *sim, unsigned which)
{
	struct sim_witnesses *w = &sim->witnesses;

	for (unsigned i = 0; i < 4 && i < w->n; i++) {
		struct reblock_record *r = &w->records[i];

		if (!(which >> i & 1))
			continue;
		if (r->error_code == REBLOCK_SAW_IRET && !sim->config.view.pt.event_trace) {
			miss_iret(sim, i);
			return;
		}
		r->rip = 0;
		r->presence &= (uint16_t)~REBLOCK_HAS_RIP;
		/* Whether an IRET that leads nowhere has completed is not known, and an exit's is its qualification. */
		if (r->error_code == REBLOCK_SAW_INTERRUPT && (which & 8)) {
			r->qualification = 0;
			r->presence &= (uint16_t)~REBLOCK_HAS_QUALIFICATION;
		}
	}
}

void sim_witness_ran(struct sim *sim, const struct sim_vcpu *v, const struct sim_turn *turn,
		     const struct sim_before *before, const struct sim_exit *exit)
{
	const struct sim_view *view = &sim->config.view;
	const struct sim_side *s = &v->sides[v->side];
	const struct sim_shown *shown = s->guest.shown;
	enum sim_pt_misses misses = view->pt.lossy ? (enum sim_pt_misses)(turn->between >> 6) :
						     SIM_PT_MISSES_NOTHING;
	unsigned how = misses ? 0 : turn->mistake, from = 0;

	sim->witnesses.n = 0;
	if (before->why == SIM_EXITED_FAILED)
		return;
	if (misses == SIM_PT_MISSES_ALL) {
		/* Where not all exits are recorded, only a gap can say so. */
		if (!(turn->mistake & SAYS_NOTHING) || view->pt.alone || view->filtered ||
		    view->lost)
			(void)add(sim, v, REBLOCK_SAW_GAP);
		return;
	}
	if ((how & INJECTED_FIRST) && shown->injected)
		event(sim, v, shown, from++);
	at(sim, add(sim, v, REBLOCK_SAW_ENTRY), s->entry_rip);
	for (; from < shown->n; from++)
		event(sim, v, shown, from);
	exited(sim, v, before, exit, how & SHOWS_DELIVERY);
	if (misses == SIM_PT_MISSES_SOME)
		lose(sim, v, HOW(turn) & 3,
		     HOW(turn) >> 2 == 3 ? UINT32_MAX : 1 + (HOW(turn) >> 2));
	else if (misses == SIM_PT_MISSES_FIELDS)
		lose_fields(sim, HOW(turn));
}

void sim_witness_put(struct sim *sim)
{
	const struct sim_witnesses *w = &sim->witnesses;
	unsigned place = 0, behind;

	if (sim->config.view.pt.alone)
		sim->n = 0;
	/* A mask write that is recorded before its exit comes before what PT shows of the guest up to that. */
	while (place < sim->n && sim->seen[place].kind != REBLOCK_EXIT)
		place++;
	if (place == sim->n)
		place = 0;
	behind = sim->n - place;
	memmove(&sim->seen[place + w->n], &sim->seen[place], behind * sizeof(sim->seen[0]));
	memmove(&sim->whole[place + w->n], &sim->whole[place], behind * sizeof(sim->whole[0]));
	memmove(&sim->truth[place + w->n], &sim->truth[place], behind * sizeof(sim->truth[0]));
	memcpy(&sim->seen[place], w->records, w->n * sizeof(sim->seen[0]));
	memcpy(&sim->whole[place], w->records, w->n * sizeof(sim->whole[0]));
	memcpy(&sim->truth[place], w->truth, w->n * sizeof(sim->truth[0]));
	sim->n += w->n;
}
