/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * OpenVMM for TDX partitions, 1488a37b7. Bit 12 of an EPT violation is taken for its cause: blocking
 * is set, and the violation itself is not looked at, so the IRET takes it again for ever. Faults are
 * not looked at; no dual rule; IDT-vectoring information is copied whole.
 */
#include "model/policy/policies.h"

static uint32_t openvmm_exit(void *state, struct reblock_vmcs *v)
{
	(void)state;
	switch (step_reason(v)) {
	case REBLOCK_REASON_EPT_VIOLATION:
		if (!step_qualification_bit12(v) || step_idtv_valid(v))
			return 0;
		step_block(v);
		return REBLOCK_POLICY_NOT_SERVICED;
	default:
		return step_never_newer(v);
	}
}

const struct reblock_policy reblock_policy_openvmm_tdx = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "openvmm-tdx",
	.source = "OpenVMM 1488a37b7, virt_mshv_vtl",
	.summary =
		"an EPT violation on IRET is re-blocked and never serviced: livelock; faults forgotten",
	.pin_on = REBLOCK_POLICY_NMI_EXITING,
	.exit = openvmm_exit,
	.inject = step_inject_copy,
};
