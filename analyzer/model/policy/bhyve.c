/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * bhyve, vmx_exit_process, FreeBSD 001345683d; the same in illumos, xhyve and hyperkit. It does not
 * start without virtual NMIs, so it need not ask for them. No PML, SPP or notify exits.
 */
#include "model/policy/policies.h"

/* Before 160471d264f7 nothing cleared blocking before the NMI was injected again. */
static uint32_t exit_without_dual(void *state, struct reblock_vmcs *v)
{
	(void)state;
	(void)v;
	return 0;
}

static uint32_t bhyve_handle(void *state, struct reblock_vmcs *v)
{
	(void)state;
	switch (step_reason(v)) {
	case REBLOCK_REASON_EXCEPTION_NMI:
		step_fault(v);
		return 0;
	case REBLOCK_REASON_EPT_VIOLATION:
		step_qualification(v);
		return 0;
	default:
		return step_never_newer(v);
	}
}

const struct reblock_policy reblock_policy_bhyve = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "bhyve",
	.source = "FreeBSD 001345683d, sys/amd64/vmm/intel; illumos, xhyve, hyperkit",
	.summary = "faults and EPT violations, virtual NMIs always on",
	.pin_on = REBLOCK_POLICY_NMI_EXITING | REBLOCK_POLICY_VIRTUAL_NMIS,
	.exit = step_exit_dual,
	.handle = bhyve_handle,
	.inject = step_inject,
};

const struct reblock_policy reblock_policy_bhyve_before_160471d264f7 = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "bhyve-before-160471d264f7",
	.source = "FreeBSD before 160471d264f7",
	.summary = "injects an interrupted NMI again with blocking still 1: the entry fails",
	.pin_on = REBLOCK_POLICY_NMI_EXITING | REBLOCK_POLICY_VIRTUAL_NMIS,
	.exit = exit_without_dual,
	.handle = bhyve_handle,
	.inject = step_inject,
};
