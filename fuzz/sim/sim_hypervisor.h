/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hypervisor: what it does between an exit and the next entry. It knows the rules, and forgets to
 * re-block as often as it is told to.
 */
#ifndef SIM_HYPERVISOR_H
#define SIM_HYPERVISOR_H

#include "sim/sim_guest.h"

/* How often things happen, of 1000. */
struct sim_policy {
	unsigned miss;       /* a re-block that is due is forgotten */
	unsigned careless;   /* an NMI is injected without a look at what blocks it */
	unsigned nmi;        /* an NMI waits for the guest: a watchdog's, perf's */
	unsigned interrupt;  /* an interrupt does */
	unsigned reflect;    /* a page fault goes to the guest */
	unsigned user_space; /* the exit goes out to user space */
	unsigned events;     /* of these: it sets the vCPU's events, as for a migration */
};

struct sim_hypervisor {
	bool nmi_waits, interrupt_waits;
	bool believes; /* after a miss: it believes NMIs to be blocked, and does not look */
};

/* What it did, in the order in which it did it. */
struct sim_handling {
	bool user_exit;
	uint32_t user_reason;
	bool events_write; /* with the state that was read before: it changes nothing */
	bool mask_read;    /* it looked at its NMI mask ... */
	bool masked;       /* ... and saw this */
	bool mask_write;   /* it set its NMI mask ... */
	bool mask_written; /* ... to this */
	bool blocked_read; /* it read the VMCS for what blocks NMIs ... */
	bool blocked;      /* ... and saw this */
	uint32_t intr_info, error_code; /* to be injected */
	struct sim_wants wants;
	/* The truth. */
	bool missed;   /* blocking had to be 1 and is 0, and bit 12 had said so */
	bool silently; /* it had to be 1 and is 0, and no field of the exit can say so */
};

/* Handles EXIT of G on P, which was for WHY. */
void sim_hypervisor_handle(struct sim_hypervisor *h, struct sim_processor *p, struct sim_guest *g,
			   struct sim_random *random, const struct sim_policy *policy,
			   enum sim_why why, const struct sim_exit *exit,
			   struct sim_handling *done);

#endif
