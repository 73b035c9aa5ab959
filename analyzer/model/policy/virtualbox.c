/* SPDX-License-Identifier: BSD-2-Clause */
/* VirtualBox 6.1 and 7, the hardware-assisted part for Intel. No SPP or notify exits. */
#include "model/policy/policies.h"

static uint32_t virtualbox_handle(void *state, struct reblock_vmcs *v)
{
	(void)state;
	switch (step_reason(v)) {
	case REBLOCK_REASON_EXCEPTION_NMI:
		if (step_virtual_nmis(v))
			step_fault(v);
		return 0;
	case REBLOCK_REASON_EPT_VIOLATION:
	case REBLOCK_REASON_PML_FULL:
		if (step_virtual_nmis(v))
			step_qualification(v);
		return 0;
	case REBLOCK_REASON_SPP:
	case REBLOCK_REASON_NOTIFY:
		return REBLOCK_POLICY_NEVER;
	default:
		return 0;
	}
}

const struct reblock_policy reblock_policy_virtualbox = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "virtualbox",
	.source = "VirtualBox 6.1 and 7, VMM/VMMR0 and VMM/VMMAll",
	.summary = "faults, EPT violations and PML-full, with both exclusions and the controls",
	.pin_on = REBLOCK_POLICY_NMI_EXITING,
	.exit = step_exit_dual,
	.handle = virtualbox_handle,
	.inject = step_inject,
};
