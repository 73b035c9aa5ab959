/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/sim_frames.h"

/* Bits of the exit qualification of an EPT violation. */
#define EPT_READ (1u << 0)
#define EPT_WRITE (1u << 1)
#define EPT_FETCH (1u << 2)
#define BODY 0x40u         /* of a handler, from its begin */
#define HOST_AT_IRET 0x80u /* in the turn's exit: it comes right at the innermost handler's IRET */

/* The IRET that ends the innermost handler runs. */
static void return_from(struct sim_guest *g, struct sim_processor *p)
{
	(void)sim_processor_iret(p);
	sim_processor_ran(p);
	sim_frame_pop(g);
	g->ran = true;
}

/* The event that the entry injected. Returns true if that exits. */
static bool deliver(struct sim_guest *g, struct sim_processor *p, const struct sim_turn *turn,
		    struct sim_exit *exit, enum sim_why *why)
{
	static const uint8_t ways[16] = { SIM_EPT_VIOLATION, SIM_PML_FULL,      SIM_PAGE_FAULT,
					  SIM_SPP,           SIM_NOTIFY,        SIM_APIC_ACCESS,
					  SIM_EPT_MISCONFIG, SIM_EPT_VIOLATION, SIM_EPT_VIOLATION,
					  SIM_PML_FULL,      SIM_PAGE_FAULT,    SIM_SPP,
					  SIM_NOTIFY,        SIM_NOTIFY,        SIM_EPT_VIOLATION,
					  SIM_PML_FULL };

