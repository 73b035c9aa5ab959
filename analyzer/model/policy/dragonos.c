/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * DragonOS 0ac0b5d8. The test of IDT vectoring is the wrong way round, and the whole interruptibility
 * state is overwritten with 8. How it injects an interrupted event again was not found in the source.
 */
#include "model/policy/policies.h"

static uint32_t dragonos_exit(void *state, struct reblock_vmcs *v)
{
	(void)state;
	switch (step_reason(v)) {
	case REBLOCK_REASON_EPT_VIOLATION:
		if (step_idtv_valid(v) && step_virtual_nmis(v) && step_qualification_bit12(v))
			v->interruptibility = REBLOCK_BLOCKING_NMI;
		return 0;
	default:
		return step_never_newer(v);
	}
}

static uint32_t dragonos_inject(void *state, struct reblock_vmcs *v, uint32_t event, uint32_t how)
{
	if (how == REBLOCK_POLICY_AGAIN)
		return REBLOCK_POLICY_UNKNOWN;
	return step_inject(state, v, event, how);
}

const struct reblock_policy reblock_policy_dragonos = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "dragonos",
	.source = "DragonOS 0ac0b5d8, kernel/src/arch/x86_64/vm/vmx",
	.summary = "re-blocks only where bit 12 is undefined, and overwrites the whole field",
	.pin_on = REBLOCK_POLICY_NMI_EXITING,
	.exit = dragonos_exit,
	.inject = dragonos_inject,
};
