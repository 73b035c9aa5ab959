/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "sim/sim_work.h"

#define NMI (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI | REBLOCK_VECTOR_NMI)
#define EVENT (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE | REBLOCK_INTR_VECTOR | 0x800u)
#define EXEC 0xb5a06dfau
#define INTERRUPT_WINDOW (1u << 2)

void sim_hypervisor_start(struct sim_hypervisor *h, const struct reblock_policy *policy,
			  bool caches)
{
	memset(h, 0, sizeof(*h));
	h->policy = policy ? policy : &sim_own_policy;
	h->exec = EXEC;
	if (h->policy->reset)
		h->policy->reset(h->state, 0);
	if (h->policy == &sim_own_policy)
		((struct sim_own *)h->state)->caches = caches;
}

bool sim_hypervisor_known_unmasked(const struct sim_hypervisor *h)
{
	return h->policy == &sim_own_policy &&
	       ((const struct sim_own *)(const void *)h->state)->known_unmasked;
}

/* What was done at other exits is left where it lies. */
void sim_handling_start(struct sim_handling *done, const struct sim_processor *p)
{
	memset(done, 0, offsetof(struct sim_handling, operations));
	done->recovered = sim_processor_interruptibility(p);
}

static bool has_virtual_nmis(const struct sim_work *w)
{
	return (w->p->pin & REBLOCK_PIN_VIRTUAL_NMIS) != 0;
}

static void load(struct sim_work *w)
{
	w->vmcs = (struct reblock_vmcs){
		.known = REBLOCK_VMCS_INTR_INFO | REBLOCK_VMCS_ERROR_CODE |
			 REBLOCK_VMCS_QUALIFICATION | REBLOCK_VMCS_RIP | REBLOCK_VMCS_EXEC |
			 REBLOCK_VMCS_INTERRUPTIBILITY,
		.reason = w->exit->reason,
		.qualification = w->exit->qualification,
		.rip = w->g->rip,
		.intr_info = w->exit->intr_info,
		.error_code = w->exit->error_code,
		.idt_vectoring = w->exit->idt_vectoring,
		.interruptibility = sim_processor_interruptibility(w->p),
		.pin = w->p->pin,
		.exec = w->h->exec & ~(REBLOCK_EXEC_NMI_WINDOW | INTERRUPT_WINDOW),
	};
}

/* What the policy does at the exit; where it has no word on such, the sim's own does it right. */
static void at_exit(struct sim_work *w)
{
	const struct reblock_policy *policy = w->h->policy;
	unsigned char kept[REBLOCK_POLICY_STATE_MAX];
	bool own = policy == &sim_own_policy; /* it has a word on everything */
	uint32_t answers;

	if (own)
		((struct sim_own *)w->h->state)->mistake = (uint8_t)w->mistake;
	else
		memcpy(kept, w->h->state, policy->state_size);
	answers = policy->exit(w->h->state, &w->vmcs);
	if (policy->handle)
		answers |= policy->handle(w->h->state, &w->vmcs);
	if (!own && (answers & (REBLOCK_POLICY_NEVER | REBLOCK_POLICY_UNKNOWN))) {
		memcpy(w->h->state, kept, policy->state_size);
		load(w);
		w->done->stands_in = true;
		answers = sim_own_policy.exit(&w->own, &w->vmcs);
	}
	w->done->not_serviced = (answers & REBLOCK_POLICY_NOT_SERVICED) != 0;
	w->done->recovered = w->vmcs.interruptibility;
}

/* Whether an NMI may go in now. */
static bool nmi_may_enter(struct sim_work *w)
{
	struct sim_operation *o;

	if (w->vmcs.interruptibility & SHADOW)
		return false;
	if (w->mistake == SIM_CARELESS)
		return true;
	/* Without virtual NMIs it keeps its own account of handlers. */
	if (!has_virtual_nmis(w))
		return w->g->depth == 0;
	if (w->mistake == SIM_MISSES_BELIEVES && sim_work_owes(w))
		return false;
	if (w->done->n < SIM_OPERATIONS) {
		o = sim_work_operation(w, REBLOCK_BLOCKED_READ);
		o->masked = !w->h->nested && sim_work_blocking(w);
	}
	return !sim_work_blocking(w);
}

