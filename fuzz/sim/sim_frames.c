/* SPDX-License-Identifier: BSD-2-Clause */
/* The handlers on a guest's stack. */
#include <string.h>
#include "sim/sim_frames.h"

static const struct {
	uint64_t begins, iret;
} handlers[SIM_HANDLERS] = {
	[SIM_NMI_HANDLER] = { 0xffffffff81a00500u, 0xffffffff81a017c7u },
	[SIM_INTERRUPT_HANDLER] = { 0xffffffff81a02000u, 0xffffffff81a02fa7u },
	[SIM_FAULT_HANDLER] = { 0xffffffff81a03000u, 0xffffffff81a03e17u },
	[SIM_SMM_HANDLER] = { 0x38000u, 0x3ffa8u },
};

void sim_guest_start(struct sim_guest *g, unsigned kind)
{
	struct sim_shown *shown = g->shown;

	memset(g, 0, sizeof(*g));
	g->shown = shown;
	if (shown)
		shown->in_nmi = false;
	g->rip = CODE;
	g->interrupts = true;
	g->kind = (uint8_t)kind;
}

static void show(struct sim_guest *g, bool iret, enum sim_handler handler, uint64_t at, uint64_t to)
{
	struct sim_shown *shown = g->shown;
	bool nmi = !iret && handler == SIM_NMI_HANDLER;

	if (!shown)
		return;
	if (shown->n < SIM_SHOWN_MOST) {
		shown->events[shown->n].at = at;
		shown->events[shown->n].to = to;
		shown->events[shown->n].handler = (uint8_t)handler;
		shown->events[shown->n].iret = iret;
		shown->events[shown->n++].nests = nmi && shown->in_nmi;
	}
	/* A fault that comes in at an IRET is that one's, or the VMM's own: the IRET has unblocked. */
	if (iret || handler == SIM_SMM_HANDLER ||
	    (handler == SIM_FAULT_HANDLER && sim_guest_at_iret(g)))
		shown->in_nmi = false;
	else if (nmi)
		shown->in_nmi = true;
}

void sim_frame_push(struct sim_guest *g, enum sim_handler handler)
{
	struct sim_frame *frame = &g->frames[g->depth];

	show(g, false, handler, g->rip, handlers[handler].begins);
	g->depth++;

	frame->returns_to = g->rip;
	frame->handler = (uint8_t)handler;
	frame->exits = 0;
	frame->open = false;
	g->ran = true;
	g->rip = handlers[handler].begins;
	if (handler == SIM_INTERRUPT_HANDLER || handler == SIM_SMM_HANDLER)
		g->interrupts = false;
	else if (handler == SIM_NMI_HANDLER)
		g->interrupts = (g->kind & SIM_GUEST_NMI_SETS_IF) != 0;
}

void sim_frame_pop(struct sim_guest *g)
{
	show(g, true, SIM_HANDLERS, sim_frame_iret(g), g->frames[g->depth - 1].returns_to);
	g->rip = g->frames[--g->depth].returns_to;
	g->interrupts = !g->depth || g->frames[g->depth - 1].handler == SIM_FAULT_HANDLER ||
			(g->frames[g->depth - 1].handler == SIM_NMI_HANDLER &&
			 (g->kind & SIM_GUEST_NMI_SETS_IF));
}

uint64_t sim_frame_iret(const struct sim_guest *g)
{
	return handlers[(g->kind & SIM_GUEST_ONE_IRET) && !sim_guest_in_smm(g) ?
				SIM_FAULT_HANDLER :
				g->frames[g->depth - 1].handler]
		.iret;
}

void sim_guest_skip(struct sim_guest *g)
{
	g->rip += 2;
}

void sim_guest_task_returned(struct sim_guest *g)
{
	sim_frame_pop(g);
}

enum sim_handler sim_handler_of(uint32_t intr_info)
{
	switch (intr_info & REBLOCK_INTR_TYPE) {
	case REBLOCK_INTR_TYPE_NMI:
		return SIM_NMI_HANDLER;
	case REBLOCK_INTR_TYPE_EXTERNAL:
		return SIM_INTERRUPT_HANDLER;
	default:
		return SIM_FAULT_HANDLER;
	}
}

void sim_guest_task_entered(struct sim_guest *g)
{
	sim_frame_push(g, sim_handler_of(g->delivering));
	g->delivering = 0;
}

void sim_guest_opened(struct sim_guest *g)
{
	if (g->depth)
		g->frames[g->depth - 1].open = true;
}

void sim_guest_smi(struct sim_guest *g, bool mask, bool due)
{
	sim_frame_push(g, SIM_SMM_HANDLER);
	g->frames[g->depth - 1].saved_mask = mask;
	g->frames[g->depth - 1].was_due = due;
}

struct sim_frame sim_guest_rsm(struct sim_guest *g)
{
	struct sim_frame frame = g->frames[g->depth - 1];

	sim_frame_pop(g);
	return frame;
}

bool sim_guest_in_smm(const struct sim_guest *g)
{
	return g->depth && g->frames[g->depth - 1].handler == SIM_SMM_HANDLER;
}

bool sim_guest_has_room(const struct sim_guest *g)
{
	return g->depth + 2 < SIM_FRAMES;
}

bool sim_guest_is_open(const struct sim_guest *g)
{
	for (unsigned i = 0; i < g->depth; i++)
		if (g->frames[i].open)
			return true;
	return false;
}

bool sim_guest_at_iret(const struct sim_guest *g)
{
	return g->depth && g->rip == sim_frame_iret(g) && !sim_guest_in_smm(g);
}

bool sim_guest_returns_to_itself(const struct sim_guest *g)
{
	return sim_guest_at_iret(g) && g->frames[g->depth - 1].returns_to == g->rip;
}

bool sim_frame_is_code_of(enum sim_handler handler, uint64_t rip)
{
	return rip >= handlers[handler].begins && rip <= handlers[handler].iret;
}

uint64_t sim_frame_begin(const struct sim_guest *g)
{
	return handlers[g->frames[g->depth - 1].handler].begins;
}
