/* SPDX-License-Identifier: BSD-2-Clause */
/* ikgt-core 1f53455: forces virtual NMIs on; faults and EPT violations; no dual rule. */
#include "model/policy/policies.h"

static uint32_t ikgt_exit(void *state, struct reblock_vmcs *v)
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

const struct reblock_policy reblock_policy_ikgt = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "ikgt",
	.source = "ikgt-core 1f53455",
	.summary =
		"faults and EPT violations; an interrupted NMI is injected again with blocking 1",
	.pin_on = REBLOCK_POLICY_NMI_EXITING | REBLOCK_POLICY_VIRTUAL_NMIS,
	.exit = ikgt_exit,
	.inject = step_inject,
};