	if ((g->delivering & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_OTHER) {
		sim_processor_exit(exit, 37, 0, 0); /* a pending MTF VM exit */
		*why = SIM_EXITED_BETWEEN;
		return true;
	}
	switch (turn->exit & 15) {
	case SIM_CLASS_GATE:
		sim_processor_exit(exit, REBLOCK_REASON_TASK_SWITCH, 3u << 30 | 0x40, 0);
		exit->idt_vectoring = g->delivering;
		sim_processor_delivered(p, g->delivering);
		*why = SIM_EXITED_TASK_GATE;
		return true;
	case SIM_CLASS_DELIVERY:
		sim_processor_access_exit(p, (enum sim_access)ways[turn->exit >> 4], turn->detail,
					  false, g->delivering, exit);
		*why = SIM_EXITED_DELIVERY;
		return true;
	default:
		sim_processor_delivered(p, g->delivering);
		sim_frame_push(g, sim_handler_of(g->delivering));
		g->delivering = 0;
		if (g->shown)
			g->shown->injected = true;
		return false;
	}
}

/* An exit that is asked for as soon as it can be. */
static bool window(const struct sim_guest *g, const struct sim_processor *p,
		   const struct sim_wants *wants, struct sim_exit *exit)
{
	if (wants->nmi_window && sim_processor_nmi_window(p))
		sim_processor_exit(exit, REBLOCK_REASON_NMI_WINDOW, 0, 0);
	else if (wants->interrupt_window && g->interrupts && !p->sti && !p->mov_ss)
		sim_processor_exit(exit, REBLOCK_REASON_INTERRUPT_WINDOW, 0, 0);
	else
		return false;
	return true;
}

static void step(struct sim_guest *g, struct sim_processor *p, enum sim_step what)
{
	switch (what) {
	case SIM_STEP_IRET:
		if (g->depth && !sim_guest_in_smm(g))
			return_from(g, p);
		break;
	case SIM_STEP_FAULT:
		/* An IRET that is to run again runs before other code does. */
		if (sim_guest_has_room(g) && !sim_guest_at_iret(g)) {
			sim_processor_ran(p);
			sim_frame_push(g, SIM_FAULT_HANDLER);
		}
		break;
	case SIM_STEP_EVENT:
		if (!sim_guest_has_room(g) || p->sti || p->mov_ss)
			break;
		if (!(p->pin & REBLOCK_PIN_NMI_EXITING) && !p->blocking) {
			g->nested |= sim_guest_is_open(g);
			sim_processor_delivered(p, REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI);
			sim_frame_push(g, SIM_NMI_HANDLER);
		} else if ((p->pin & REBLOCK_PIN_POSTED_INTERRUPTS) && g->interrupts) {
			sim_processor_delivered(p, REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_EXTERNAL);
			sim_frame_push(g, SIM_INTERRUPT_HANDLER);
		}
		break;
	default:
		break;
	}
}

/* What STI or MOV SS in front of the instruction that exits still blocks. */
static void shadow(const struct sim_guest *g, struct sim_processor *p, unsigned detail)
{
	p->sti = (detail & SIM_DETAIL_STI) && g->interrupts;
	p->mov_ss = (detail & SIM_DETAIL_MOV_SS) != 0;
}

/* An IRET begins, and exits. */
static enum sim_why iret_exits(struct sim_guest *g, struct sim_processor *p,
			       const struct sim_turn *turn, struct sim_exit *exit)
{
	static const uint8_t ways[16] = { SIM_EPT_VIOLATION, SIM_PAGE_FAULT,    SIM_PML_FULL,
					  SIM_SPP,           SIM_NOTIFY,        SIM_APIC_ACCESS,
					  SIM_EPT_MISCONFIG, SIM_EPT_VIOLATION, SIM_PAGE_FAULT,
					  SIM_PML_FULL,      SIM_EPT_VIOLATION, SIM_PAGE_FAULT,
					  SIM_EPT_VIOLATION, SIM_EPT_VIOLATION, SIM_SPP,
					  SIM_NOTIFY };
	static const uint16_t faults[4] = { 0xb0d, 0xb0b, 0xb0c, 0xb0d }; /* #GP, #NP, #SS */
	unsigned class = turn->exit & 15, which = turn->exit >> 4;
	bool unblocked, reports;

	if (!sim_guest_at_iret(g))
		shadow(g, p, turn->detail);
	g->rip = sim_frame_iret(g);
	if (class == SIM_CLASS_IRET_BREAK) {
		if (which & 1) {
			sim_processor_access_exit(p, SIM_EPT_VIOLATION, turn->detail, false, 0,
						  exit);
			exit->qualification &= ~(uint64_t)(EPT_READ | EPT_WRITE);
			exit->qualification |= EPT_FETCH;
		} else
			sim_processor_exception_exit(p, REBLOCK_INTR_TYPE_HARD_EXCEPTION | 1,
						     turn->detail, false, exit);
		return which & 1 ? SIM_EXITED_ACCESS : SIM_EXITED_BREAK;
	}
	unblocked = sim_processor_iret(p);
	switch (class) {
	case SIM_CLASS_IRET_TASK:
		sim_processor_exit(exit, REBLOCK_REASON_TASK_SWITCH, 1u << 30 | 0x28, turn->detail);
		sim_processor_ran(p);
		return SIM_EXITED_TASK_IRET;
	case SIM_CLASS_IRET_DOUBLE:
		sim_processor_exception_exit(p,
					     REBLOCK_INTR_TYPE_HARD_EXCEPTION | 0x800 |
						     REBLOCK_VECTOR_DF,
					     turn->detail, false, exit);
		sim_processor_ran(p);
		return SIM_EXITED_DOUBLE_FAULT;
	case SIM_CLASS_IRET_FAULT:
		reports = unblocked && !(p->odd & SIM_ODD_SILENT_FAULT);
		g->unblocked = unblocked;
		sim_processor_exception_exit(p, faults[which & 3], turn->detail, reports, exit);
		exit->error_code = 0x10;
		return SIM_EXITED_IRET_FAULT;
	default:
		g->unblocked = unblocked;
		if (unblocked && g->frames[g->depth - 1].exits < UINT16_MAX)
			g->frames[g->depth - 1].exits++;
		sim_processor_access_exit(p, (enum sim_access)ways[which], turn->detail, unblocked,
					  0, exit);
		return SIM_EXITED_IRET;
	}
}

/* Exits for instructions: CPUID, HLT, RDPMC, RDTSC, VMCALL, a control register, a port, RDMSR, WRMSR, ... */
static const uint8_t instructions[16] = { 10, 12, 15, 16, 18, 28, 30, 30,
					  31, 32, 32, 54, 55, 58, 40, 29 };

/* An exit that has nothing to do with events. */
static enum sim_why ordinary(struct sim_guest *g, struct sim_processor *p,
			     const struct sim_turn *turn, struct sim_exit *exit)
{
	static const uint8_t accesses[8] = { SIM_EPT_VIOLATION, SIM_PAGE_FAULT,   SIM_PML_FULL,
					     SIM_SPP,           SIM_NOTIFY,       SIM_EPT_VIOLATION,
					     SIM_PML_FULL,      SIM_EPT_VIOLATION };
	/* #UD, #GP, #MC, #DB; #BP is a software exception */
	static const uint16_t exceptions[8] = { 0x306, 0xb0d, 0x312, 0x301,
						0x603, 0x307, 0xb11, 0x310 };
	static const uint8_t others[8] = { 37, 3, 2, 11, 6, 17, 57, 74 };
	unsigned class = turn->exit & 15, which = turn->exit >> 4;

	if (class == SIM_CLASS_OTHER) {
		sim_processor_exit(exit, others[which & 7], 0, turn->detail);
		return SIM_EXITED_BETWEEN;
	}
	g->rip = g->depth ? sim_frame_begin(g) + BODY :
			    CODE + 16u * (turn->detail & SIM_DETAIL_WHERE);
	g->ran = true;
	shadow(g, p, turn->detail);
	switch (class) {
	case SIM_CLASS_ACCESS:
		sim_processor_access_exit(p, (enum sim_access)accesses[which & 7], turn->detail,
					  false, 0, exit);
		return SIM_EXITED_ACCESS;
	case SIM_CLASS_EXCEPTION:
		sim_processor_exception_exit(p, exceptions[which & 7], turn->detail, false, exit);
		exit->error_code = exceptions[which & 7] & 0x800 ? 0x10 : 0;
		return SIM_EXITED_EXCEPTION;
	case SIM_CLASS_EMULATED:
		if (which & 1)
			sim_processor_access_exit(p, SIM_APIC_ACCESS, turn->detail, false, 0, exit);
		else
			sim_processor_exit(exit, REBLOCK_REASON_EPT_MISCONFIG, 0, turn->detail);
		return SIM_EXITED_FOR;
	case SIM_CLASS_WAITING:
		p->sti = g->interrupts; /* STI; HLT */
		p->mov_ss = false;
		sim_processor_exit(exit, 12, 0, turn->detail);
		return SIM_EXITED_FOR;
	default:
		sim_processor_exit(exit, instructions[which], 0, turn->detail);
		return SIM_EXITED_FOR;
	}
}

/* Something of the host's: it takes no notice of what the guest is at. */
static enum sim_why host(struct sim_guest *g, struct sim_processor *p, const struct sim_turn *turn,
			 struct sim_exit *exit)
{
	if (g->depth && (turn->exit & HOST_AT_IRET) && !sim_guest_at_iret(g) &&
	    !sim_guest_in_smm(g)) {
		g->rip = sim_frame_iret(g);
		g->ran = true;
		sim_processor_ran(p);
	}
	switch (turn->exit >> 4 & 3) {
	case 1:
		sim_processor_exit(exit, REBLOCK_REASON_PREEMPTION_TIMER, 0, turn->detail);
		break;
	case 2:
		if (p->pin & REBLOCK_PIN_NMI_EXITING) {
			sim_processor_exit(exit, REBLOCK_REASON_EXCEPTION_NMI, 0, turn->detail);
			exit->intr_info = REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI |
					  REBLOCK_VECTOR_NMI;
			break;
		}
		/* fallthrough */
	default:
		sim_processor_exit(exit, REBLOCK_REASON_EXTERNAL_INTERRUPT, 0, turn->detail);
		break;
	}
	return SIM_EXITED_BETWEEN;
}

/* RSM outside of the SMM that the processor knows: #UD, and the VMM emulates it. */
static enum sim_why rsm(struct sim_guest *g, struct sim_processor *p, struct sim_exit *exit)
{
	g->rip = sim_frame_iret(g);
	g->ran = true;
	sim_processor_ran(p);
	sim_processor_exception_exit(p, REBLOCK_INTR_TYPE_HARD_EXCEPTION | 6, 0, false, exit);
	return SIM_EXITED_RSM;
}

static bool is_iret(unsigned class)
{
	return class >= SIM_CLASS_IRET && class <= SIM_CLASS_IRET_DOUBLE;
}

enum sim_why sim_guest_run(struct sim_guest *g, struct sim_processor *p,
			   const struct sim_turn *turn, const struct sim_wants *wants,
			   struct sim_exit *exit)
{
	unsigned class = turn->exit & 15;
	unsigned steps = turn->steps;
	enum sim_why why;

