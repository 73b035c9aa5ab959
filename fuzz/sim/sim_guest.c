/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "sim/sim_guest.h"

#define CODE 0xffffffff81000000u
#define STEPS 24 /* without an exit; then the host's timer interrupts */

static const struct {
	uint64_t begins, iret;
} handlers[SIM_HANDLERS] = {
	[SIM_NMI_HANDLER] = { 0xffffffff81a00500u, 0xffffffff81a017c7u },
	[SIM_INTERRUPT_HANDLER] = { 0xffffffff81a02000u, 0xffffffff81a02fa7u },
	[SIM_FAULT_HANDLER] = { 0xffffffff81a03000u, 0xffffffff81a03e17u },
};

/* Exits for instructions: CPUID, HLT, RDPMC, RDTSC, VMCALL, a control register, a port, RDMSR, WRMSR. */
static const uint8_t instructions[] = { 10, 12, 12, 15, 16, 18, 28, 30, 30, 30, 31, 32, 32, 32 };
/* Exits between two instructions: host interrupts and the preemption timer. */
static const uint8_t asynchronous[] = { 1, 1, 1, 52 };

static uint64_t code(struct sim_random *random)
{
	return CODE + 16u * sim_below(random, 65536);
}

void sim_guest_start(struct sim_guest *g, struct sim_random *random)
{
	memset(g, 0, sizeof(*g));
	g->rip = code(random);
	g->interrupts = true;
	g->nmi_enables_interrupts = sim_below(random, 8) == 7;
	g->one_iret = sim_below(random, 8) == 7;
}

static void push(struct sim_guest *g, enum sim_handler handler)
{
	struct sim_frame *frame = &g->frames[g->depth++];

	frame->returns_to = g->rip;
	frame->handler = (uint8_t)handler;
	frame->open = false;
	g->rip = handlers[handler].begins;
	if (handler == SIM_INTERRUPT_HANDLER)
		g->interrupts = false;
	else if (handler == SIM_NMI_HANDLER)
		g->interrupts = g->nmi_enables_interrupts;
}

static void pop(struct sim_guest *g)
{
	g->rip = g->frames[--g->depth].returns_to;
	g->interrupts =
		!g->depth || g->frames[g->depth - 1].handler == SIM_FAULT_HANDLER ||
		(g->frames[g->depth - 1].handler == SIM_NMI_HANDLER && g->nmi_enables_interrupts);
}

/* Where the innermost handler ends. */
static uint64_t iret_of(const struct sim_guest *g)
{
	return handlers[g->one_iret ? SIM_FAULT_HANDLER : g->frames[g->depth - 1].handler].iret;
}

void sim_guest_skip(struct sim_guest *g)
{
	g->rip += 2;
}

void sim_guest_task_returned(struct sim_guest *g)
{
	pop(g);
}

void sim_guest_nmi_task(struct sim_guest *g)
{
	push(g, SIM_NMI_HANDLER);
	g->delivering = 0;
}