/* What comes for the guest by itself. */
static void comes(struct sim_work *w)
{
	static const uint16_t exceptions[4] = { 0xb0d, 0xb0e, 0x312,
						0x306 }; /* #GP, #PF, #MC, #UD */
	unsigned what = w->turn->inject & 7;
	unsigned vector = w->turn->inject >> 4;
	struct sim_handling *done = w->done;
	bool nmi = what == SIM_COMES_NMI || what == SIM_COMES_NMI_AGAIN || what == SIM_COMES_BOTH;

	if (nmi && (w->p->pin & REBLOCK_PIN_NMI_EXITING))
		w->h->nmi_waits = true;
	if (what == SIM_COMES_INTERRUPT || what == SIM_COMES_BOTH)
		w->h->interrupt_waits = true;
	if (!sim_guest_has_room(w->g) || done->fresh)
		return;
	if (!done->event && what == SIM_COMES_EXCEPTION) {
		done->event = REBLOCK_INTR_VALID | exceptions[vector & 3];
		if (done->event == (w->exit->intr_info & EVENT)) {
			done->how = REBLOCK_POLICY_REFLECT;
			done->reflected = true;
		}
	}
	if (!done->event && !sim_guest_at_iret(w->g)) {
		if (what == SIM_COMES_BREAKPOINT)
			done->event = REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_SOFT_EXCEPTION | 3;
		else if (what == SIM_COMES_SOFTWARE)
			done->event = REBLOCK_INTR_VALID |
				      (vector & 1 ? REBLOCK_INTR_TYPE_OTHER :
						    REBLOCK_INTR_TYPE_SOFT_INTERRUPT | 0x80);
	}
	if (w->h->nmi_waits && !done->event) {
		if (nmi_may_enter(w)) {
			done->event = NMI;
			w->h->nmi_waits = false;
		}
	}
	if (w->h->interrupt_waits && !done->event && w->g->interrupts &&
	    !(w->vmcs.interruptibility & SHADOW)) {
		done->event = REBLOCK_INTR_VALID | (0x30u + vector);
		w->h->interrupt_waits = false;
	}
	if (w->h->nmi_waits && has_virtual_nmis(w))
		w->vmcs.exec |= REBLOCK_EXEC_NMI_WINDOW;
	if (w->h->interrupt_waits)
		w->vmcs.exec |= INTERRUPT_WINDOW;
}

/* An event that was on its way goes in again, an exception goes to the guest. */
static void again(struct sim_work *w)
{
	struct sim_handling *done = w->done;
	bool exception = (w->exit->intr_info & REBLOCK_INTR_VALID) &&
			 (w->exit->intr_info & REBLOCK_INTR_TYPE) != REBLOCK_INTR_TYPE_NMI;

	if (w->why == SIM_EXITED_RSM)
		return;
	if (w->why == SIM_EXITED_DELIVERY) {
		done->event = w->exit->idt_vectoring & EVENT;
		done->how = REBLOCK_POLICY_AGAIN;
	} else if (exception && sim_guest_has_room(w->g) &&
		   (w->why == SIM_EXITED_DOUBLE_FAULT || w->why == SIM_EXITED_EXCEPTION ||
		    (w->turn->inject & SIM_TO_GUEST))) {
		done->event = w->exit->intr_info & EVENT;
		done->how = REBLOCK_POLICY_REFLECT;
		done->reflected = true;
	}
}

static void inject(struct sim_work *w)
{
	const struct reblock_policy *policy = w->h->policy;
	struct sim_handling *done = w->done;
	struct reblock_vmcs before;
	uint32_t answers = 0;

	if (!done->event)
		return;
	before = w->vmcs;
	w->vmcs.entry_error_code = w->exit->error_code;
	if (sim_work_stands_in(w)) {
		answers = REBLOCK_POLICY_UNKNOWN;
	} else if (policy->inject) {
		answers = policy->inject(w->h->state, &w->vmcs, done->event, done->how);
	} else {
		w->vmcs.entry_intr_info = done->event;
	}
	if (answers & (REBLOCK_POLICY_NEVER | REBLOCK_POLICY_UNKNOWN)) {
		w->vmcs = before;
		done->stands_in = true;
		sim_own_policy.inject(&w->own, &w->vmcs, done->event, done->how);
	}
	done->intr_info = w->vmcs.entry_intr_info;
	done->error_code = done->intr_info & 0x800 ? w->vmcs.entry_error_code : 0;
}

void sim_hypervisor_handle(struct sim_hypervisor *h, struct sim_processor *p, struct sim_guest *g,
			   const struct sim_turn *turn, enum sim_mistake mistake, enum sim_why why,
			   const struct sim_exit *exit, struct sim_handling *done)
{
	struct sim_work w = { .h = h,
			      .p = p,
			      .g = g,
			      .turn = turn,
			      .exit = exit,
			      .done = done,
			      .mistake = mistake,
			      .why = why };
	bool was;

	sim_handling_start(done, p);
	load(&w);
	if (why != SIM_EXITED_FAILED)
		at_exit(&w);
	again(&w);
	was = sim_work_blocking(&w);
	switch (why) {
	case SIM_EXITED_FOR:
		sim_guest_skip(g);
		w.vmcs.interruptibility &= ~SHADOW;
		break;
	case SIM_EXITED_RSM:
		sim_work_rsm(&w);
		break;
	case SIM_EXITED_TASK_IRET:
		sim_guest_task_returned(g);
		break;
	case SIM_EXITED_TASK_GATE:
		sim_guest_task_entered(g);
		break;
	default:
		break;
	}
	sim_work_between(&w);
	done->changed = done->written && sim_work_blocking(&w) != was;
	comes(&w);
	inject(&w);
	if (h->policy->enter && !done->stands_in)
		h->policy->enter(h->state, &w.vmcs);
	sim_processor_set_interruptibility(p, w.vmcs.interruptibility);
	h->exec = w.vmcs.exec;
	done->wants.nmi_window = (w.vmcs.exec & REBLOCK_EXEC_NMI_WINDOW) != 0;
	done->wants.interrupt_window = (w.vmcs.exec & INTERRUPT_WINDOW) != 0;
	g->delivering = done->intr_info & EVENT;
	if (!(g->delivering & REBLOCK_INTR_VALID))
		g->delivering = 0;
}
