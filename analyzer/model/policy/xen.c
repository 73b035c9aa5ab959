/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Xen, vmx_vmexit_handler, c447b7308b; and as it was from 2007 to 2022, faults only. Virtual NMIs are
 * used where the processor has them, and never asked about when bit 12 is read. vmx_idtv_reinject
 * comes before the handlers, and not where a task gate is delivering the event.
 */
#include "model/policy/policies.h"

static uint32_t xen_handle(void *state, struct reblock_vmcs *v)
{
	(void)state;
	switch (step_reason(v)) {
	case REBLOCK_REASON_EXCEPTION_NMI:
		step_fault(v);
		return 0;
	case REBLOCK_REASON_EPT_VIOLATION:
	case REBLOCK_REASON_PML_FULL:
		step_qualification(v);
		return 0;
	case REBLOCK_REASON_NOTIFY:
		if (step_qualification_bit12(v)) /* no test of IDT vectoring */
			step_block(v);
		return 0;
	case REBLOCK_REASON_SPP:
		return REBLOCK_POLICY_NEVER;
	default:
		return 0;
	}
}

static uint32_t handle_faults_only(void *state, struct reblock_vmcs *v)
{
	(void)state;
	switch (step_reason(v)) {
	case REBLOCK_REASON_EXCEPTION_NMI:
		step_fault(v);
		return 0;
	case REBLOCK_REASON_SPP:
	case REBLOCK_REASON_NOTIFY:
		return REBLOCK_POLICY_NEVER;
	default:
		return 0;
	}
}

const struct reblock_policy reblock_policy_xen = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "xen",
	.source = "Xen c447b7308b",
	.summary = "faults, EPT violations, PML-full and notify; the controls are not asked about",
	.pin_on = REBLOCK_POLICY_NMI_EXITING,
	.exit = step_exit_dual,
	.handle = xen_handle,
	.inject = step_inject,
};

const struct reblock_policy reblock_policy_xen_before_d329b37d12 = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "xen-before-d329b37d12",
	.source = "Xen before d329b37d12 (2007 to 2022)",
	.summary = "faults only: EPT violations and PML-full are forgotten",
	.pin_on = REBLOCK_POLICY_NMI_EXITING,
	.exit = step_exit_dual,
	.handle = handle_faults_only,
	.inject = step_inject,
};