void sim_guest_opened(struct sim_guest *g)
{
	g->frames[g->depth - 1].open = true;
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

static void exits_with(struct sim_exit *exit, uint32_t reason, uint64_t qualification)
{
	memset(exit, 0, sizeof(*exit));
	exit->reason = reason;
	exit->qualification = qualification;
}

static enum sim_handler handler_of(uint32_t intr_info)
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

/* The event that the entry injected. Returns true if that exits. */
static bool deliver(struct sim_guest *g, struct sim_processor *p, struct sim_random *random,
		    const struct sim_habits *habits, struct sim_exit *exit, enum sim_why *why)
{
	enum sim_handler handler = handler_of(g->delivering);

	if (handler == SIM_NMI_HANDLER && sim_chance(random, habits->task_switch)) {
		exits_with(exit, REBLOCK_REASON_TASK_SWITCH, 3u << 30 | 0x40);
		exit->idt_vectoring = g->delivering;
		sim_processor_delivered(p, g->delivering);
		*why = SIM_EXITED_TASK_GATE;
		return true;
	}
	if (sim_chance(random, habits->delivery_exits)) {
		static const uint8_t ways[] = {
			SIM_EPT_VIOLATION, SIM_EPT_VIOLATION, SIM_PML_FULL,
			SIM_SPP,           SIM_NOTIFY,        SIM_PAGE_FAULT
		};

		sim_processor_access_exit(p, random, ways[sim_below(random, sizeof(ways))], false,
					  g->delivering, exit);
		*why = SIM_EXITED_DELIVERY;
		return true;
	}
	sim_processor_delivered(p, g->delivering);
	push(g, handler);
	g->delivering = 0;
	return false;
}

/* The IRET that ends the innermost handler. Returns true if it exits. */
static bool iret(struct sim_guest *g, struct sim_processor *p, struct sim_random *random,
		 const struct sim_habits *habits, struct sim_exit *exit, enum sim_why *why)
{
	bool unblocked = sim_processor_iret(p);

	g->rip = iret_of(g);
	if (sim_chance(random, habits->task_switch)) {
		exits_with(exit, REBLOCK_REASON_TASK_SWITCH, 1u << 30 | 0x28);
		*why = SIM_EXITED_TASK_IRET;
		return true;
	}
	if (sim_chance(random, habits->iret_exits)) {
		static const uint8_t ways[] = {
			SIM_EPT_VIOLATION, SIM_EPT_VIOLATION, SIM_EPT_VIOLATION, SIM_PAGE_FAULT,
			SIM_PAGE_FAULT,    SIM_PML_FULL,      SIM_PML_FULL,      SIM_SPP,
			SIM_NOTIFY,        SIM_APIC_ACCESS,   SIM_EPT_MISCONFIG
		};

		/* The fault of the IRET is the guest's own, and its delivery faults. */
		if (sim_below(random, 64) == 63) {
			sim_processor_double_fault(random, exit);
			*why = SIM_EXITED_DOUBLE_FAULT;
			return true;
		}
		g->unblocked = unblocked;
		sim_processor_access_exit(p, random, ways[sim_below(random, sizeof(ways))],
					  unblocked, 0, exit);
		*why = SIM_EXITED_IRET;
		return true;
	}
	pop(g);
	return false;
}

/* Whether the next instruction is an IRET that has begun before. */
static bool at_iret(const struct sim_guest *g)
{
	return g->depth && g->rip == iret_of(g);
}

bool sim_guest_returns_to_itself(const struct sim_guest *g)
{
	return at_iret(g) && g->frames[g->depth - 1].returns_to == g->rip;
}

/* An exit that has nothing to do with events. */
static enum sim_why ordinary(struct sim_guest *g, struct sim_processor *p,
			     struct sim_random *random, struct sim_exit *exit)
{
	unsigned choice = sim_below(random, 8);

	if (choice < 2) {
		exits_with(exit, asynchronous[sim_below(random, sizeof(asynchronous))], 0);
		return SIM_EXITED_BETWEEN;
	}
	if (choice < 6) {
		exits_with(exit, instructions[sim_below(random, sizeof(instructions))], 0);
		if (exit->reason == 30)
			exit->qualification = 0x3fd0000u | 8u * sim_below(random, 2);
		g->rip = g->depth ? handlers[g->frames[g->depth - 1].handler].begins + 0x40 :
				    code(random);
		p->sti = exit->reason == 12 && g->interrupts; /* STI; HLT */
		return SIM_EXITED_FOR;
	}
	p->sti = g->interrupts && sim_below(random, 16) == 15;
	if (sim_below(random, 4) == 0) {
		exits_with(exit, REBLOCK_REASON_EPT_MISCONFIG, 0);
		return SIM_EXITED_FOR;
	}
	sim_processor_access_exit(p, random, choice == 6 ? SIM_EPT_VIOLATION : SIM_PAGE_FAULT,
				  false, 0, exit);
	return SIM_EXITED_ACCESS;
}

enum sim_why sim_guest_run(struct sim_guest *g, struct sim_processor *p, struct sim_random *random,
			   const struct sim_habits *habits, const struct sim_wants *wants,
			   struct sim_exit *exit)
{
	enum sim_why why;

	g->unblocked = false;
	if ((g->delivering & REBLOCK_INTR_VALID) && deliver(g, p, random, habits, exit, &why))
		return why;
	for (unsigned steps = 0; steps < STEPS; steps++) {
		unsigned choice;

		if (wants->nmi_window && !p->blocking && !p->sti) {
			exits_with(exit, REBLOCK_REASON_NMI_WINDOW, 0); /* rule 1.10 */
			return SIM_EXITED_BETWEEN;
		}
		if (wants->interrupt_window && g->interrupts && !p->sti) {
			exits_with(exit, REBLOCK_REASON_INTERRUPT_WINDOW, 0);
			return SIM_EXITED_BETWEEN;
		}
		p->sti = false;
		if (!(p->pin & REBLOCK_PIN_NMI_EXITING) && !p->blocking && sim_guest_has_room(g) &&
		    sim_chance(random, habits->nmi)) {
			sim_processor_delivered(p, REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI);
			push(g, SIM_NMI_HANDLER);
			continue;
		}
		choice = sim_below(random, 4);
		if (at_iret(g) && choice == 3) {
			exits_with(exit, REBLOCK_REASON_EXTERNAL_INTERRUPT, 0);
			return SIM_EXITED_BETWEEN;
		}
		if (g->depth && (choice || at_iret(g))) {
			if (iret(g, p, random, habits, exit, &why))
				return why;
		} else if (g->depth < SIM_FRAMES - 4 && sim_chance(random, habits->fault)) {
			push(g, SIM_FAULT_HANDLER);
		} else {
			return ordinary(g, p, random, exit);
		}
	}
	exits_with(exit, REBLOCK_REASON_EXTERNAL_INTERRUPT, 0);
	return SIM_EXITED_BETWEEN;
}
