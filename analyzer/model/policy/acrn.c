/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * ACRN d61d98cf8 runs guests with "NMI exiting" 0: bit 12 is defined, and nothing looks at it. An
 * event that was interrupted is injected again as IDT-vectoring information had it; an exception is
 * put together anew.
 */
#include "model/policy/policies.h"

const struct reblock_policy reblock_policy_acrn = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "acrn",
	.source = "ACRN d61d98cf8, hypervisor/arch/x86/guest",
	.summary = "NMI exiting 0, and nothing looks at bit 12",
	.pin_off = REBLOCK_POLICY_NMI_EXITING | REBLOCK_POLICY_VIRTUAL_NMIS,
	.exit = step_exit_nothing,
	.inject = step_inject_copy,
};