	g->unblocked = g->ran = g->nested = false;
	if (g->shown) {
		g->shown->n = 0;
		g->shown->injected = false;
	}
	if (g->delivering && deliver(g, p, turn, exit, &why))
		return why;
	for (; steps; steps >>= 2) {
		if (window(g, p, wants, exit))
			return SIM_EXITED_BETWEEN;
		step(g, p, (enum sim_step)(steps & 3));
	}
	/* What is to be executed before the code that exits: an IRET that has not completed. */
	while (class != SIM_CLASS_HOST && !is_iret(class) && sim_guest_at_iret(g)) {
		if (window(g, p, wants, exit))
			return SIM_EXITED_BETWEEN;
		return_from(g, p);
	}
	if (window(g, p, wants, exit))
		return SIM_EXITED_BETWEEN;
	if (is_iret(class)) {
		if (!g->depth)
			return host(g, p, turn, exit);
		if (sim_guest_in_smm(g))
			return rsm(g, p, exit);
		return iret_exits(g, p, turn, exit);
	}
	switch (class) {
	case SIM_CLASS_HOST:
	case SIM_CLASS_DELIVERY:
	case SIM_CLASS_GATE:
		return host(g, p, turn, exit);
	default:
		return ordinary(g, p, turn, exit);
	}
}
