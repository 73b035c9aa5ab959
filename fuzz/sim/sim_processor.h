/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual processor as far as NMI blocking goes: section 1 of docs/rules.md, done instead of judged.
 * It shares no code with the model that judges it.
 */
#ifndef SIM_PROCESSOR_H
#define SIM_PROCESSOR_H

#include <stdbool.h>
#include <reblock/record.h>
#include "sim/sim_turn.h"

/* What some processors do otherwise. */
enum sim_odd {
	SIM_ODD_ERRATUM = 1 << 0, /* an EPT violation leaves bit 12 at 0 (rule 1.7) */
	SIM_ODD_CONTRADICTS =
		1 << 1, /* an exit with bit 12 saves blocking as 1: there is none such */
	SIM_ODD_SILENT_FAULT =
		1
		<< 2, /* an IRET's fault that is not a memory access's has bit 12 at 0 (rule 1.5) */
	SIM_ODD_WINDOW_WAITS = 1 << 3 /* no NMI-window exit while there is blocking by STI */
};

struct sim_processor {
	uint16_t pin;     /* pin-based VM-execution controls */
	uint8_t odd;      /* enum sim_odd */
	bool blocking;    /* by NMI: virtual-NMI blocking where "virtual NMIs" is 1 */
	bool sti, mov_ss; /* blocking by STI, by MOV SS */
};

/* What a memory access can end in, where it does not just succeed. */
enum sim_access {
	SIM_EPT_VIOLATION,
	SIM_PAGE_FAULT, /* and the VMM takes exits for page faults */
	SIM_PML_FULL,
	SIM_SPP,
	SIM_NOTIFY,
	SIM_APIC_ACCESS,
	SIM_EPT_MISCONFIG,
	SIM_ACCESSES
};

/* VM-exit information; all fields are what the processor writes, 0 where it writes nothing. */
struct sim_exit {
	uint64_t qualification;
	uint32_t reason, intr_info, error_code, idt_vectoring;
	bool defined; /* its bit 12, where it has one, means something (rule 1.4) */
	bool bit12;   /* its value, defined or not; false where it has none */
};

/* A VM entry that injects INTR_INFO, 0 for nothing. Returns false if it fails (rules 1.6 and 1.8). */
bool sim_processor_enters(const struct sim_processor *p, uint32_t intr_info);

/* Whether that entry fails for an NMI that is blocked. */
bool sim_processor_refuses_nmi(const struct sim_processor *p, uint32_t intr_info);

/* An event has been delivered: an NMI starts blocking (rule 1.1). */
void sim_processor_delivered(struct sim_processor *p, uint32_t intr_info);

/* An instruction has run: what STI and MOV SS block is over. */
static inline void sim_processor_ran(struct sim_processor *p)
{
	p->sti = p->mov_ss = false;
}

/* IRET begins, and unblocks, whatever becomes of it (rule 1.2). Returns whether NMIs were blocked. */
bool sim_processor_iret(struct sim_processor *p);

/* The NMI-window exit comes before the next instruction, if it is asked for (rule 1.10). */
static inline bool sim_processor_nmi_window(const struct sim_processor *p)
{
	return !p->blocking && !p->mov_ss && !(p->sti && (p->odd & SIM_ODD_WINDOW_WAITS));
}

/* An exit with that reason and qualification, no event on its way; bits 15:0 of DETAIL: enum sim_detail. */
void sim_processor_exit(struct sim_exit *exit, uint32_t reason, uint64_t qualification,
			unsigned detail);

/*
 * A memory access exits. UNBLOCKED: it is one of an IRET that sim_processor_iret answered true to.
 * DELIVERING: the event that was being delivered, or 0.
 */
void sim_processor_access_exit(struct sim_processor *p, enum sim_access access, unsigned detail,
			       bool unblocked, uint32_t delivering, struct sim_exit *exit);

/* An exception exits; UNBLOCKED: that of an IRET. A double fault's bit 12 can be anything. */
void sim_processor_exception_exit(struct sim_processor *p, uint32_t intr_info, unsigned detail,
				  bool unblocked, struct sim_exit *exit);

/* Guest interruptibility state, as the exit saves it. */
static inline uint32_t sim_processor_interruptibility(const struct sim_processor *p)
{
	return (p->blocking ? REBLOCK_BLOCKING_NMI : 0) | (p->sti ? REBLOCK_BLOCKING_STI : 0) |
	       (p->mov_ss ? REBLOCK_BLOCKING_MOV_SS : 0);
}

/* Sets it, as the VMM has it at an entry. */
static inline void sim_processor_set_interruptibility(struct sim_processor *p,
						      uint32_t interruptibility)
{
	p->blocking = (interruptibility & REBLOCK_BLOCKING_NMI) != 0;
	p->sti = (interruptibility & REBLOCK_BLOCKING_STI) != 0;
	p->mov_ss = (interruptibility & REBLOCK_BLOCKING_MOV_SS) != 0;
}

#endif
