/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/sim_truth.h"

#define SHADOW (REBLOCK_BLOCKING_STI | REBLOCK_BLOCKING_MOV_SS)

unsigned sim_truth_exit(const struct sim_before *before, const struct sim_guest *g,
			const struct sim_exit *exit, uint64_t entry_rip)
{
	unsigned basic = exit->reason & REBLOCK_REASON_BASIC;
	unsigned truth = 0;

	if (g->unblocked && exit->defined && !exit->bit12 && basic == REBLOCK_REASON_EPT_VIOLATION)
		truth |= SIM_ERRATUM;
	if (g->unblocked &&
	    (basic == REBLOCK_REASON_APIC_ACCESS || basic == REBLOCK_REASON_EPT_MISCONFIG))
		truth |= SIM_UNREPORTABLE;
	if (exit->defined && exit->bit12 && (before->interruptibility & REBLOCK_BLOCKING_NMI))
		truth |= SIM_HARDWARE;
	if (g->unblocked && g->frames[g->depth - 1].exits >= SIM_LIVELOCK_EXITS)
		truth |= SIM_LIVELOCK;
	if (g->ran && before->rip == entry_rip)
		truth |= SIM_CAME_BACK;
	if (g->nested)
		truth |= SIM_NESTED;
	return truth;
}

static uint32_t type_of(uint32_t event)
{
	return event & (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE);
}

static bool is_nmi(uint32_t event)
{
	return type_of(event) == (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI);
}

static bool same_vector(uint32_t a, uint32_t b)
{
	const uint32_t bits = REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE | REBLOCK_INTR_VECTOR;

	return (a & bits) == (b & bits);
}

/* What the IRET asks for that has exited. */
static unsigned after_iret(const struct sim_before *before, const struct sim_exit *exit,
			   const struct sim_handling *done, const struct sim_processor *p,
			   struct sim_guest *g)
{
	bool told = exit->defined && exit->bit12;
	uint32_t event = done->event;

	if (!g->unblocked || done->fresh || before->rip != g->rip)
		return 0;
	if (!event || is_nmi(event) ||
	    type_of(event) == (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_EXTERNAL)) {
		if (p->blocking)
			return told ? SIM_DID_RIGHT : 0;
		sim_guest_opened(g);
		if (!told)
			return SIM_SILENT;
		return done->changed ? SIM_MISSED_MASK : SIM_MISSED;
	}
	if (!told || done->changed ||
	    type_of(event) != (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_HARD_EXCEPTION) ||
	    !same_vector(event, exit->intr_info))
		return 0;
	return p->blocking ? SIM_OVER_BLOCKED : SIM_DID_RIGHT;
}

/* What must not change. */
static unsigned changed(const struct sim_before *before, const struct sim_exit *exit,
			const struct sim_handling *done, const struct sim_processor *p,
			struct sim_guest *g)
{
	bool was = (before->interruptibility & REBLOCK_BLOCKING_NMI) != 0;
	uint32_t gone = before->interruptibility & ~sim_processor_interruptibility(p) & SHADOW;
	unsigned truth = 0;

	if (done->fresh)
		return 0;
	if (was && !p->blocking && !is_nmi(done->event)) {
		sim_guest_opened(g);
		if (!done->changed)
			truth |= before->gate_nmi ? SIM_TASK_OPEN : SIM_LOST;
	}
	if (!was && p->blocking && !done->changed && exit->bit12 && !exit->defined)
		truth |= SIM_UNDEFINED;
	if (gone && !done->event && before->rip == g->rip)
		truth |= SIM_CLOBBERED;
	return truth;
}

unsigned sim_truth_entry(const struct sim_before *before, const struct sim_exit *exit,
			 const struct sim_handling *done, const struct sim_processor *p,
			 struct sim_guest *g)
{
	unsigned truth = (done->written ? SIM_WRITTEN : 0) | (done->stands_in ? SIM_STOOD_IN : 0) |
			 (done->moved ? SIM_MOVED : 0);
	bool enters = sim_processor_enters(p, done->intr_info);

	if (before->why != SIM_EXITED_FAILED)
		truth |= after_iret(before, exit, done, p, g) | changed(before, exit, done, p, g);
	if (!enters)
		truth |= SIM_FAILED;
	if (sim_processor_refuses_nmi(p, done->intr_info))
		truth |= SIM_REINJECTED;
	if ((done->intr_info & REBLOCK_INTR_VALID) &&
	    (done->intr_info & REBLOCK_ENTRY_INTR_RESERVED))
		truth |= SIM_RESERVED;
	if (enters && is_nmi(done->intr_info) && done->how != REBLOCK_POLICY_AGAIN &&
	    sim_guest_is_open(g))
		truth |= SIM_NESTED;
	if (sim_guest_returns_to_itself(g))
		truth |= SIM_RETURNS_TO_ITSELF;
	return truth;
}
