/* SPDX-License-Identifier: BSD-2-Clause */
#include <reblock/record.h>
#include "sim/sim_own.h"

_Static_assert(sizeof(struct sim_own) <= REBLOCK_POLICY_STATE_MAX, "private state");

static bool is_nmi(uint32_t info)
{
	return (info & (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE)) ==
	       (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI);
}

/* Where this exit has bit 12: 0 for nowhere. */
static uint64_t bit12(const struct reblock_vmcs *v)
{
	switch (v->reason & REBLOCK_REASON_BASIC) {
	case REBLOCK_REASON_EXCEPTION_NMI:
		if ((v->intr_info & REBLOCK_INTR_TYPE) != REBLOCK_INTR_TYPE_HARD_EXCEPTION)
			return 0;
		return v->intr_info & REBLOCK_NMI_UNBLOCKING;
	case REBLOCK_REASON_EPT_VIOLATION:
	case REBLOCK_REASON_PML_FULL:
	case REBLOCK_REASON_SPP:
	case REBLOCK_REASON_NOTIFY:
		return v->qualification & REBLOCK_NMI_UNBLOCKING;
	default:
		return 0;
	}
}

/* Rule 1.4. */
static bool is_defined(const struct reblock_vmcs *v)
{
	bool fault = (v->reason & REBLOCK_REASON_BASIC) == REBLOCK_REASON_EXCEPTION_NMI;

	if ((v->pin & REBLOCK_PIN_NMI_EXITING) && !(v->pin & REBLOCK_PIN_VIRTUAL_NMIS))
		return false;
	if (v->idt_vectoring & REBLOCK_INTR_VALID)
		return false;
	return !(fault && (v->intr_info & REBLOCK_INTR_VECTOR) == REBLOCK_VECTOR_DF);
}

static uint32_t at_exit(void *state, struct reblock_vmcs *v)
{
	struct sim_own *s = state;
	bool fault = (v->reason & REBLOCK_REASON_BASIC) == REBLOCK_REASON_EXCEPTION_NMI;
	bool due = bit12(v) && (is_defined(v) || s->mistake == SIM_TRUSTS);

	s->reblocked = false;
	if (s->mistake == SIM_MISSES || s->mistake == SIM_MISSES_BELIEVES)
		due = false;
	if (s->mistake == SIM_BLOCKS)
		due = true;
	if (s->caches && fault && s->known_unmasked)
		due = false;
	if (due) {
		s->reblocked = true;
		v->interruptibility = s->mistake == SIM_OVERWRITES ?
					      REBLOCK_BLOCKING_NMI :
					      v->interruptibility | REBLOCK_BLOCKING_NMI;
		if (fault)
			s->known_unmasked = false;
		return s->mistake == SIM_NEVER_SERVICES ? REBLOCK_POLICY_NOT_SERVICED : 0;
	}
	if (s->mistake == SIM_LOSES)
		v->interruptibility &= ~REBLOCK_BLOCKING_NMI;
	s->known_unmasked = s->caches && !(v->interruptibility & REBLOCK_BLOCKING_NMI);
	return 0;
}

static uint32_t inject(void *state, struct reblock_vmcs *v, uint32_t event, uint32_t how)
{
	struct sim_own *s = state;

	v->entry_intr_info = event;
	v->entry_error_code = v->error_code;
	if (s->mistake == SIM_COPIES)
		v->entry_intr_info |= (v->intr_info | v->idt_vectoring) & REBLOCK_NMI_UNBLOCKING;
	if (is_nmi(event))
		s->known_unmasked = false;
	/* Rule 2, row 4, and row 7. */
	if (how == REBLOCK_POLICY_AGAIN && is_nmi(event) && (v->pin & REBLOCK_PIN_VIRTUAL_NMIS) &&
	    s->mistake != SIM_KEEPS)
		v->interruptibility &= ~REBLOCK_BLOCKING_NMI;
	if (how == REBLOCK_POLICY_REFLECT && s->reblocked && s->mistake != SIM_OVER_BLOCKS)
		v->interruptibility &= ~REBLOCK_BLOCKING_NMI;
	return 0;
}

static int get_nmi_mask(void *state, struct reblock_vmcs *v)
{
	struct sim_own *s = state;

	if (s->mistake == SIM_REPORTS_0 || s->mistake == SIM_REPORTS_1)
		return s->mistake == SIM_REPORTS_1;
	if (s->known_unmasked)
		return 0;
	return (v->interruptibility & REBLOCK_BLOCKING_NMI) != 0;
}

static void set_nmi_mask(void *state, struct reblock_vmcs *v, int masked)
{
	struct sim_own *s = state;

	s->known_unmasked = s->caches && !masked;
	if (masked)
		v->interruptibility |= REBLOCK_BLOCKING_NMI;
	else
		v->interruptibility &= ~REBLOCK_BLOCKING_NMI;
}

const struct reblock_policy sim_own_policy = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "sim",
	.source = "docs/rules.md",
	.summary = "the simulated host's own hypervisor",
	.state_size = sizeof(struct sim_own),
	.exit = at_exit,
	.inject = inject,
	.get_nmi_mask = get_nmi_mask,
	.set_nmi_mask = set_nmi_mask,
};
