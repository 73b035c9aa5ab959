/* SPDX-License-Identifier: BSD-2-Clause */
/* One handling of an exit, while it goes on: what the parts of the simulated hypervisor share. */
#ifndef SIM_WORK_H
#define SIM_WORK_H

#include "sim/sim_hypervisor.h"

#define SHADOW (REBLOCK_BLOCKING_STI | REBLOCK_BLOCKING_MOV_SS)

struct sim_work {
	struct sim_hypervisor *h;
	struct sim_processor *p;
	struct sim_guest *g;
	const struct sim_turn *turn;
	const struct sim_exit *exit;
	struct sim_handling *done;
	struct reblock_vmcs vmcs;
	enum sim_mistake mistake;
	enum sim_why why;
	bool before;        /* blocking at the exit */
	struct sim_own own; /* the state of the one that stands in */
};

static inline bool sim_is_nmi(uint32_t info)
{
	return (info & (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE)) ==
	       (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI);
}

static inline bool sim_work_blocking(const struct sim_work *w)
{
	return (w->vmcs.interruptibility & REBLOCK_BLOCKING_NMI) != 0;
}

/* The sim's own handles this exit in the place of a policy. */
static inline bool sim_work_stands_in(const struct sim_work *w)
{
	return w->done->stands_in && w->h->policy != &sim_own_policy;
}

/* Whether blocking has to be 1 again, if the guest resumes at the IRET that exited. */
bool sim_work_owes(const struct sim_work *w);

/* One more thing that a recorder can see; there must be room. */
struct sim_operation *sim_work_operation(struct sim_work *w, enum reblock_kind kind);

/* RSM: the mask that was saved at the SMI is set again. */
void sim_work_rsm(struct sim_work *w);

/* What the turn says comes between the exit's handling and the entry. */
void sim_work_between(struct sim_work *w);

#endif
