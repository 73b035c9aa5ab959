/* SPDX-License-Identifier: BSD-2-Clause */
/* Bitdefender napoca 9f266d3: the dual rule alone; IDT-vectoring information is copied whole. */
#include "model/policy/policies.h"

static uint32_t napoca_exit(void *state, struct reblock_vmcs *v)
{
	(void)state;
	step_dual(v);
	switch (step_reason(v)) {
	case REBLOCK_REASON_SPP:
	case REBLOCK_REASON_NOTIFY:
		return REBLOCK_POLICY_NEVER;
	default:
		return 0;
	}
}

const struct reblock_policy reblock_policy_napoca = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "napoca",
	.source = "napoca 9f266d3",
	.summary = "forgets faults, EPT violations and PML-full; has the dual rule",
	.exit = napoca_exit,
	.inject = step_inject_copy,
};
