/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A virtual processor as far as NMI blocking goes: section 1 of docs/rules.md, done instead of judged.
 * It shares no code with the model that judges it.
 */
#ifndef SIM_PROCESSOR_H
#define SIM_PROCESSOR_H

#include <reblock/record.h>
#include "sim/sim_random.h"

struct sim_processor {
	uint16_t pin;  /* pin-based VM-execution controls */
	bool blocking; /* by NMI: virtual-NMI blocking where "virtual NMIs" is 1 */
	bool sti;      /* blocking by STI */
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
};

/* Whether the exit fields that hold bit 12 mean it (rule 1.4), for an exit that is no double fault. */
bool sim_processor_reports(const struct sim_processor *p, const struct sim_exit *exit);

/* A VM entry that injects INTR_INFO. Returns false if it fails (rules 1.6 and 1.8). */
bool sim_processor_enters(const struct sim_processor *p, uint32_t intr_info);

/* An event has been delivered: an NMI starts blocking (rule 1.1). */
void sim_processor_delivered(struct sim_processor *p, uint32_t intr_info);

/* IRET begins, and unblocks, whatever becomes of it (rule 1.2). Returns whether NMIs were blocked. */
bool sim_processor_iret(struct sim_processor *p);

/*
 * A memory access exits. UNBLOCKED: it is one of an IRET that sim_processor_iret answered true to.
 * DELIVERING: the event that was being delivered, or 0.
 */
void sim_processor_access_exit(struct sim_processor *p, struct sim_random *random,
			       enum sim_access access, bool unblocked, uint32_t delivering,
			       struct sim_exit *exit);

/* A double fault exits; its bit 12 can be anything. */
void sim_processor_double_fault(struct sim_random *random, struct sim_exit *exit);

/* Guest interruptibility state, as the exit saves it. */
uint32_t sim_processor_interruptibility(const struct sim_processor *p);

#endif
