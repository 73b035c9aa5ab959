/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The truth: what is so of a record, whatever a recorder sees. It is read off the processor and the guest's stack before
 * and after, not off what a hypervisor meant to do; so it holds for any policy.
 */
#ifndef SIM_TRUTH_H
#define SIM_TRUTH_H

#include "sim/sim_hypervisor.h"

/*
 * Bits of what is true of a record: of an entry, unless said. "Asked": the exit before it said in a defined bit 12 of 1 that
 * its IRET had unblocked NMIs, that IRET is what the guest resumes at, and what the entry injects is nothing, an interrupt
 * or an NMI.
 */
#define SIM_TRUTHS 23
enum sim_truth {
	/* asked, and blocking is 0, and no change of the mask from outside made it so (rows 6 and 9; with SIM_WRITTEN row 2) */
	SIM_MISSED = 1 << 0,
	/* the same, but such a change did: by user space, by a migration (row 2) */
	SIM_MISSED_MASK = 1 << 1,
	/* the same as SIM_MISSED, but no defined bit 12 said so: APIC access, EPT misconfiguration, erratum, fault */
	SIM_SILENT = 1 << 2,
	/*
	 * its NMI, which is no re-injection, enters a handler that NMIs must not enter yet. Exit: since the
	 * entry before, such an NMI came in without one ("NMI exiting" 0). Witness: an NMI that came in before an IRET
	 * has ended the handler of the one before
	 */
	SIM_NESTED = 1 << 3,
	SIM_FAILED = 1 << 4, /* it fails, for whatever reason */
	/*
	 * it resumes at an IRET that returns to its own address: its handler interrupted another one
	 * right at that instruction, where a lost or rightly ended blocking had let an NMI in
	 */
	SIM_RETURNS_TO_ITSELF = 1 << 5,
	/* it injects an NMI with "virtual NMIs" 1 and blocking 1 (rule 1.8); SIM_FAILED, too */
	SIM_REINJECTED = 1 << 6,
	/* its valid interruption information has reserved bits set (rule 1.6); SIM_FAILED, too */
	SIM_RESERVED = 1 << 7,
	/* an NMI went through a task gate, and its task is entered with blocking 0, not by a change from outside (row 3) */
	SIM_TASK_OPEN = 1 << 8,
	/* blocking was 1 at the exit and is 0, and neither an IRET, an injected NMI nor a change from outside has ended it */
	SIM_LOST = 1 << 9,
	/* blocking was 0 at the exit and is 1, where bit 12 was 1 and undefined; not by a change from outside (row 10) */
	SIM_UNDEFINED = 1 << 10,
	/* the fault of an IRET that had unblocked NMIs and said so goes to the guest, with blocking 1 (row 7) */
	SIM_OVER_BLOCKED = 1 << 11,
	/* it resumes where the exit came, injects nothing, and blocking by STI or MOV SS of the exit is gone */
	SIM_CLOBBERED = 1 << 12,
	/*
	 * mask_read: it reports "not masked" where an exit with a defined bit 12 of 1 asks for blocking 1 (and its
	 * fault does not go to the guest), else what blocking is not. Nobody outside set the mask between the exit and it
	 */
	SIM_STALE = 1 << 13,
	/* exit: an IRET that NMIs were blocked at has exited 1000 times or more, and has not completed */
	SIM_LIVELOCK = 1 << 14,
	/* exit: a defined bit 12 is 1, and the processor saved blocking as 1 */
	SIM_HARDWARE = 1 << 15,
	/* exit: at the RIP of the entry before it, but the guest has run in between, and is there anew */
	SIM_CAME_BACK = 1 << 16,
	/* the policy had no word on this exit or event; the sim's own hypervisor stood in for it, and did right */
	SIM_STOOD_IN = 1 << 17,
	/* somebody outside set the NMI mask, or all of the vCPU's state, between the exit and this entry */
	SIM_WRITTEN = 1 << 18,
	/* asked, or a fault of such an IRET that goes to the guest; blocking is as it must be (1; for that fault 0) */
	SIM_DID_RIGHT = 1 << 19,
	/* the vCPU goes on at another host, whose hypervisor knows nothing but what was written there */
	SIM_MOVED = 1 << 20,
	/* exit: an EPT violation of an IRET that has unblocked NMIs, with a defined bit 12 of 0 (rule 1.7) */
	SIM_ERRATUM = 1 << 21,
	/* exit: of an IRET that has unblocked NMIs, and it has no bit 12: APIC access, EPT misconfiguration */
	SIM_UNREPORTABLE = 1 << 22
};

#define SIM_LIVELOCK_EXITS 1000

/* What was so at an exit, before the hypervisor has done anything. */
struct sim_before {
	uint64_t rip;
	uint32_t interruptibility;
	enum sim_why why;
	bool gate_nmi; /* an NMI went through a task gate */
};

/* What is true of an exit; ENTRY_RIP: of the entry before it. */
unsigned sim_truth_exit(const struct sim_before *before, const struct sim_guest *g,
			const struct sim_exit *exit, uint64_t entry_rip);

/* What is true of an entry with G on P; marks what it leaves open on G's stack. */
unsigned sim_truth_entry(const struct sim_before *before, const struct sim_exit *exit,
			 const struct sim_handling *done, const struct sim_processor *p,
			 struct sim_guest *g);

#endif
