/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * QEMU on Apple's Hypervisor framework, 08c9f7ee: no exception is intercepted, so bit 12 is met in EPT
 * violations only. The framework runs guests with virtual NMIs.
 */
#include "model/policy/policies.h"

static uint32_t hvf_exit(void *state, struct reblock_vmcs *v)
{
	(void)state;
	step_dual(v);
	switch (step_reason(v)) {
	case REBLOCK_REASON_EPT_VIOLATION:
		step_qualification(v);
		return 0;
	case REBLOCK_REASON_EXCEPTION_NMI:
		return step_exception(v) ? REBLOCK_POLICY_NEVER : 0;
	default:
		return step_never_newer(v);
	}
}

const struct reblock_policy reblock_policy_hvf = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "hvf",
	.source = "QEMU 08c9f7ee, target/i386/hvf",
	.summary = "EPT violations; nothing else can have bit 12 there",
	.pin_on = REBLOCK_POLICY_NMI_EXITING | REBLOCK_POLICY_VIRTUAL_NMIS,
	.exit = hvf_exit,
	.inject = step_inject,
};
