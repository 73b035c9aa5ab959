/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A hypervisor around a policy: what happens between an exit and the next entry. The policy decides on NMI
 * blocking; what is injected, what user space does and when the mask is asked for is the turn's.
 */
#ifndef SIM_HYPERVISOR_H
#define SIM_HYPERVISOR_H

#include <reblock/policy.h>
#include "sim/sim_guest.h"
#include "sim/sim_own.h"

/* How often things happen in turns that a seed gives, of 1000. */
struct sim_policy {
	unsigned miss;       /* a re-block that is due is forgotten */
	unsigned careless;   /* an NMI is injected without a look at what blocks it */
	unsigned mistakes;   /* anything else is done wrong */
	unsigned nmi;        /* an NMI waits for the guest: a watchdog's, perf's */
	unsigned interrupt;  /* an interrupt does */
	unsigned exception;  /* an exception does */
	unsigned reflect;    /* a page fault goes to the guest */
	unsigned user_space; /* the exit goes out to user space */
	unsigned events;     /* of these: it sets the vCPU's events, as for a migration */
	unsigned wrong;      /* of these: to something else */
};

struct sim_hypervisor {
	_Alignas(16) unsigned char state[REBLOCK_POLICY_STATE_MAX]; /* the policy's */
	const struct reblock_policy *policy;
	uint32_t exec; /* primary processor-based controls */
	bool nmi_waits, interrupt_waits;
	bool nested; /* it runs a guest of a guest */
};

#define SIM_OPERATIONS 6

/* Something between exit and entry that a recorder can see by itself. */
struct sim_operation {
	uint8_t kind; /* enum reblock_kind */
	bool masked, injected, pending;
	bool has_reason;
	bool stale; /* mask_read: what it reports is not what NMI blocking is or had to be */
	uint32_t reason;
};

/* What it did. */
struct sim_handling {
	unsigned n;
	uint32_t recovered; /* interruptibility after the policy's own steps at the exit */
	uint32_t intr_info, error_code; /* to be injected; 0 for nothing */
	uint32_t event;                 /* the same as it was asked for, reserved bits 0 */
	enum reblock_policy_event how;
	bool reflected;    /* the exception of the exit goes to the guest */
	bool written;      /* somebody outside has set the mask, or all of the vCPU's state ... */
	bool changed;      /* ... and it is not what it was before that */
	bool fresh;        /* it resumes somewhere else altogether: after a reset, in SMM */
	bool not_serviced; /* the cause of the exit is still there */
	bool moved;        /* to another host */
	bool stands_in; /* the policy has no word on this exit or event, the sim's own has handled it */
	struct sim_wants wants;
	struct sim_operation operations[SIM_OPERATIONS]; /* the first n, in this order */
};

/* Nothing was done so far. */
void sim_handling_start(struct sim_handling *done, const struct sim_processor *p);

/* Starts with POLICY (NULL: the sim's own); CACHES: see struct sim_own. */
void sim_hypervisor_start(struct sim_hypervisor *h, const struct reblock_policy *policy,
			  bool caches);

/* Its NMI mask is known to be 0, as a recorder reads it from KVM; false where it keeps no such copy. */
bool sim_hypervisor_known_unmasked(const struct sim_hypervisor *h);

/*
 * Handles EXIT of G on P, which was for WHY. MISTAKE: what the sim's own does wrong. P is left as the entry
 * finds it, and G at what it resumes with.
 */
void sim_hypervisor_handle(struct sim_hypervisor *h, struct sim_processor *p, struct sim_guest *g,
			   const struct sim_turn *turn, enum sim_mistake mistake, enum sim_why why,
			   const struct sim_exit *exit, struct sim_handling *done);

#endif
