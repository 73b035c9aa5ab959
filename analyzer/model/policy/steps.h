/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the policies are made of. Each is a reading of a hypervisor's source by what it does to the
 * VMCS, in this project's own words; none of it was run.
 */
#ifndef POLICY_STEPS_H
#define POLICY_STEPS_H

#include <stdbool.h>
#include <reblock/policy.h>
#include <reblock/record.h>
#include "planted.h"

static inline uint32_t step_reason(const struct reblock_vmcs *v)
{
	return v->reason & REBLOCK_REASON_BASIC;
}

static inline void step_block(struct reblock_vmcs *v)
{
	v->interruptibility =
		PLANTED(52, v->interruptibility | REBLOCK_BLOCKING_NMI, REBLOCK_BLOCKING_NMI);
}

static inline void step_unblock(struct reblock_vmcs *v)
{
	v->interruptibility &= ~REBLOCK_BLOCKING_NMI;
}

static inline bool step_blocked(const struct reblock_vmcs *v)
{
	return v->interruptibility & REBLOCK_BLOCKING_NMI;
}

static inline bool step_virtual_nmis(const struct reblock_vmcs *v)
{
	return v->pin & REBLOCK_PIN_VIRTUAL_NMIS;
}

static inline bool step_idtv_valid(const struct reblock_vmcs *v)
{
	return v->idt_vectoring & REBLOCK_INTR_VALID;
}

static inline bool step_idtv_nmi(const struct reblock_vmcs *v)
{
	return step_idtv_valid(v) &&
	       (v->idt_vectoring & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_NMI;
}

/* The exit is an exception of the guest, not an NMI of the host. */
static inline bool step_exception(const struct reblock_vmcs *v)
{
	return step_reason(v) == REBLOCK_REASON_EXCEPTION_NMI &&
	       (v->intr_info & REBLOCK_INTR_VALID) &&
	       (v->intr_info & REBLOCK_INTR_TYPE) != REBLOCK_INTR_TYPE_NMI;
}

static inline bool step_double_fault(const struct reblock_vmcs *v)
{
	return (v->intr_info & REBLOCK_INTR_VECTOR) == REBLOCK_VECTOR_DF;
}

/* Bit 12 of VM-exit interruption information, and of the exit qualification. */
static inline bool step_intr_bit12(const struct reblock_vmcs *v)
{
	return step_exception(v) && (v->intr_info & REBLOCK_NMI_UNBLOCKING);
}

static inline bool step_qualification_bit12(const struct reblock_vmcs *v)
{
	return v->qualification & REBLOCK_NMI_UNBLOCKING;
}

/* A task switch through a task gate in the IDT (exit qualification bits 31:30). */
static inline bool step_task_gate(const struct reblock_vmcs *v)
{
	return step_reason(v) == REBLOCK_REASON_TASK_SWITCH && (v->qualification >> 30 & 3) == 3;
}

/* Faults with both exclusions: the common way to do it right. */
static inline void step_fault(struct reblock_vmcs *v)
{
	if (step_intr_bit12(v) && !step_double_fault(v) && !step_idtv_valid(v))
		step_block(v);
}

/* An exit whose qualification has bit 12, with the exclusion. */
static inline void step_qualification(struct reblock_vmcs *v)
{
	if (step_qualification_bit12(v) && !step_idtv_valid(v))
		step_block(v);
}

/*
 * The dual rule: an NMI whose delivery was interrupted is injected again, so blocking is cleared;
 * not so where a task gate delivered it.
 */
static inline void step_dual(struct reblock_vmcs *v)
{
	if (step_idtv_nmi(v) && PLANTED(54, !step_task_gate(v), true))
		step_unblock(v);
}

/* What it answers to exits that it does nothing about, where it uses no PML, SPP or notify exits. */
static inline uint32_t step_never_newer(const struct reblock_vmcs *v)
{
	switch (step_reason(v)) {
	case REBLOCK_REASON_PML_FULL:
	case REBLOCK_REASON_SPP:
	case REBLOCK_REASON_NOTIFY:
		return REBLOCK_POLICY_NEVER;
	default:
		return 0;
	}
}

/* exit: nothing but the dual rule; the rest is in its handlers. */
static inline uint32_t step_exit_dual(void *state, struct reblock_vmcs *v)
{
	(void)state;
	step_dual(v);
	return 0;
}

/* exit: nothing at all. */
static inline uint32_t step_exit_nothing(void *state, struct reblock_vmcs *v)
{
	(void)state;
	return step_never_newer(v);
}

/* An NMI that a task gate has delivered is not injected again. */
static inline bool step_delivered(const struct reblock_vmcs *v, uint32_t how)
{
	return how == REBLOCK_POLICY_AGAIN && step_idtv_nmi(v) && step_task_gate(v);
}

/* inject: bits 30:12 stay 0. */
static inline uint32_t step_inject(void *state, struct reblock_vmcs *v, uint32_t event,
				   uint32_t how)
{
	(void)state;
	if (step_delivered(v, how))
		return REBLOCK_POLICY_NEVER;
	v->entry_intr_info =
		PLANTED(53, event, how == REBLOCK_POLICY_REFLECT ? v->intr_info : event);
	return 0;
}

/* inject: IDT-vectoring information is copied as it is, with its undefined bit 12. */
static inline uint32_t step_inject_copy(void *state, struct reblock_vmcs *v, uint32_t event,
					uint32_t how)
{
	(void)state;
	if (step_delivered(v, how))
		return REBLOCK_POLICY_NEVER;
	v->entry_intr_info = how == REBLOCK_POLICY_AGAIN ? v->idt_vectoring : event;
	return 0;
}

#endif
