/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * NetBSD NVMM, 0007f493: nothing looks at bit 12, no dual rule, IDT-vectoring information is copied
 * whole. It intercepts no exception: an exit of reason 0 that is not an NMI ends the guest.
 */
#include "model/policy/policies.h"

static uint32_t nvmm_exit(void *state, struct reblock_vmcs *v)
{
	(void)state;
	switch (step_reason(v)) {
	case REBLOCK_REASON_EXCEPTION_NMI:
		return step_exception(v) ? REBLOCK_POLICY_NEVER : 0;
	default:
		return step_never_newer(v);
	}
}

const struct reblock_policy reblock_policy_nvmm = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "nvmm",
	.source = "NetBSD 0007f493, sys/dev/nvmm/x86/nvmm_x86_vmx.c",
	.summary = "virtual NMIs on, and nothing about blocking at all",
	.pin_on = REBLOCK_POLICY_NMI_EXITING | REBLOCK_POLICY_VIRTUAL_NMIS,
	.exit = nvmm_exit,
	.inject = step_inject_copy,
};
