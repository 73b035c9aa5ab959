/* SPDX-License-Identifier: BSD-2-Clause */
/* What others do to a vCPU between its exit and its entry: user space, a migration, SMM, a reset. */
#include <string.h>
#include "sim/sim_work.h"

struct sim_operation *sim_work_operation(struct sim_work *w, enum reblock_kind kind)
{
	struct sim_operation *o = &w->done->operations[w->done->n++];

	*o = (struct sim_operation){ .kind = (uint8_t)kind };
	return o;
}

bool sim_work_owes(const struct sim_work *w)
{
	return w->g->unblocked && w->exit->defined && w->exit->bit12 && !w->done->reflected;
}

/* What the policy reports as its mask; -1 where it does not say. */
static int mask_of(struct sim_work *w)
{
	if (sim_work_stands_in(w))
		return sim_own_policy.get_nmi_mask(&w->own, &w->vmcs);
	return w->h->policy->get_nmi_mask ? w->h->policy->get_nmi_mask(w->h->state, &w->vmcs) : -1;
}

/* Somebody asks for the mask. Returns what they are told; where that is nothing, what blocking is. */
static bool read_mask(struct sim_work *w)
{
	int mask = mask_of(w);
	struct sim_operation *o;

	if (mask < 0)
		return sim_work_blocking(w);
	o = sim_work_operation(w, REBLOCK_MASK_READ);
	o->masked = mask;
	if (!w->done->written)
		o->stale = sim_work_owes(w) ? !mask : mask != sim_work_blocking(w);
	return mask;
}

static void set_mask(struct sim_work *w, bool masked)
{
	if (w->h->policy->set_nmi_mask)
		w->h->policy->set_nmi_mask(w->h->state, &w->vmcs, masked);
	else if (masked)
		w->vmcs.interruptibility |= REBLOCK_BLOCKING_NMI;
	else
		w->vmcs.interruptibility &= ~REBLOCK_BLOCKING_NMI;
	w->done->written = true;
}

static void write_mask(struct sim_work *w, bool masked)
{
	sim_work_operation(w, REBLOCK_MASK_WRITE)->masked = masked;
	set_mask(w, masked);
}

/* KVM_SET_VCPU_EVENTS, which sets the mask as a part of it. */
static void write_events(struct sim_work *w, bool masked)
{
	struct sim_operation *o = sim_work_operation(w, REBLOCK_EVENTS_WRITE);

	o->masked = masked;
	o->pending = w->h->nmi_waits;
	o->injected = sim_is_nmi(w->done->event);
	write_mask(w, masked);
}

static void user_exit(struct sim_work *w, bool failed)
{
	static const uint8_t reasons[4] = { 2, 6, 10,
					    7 }; /* a port, MMIO, a signal, an interrupt window */
	struct sim_operation *o = sim_work_operation(w, REBLOCK_USER_EXIT);

	o->has_reason = !failed;
	o->reason = failed ? 0 : reasons[w->turn->between >> 4 & 3];
}

/* On the other host all that the hypervisor knew is gone, but for what was read here. */
static void migrate(struct sim_work *w)
{
	bool masked;

	user_exit(w, false);
	masked = read_mask(w);
	if (w->h->policy->state_size && w->h->policy != &sim_own_policy)
		memset(w->h->state, 0, w->h->policy->state_size);
	if (w->h->policy->reset)
		w->h->policy->reset(w->h->state, 0);
	w->vmcs.interruptibility &= ~REBLOCK_BLOCKING_NMI;
	write_events(w, masked != (w->turn->between >> 4 & 1));
	w->done->moved = true;
}

static void reset(struct sim_work *w)
{
	uint8_t kind = w->g->kind;

	user_exit(w, false);
	write_events(w, false);
	sim_guest_start(w->g, kind);
	w->g->rip = 0xfff0;
	w->vmcs.interruptibility = 0;
	w->done->event = 0;
	w->done->reflected = false;
	w->done->fresh = true;
}

/* The mask is saved and set; events that wait to go in again do first. */
static void smi(struct sim_work *w)
{
	bool due = sim_work_blocking(w) || sim_work_owes(w), masked;

	if (w->done->event || !sim_guest_has_room(w->g) || sim_guest_in_smm(w->g))
		return;
	masked = read_mask(w);
	if (!masked)
		write_mask(w, true);
	sim_guest_smi(w->g, masked, due);
	w->done->fresh = true;
	w->vmcs.interruptibility &= ~SHADOW;
}

void sim_work_rsm(struct sim_work *w)
{
	struct sim_frame frame = sim_guest_rsm(w->g);

	if (frame.saved_mask)
		return;
	write_mask(w, false);
	if (frame.was_due)
		sim_guest_opened(w->g);
}

void sim_work_between(struct sim_work *w)
{
	bool masked;

	switch (w->turn->between & 15) {
	case SIM_BETWEEN_USER:
		user_exit(w, false);
		break;
	case SIM_BETWEEN_USER_FAILED:
		user_exit(w, true);
		break;
	case SIM_BETWEEN_READ:
		(void)read_mask(w);
		break;
	case SIM_BETWEEN_USER_READ:
		user_exit(w, false);
		(void)read_mask(w);
		break;
	case SIM_BETWEEN_WRITE_BACK:
	case SIM_BETWEEN_WRITE_OTHER:
		user_exit(w, false);
		masked = read_mask(w);
		write_events(w, masked != ((w->turn->between & 15) == SIM_BETWEEN_WRITE_OTHER));
		break;
	case SIM_BETWEEN_MIGRATED:
		migrate(w);
		break;
	case SIM_BETWEEN_SYNC:
		user_exit(w, false);
		write_events(w, w->turn->between >> 4 & 1);
		break;
	case SIM_BETWEEN_LOOK:
		/* As KVM's: for a guest of a guest it tells nothing. */
		sim_work_operation(w, REBLOCK_BLOCKED_READ)->masked =
			!w->h->nested &&
			(w->vmcs.interruptibility & (REBLOCK_BLOCKING_NMI | SHADOW));
		break;
	case SIM_BETWEEN_SMM:
		smi(w);
		break;
	case SIM_BETWEEN_RESET:
		reset(w);
		break;
	case SIM_BETWEEN_MASK:
		write_mask(w, sim_work_blocking(w));
		break;
	default:
		break;
	}
}
