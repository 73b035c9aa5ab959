/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "sim/sim_hypervisor.h"

#define NMI (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI | REBLOCK_VECTOR_NMI)

static bool has_virtual_nmis(const struct sim_processor *p)
{
	return (p->pin & REBLOCK_PIN_VIRTUAL_NMIS) != 0;
}

/* Bit 12, where this exit has it. */
static bool says_unblocked(const struct sim_processor *p, const struct sim_exit *exit)
{
	switch (exit->reason) {
	case REBLOCK_REASON_EXCEPTION_NMI:
		return sim_processor_reports(p, exit) &&
		       (exit->intr_info & REBLOCK_INTR_VECTOR) != REBLOCK_VECTOR_DF &&
		       (exit->intr_info & REBLOCK_NMI_UNBLOCKING);
	case REBLOCK_REASON_EPT_VIOLATION:
	case REBLOCK_REASON_PML_FULL:
	case REBLOCK_REASON_SPP:
	case REBLOCK_REASON_NOTIFY:
		return sim_processor_reports(p, exit) &&
		       (exit->qualification & REBLOCK_NMI_UNBLOCKING);
	default:
		return false;
	}
}

/* Out to user space and back; what is written is what was read. */
static void user_space(struct sim_processor *p, struct sim_random *random,
		       const struct sim_policy *policy, struct sim_handling *done)
{
	static const uint8_t reasons[] = { 2, 2, 6, 10 }; /* a port, MMIO, a signal */

	if (!sim_chance(random, policy->user_space))
		return;
	done->user_exit = true;
	done->user_reason = reasons[sim_below(random, sizeof(reasons))];
	if (!sim_chance(random, policy->events))
		return;
	done->events_write = done->mask_read = done->mask_write = true;
	done->masked = done->mask_written = p->blocking;
}

/* Whether an NMI may go in now. */
static bool nmi_may_enter(const struct sim_hypervisor *h, const struct sim_processor *p,
			  const struct sim_guest *g, struct sim_handling *done)
{
	/* Without virtual NMIs it keeps its own account of handlers. */
	if (!has_virtual_nmis(p))
		return g->depth == 0;
	if (h->believes)
		return false;
	done->blocked_read = true;
	done->blocked = p->blocking || p->sti;
	return !done->blocked;
}

static void inject_new(struct sim_hypervisor *h, const struct sim_processor *p,
		       const struct sim_guest *g, struct sim_random *random,
		       const struct sim_policy *policy, struct sim_handling *done)
{
	if ((p->pin & REBLOCK_PIN_NMI_EXITING) && sim_chance(random, policy->nmi))
		h->nmi_waits = true;
	if (sim_chance(random, policy->interrupt))
		h->interrupt_waits = true;
	if (!sim_guest_has_room(g))
		return;
	if (h->nmi_waits && !done->intr_info) {
		if (sim_chance(random, policy->careless) || nmi_may_enter(h, p, g, done)) {
			done->intr_info = NMI;
			h->nmi_waits = false;
		} else {
			done->wants.nmi_window = has_virtual_nmis(p) && !p->sti;
		}
	}
	if (h->interrupt_waits) {
		if (!done->intr_info && g->interrupts && !p->sti) {
			done->intr_info = REBLOCK_INTR_VALID | (0x30u + sim_below(random, 16));
			h->interrupt_waits = false;
		} else {
			done->wants.interrupt_window = true;
		}
	}
}

/* The event whose delivery was interrupted goes in again; its NMI blocking must not (rule 4). */
static void inject_again(struct sim_processor *p, const struct sim_exit *exit,
			 struct sim_handling *done)
{
	done->intr_info = exit->idt_vectoring;
	if ((exit->idt_vectoring & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_NMI &&
	    has_virtual_nmis(p))
		p->blocking = false;
}

/* A page fault that is the guest's own goes to it. Returns whether it does. */
static bool reflect(struct sim_random *random, const struct sim_policy *policy, enum sim_why why,
		    const struct sim_guest *g, const struct sim_exit *exit,
		    struct sim_handling *done)
{
	bool page_fault = exit->reason == REBLOCK_REASON_EXCEPTION_NMI &&
			  (why == SIM_EXITED_IRET || why == SIM_EXITED_ACCESS);

	if (why != SIM_EXITED_DOUBLE_FAULT &&
	    !(page_fault && sim_guest_has_room(g) && sim_chance(random, policy->reflect)))
		return false;
	done->intr_info = exit->intr_info & ~REBLOCK_NMI_UNBLOCKING;
	done->error_code = exit->error_code;
	return true;
}

void sim_hypervisor_handle(struct sim_hypervisor *h, struct sim_processor *p, struct sim_guest *g,
			   struct sim_random *random, const struct sim_policy *policy,
			   enum sim_why why, const struct sim_exit *exit, struct sim_handling *done)
{
	bool reflected, owes;

	memset(done, 0, sizeof(*done));
	h->believes = false;
	reflected = reflect(random, policy, why, g, exit, done);
	/* A reflected fault unblocks on bare metal too. */
	owes = g->unblocked && !reflected;
	if (says_unblocked(p, exit) && !reflected) {
		if (!sim_chance(random, policy->miss))
			p->blocking = true;
		else
			h->believes = sim_below(random, 2);
	}
	switch (why) {
	case SIM_EXITED_FOR:
		sim_guest_skip(g);
		p->sti = false;
		break;
	case SIM_EXITED_DELIVERY:
		inject_again(p, exit, done);
		break;
	case SIM_EXITED_TASK_IRET:
		sim_guest_task_returned(g);
		break;
	case SIM_EXITED_TASK_GATE:
		/* The task runs with NMIs blocked, as the exit has left them. */
		done->mask_write = done->mask_written = true;
		sim_guest_nmi_task(g);
		break;
	default:
		break;
	}
	user_space(p, random, policy, done);
	inject_new(h, p, g, random, policy, done);
	if (owes && !p->blocking) {
		sim_guest_opened(g);
		done->missed = says_unblocked(p, exit);
		done->silently = !done->missed;
	}
	g->delivering = done->intr_info;
}
