/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BitVisor 66559d6. Bit 12 is taken wherever it stands, defined or not, and both the exit's exception
 * and IDT-vectoring information are copied whole into VM-entry interruption information.
 */
#include "model/policy/policies.h"

/* vt__event_delivery_check, before the handlers: for a task gate too. */
static uint32_t bitvisor_exit(void *state, struct reblock_vmcs *v)
{
	(void)state;
	if (step_idtv_nmi(v))
		step_unblock(v);
	return 0;
}

static uint32_t bitvisor_handle(void *state, struct reblock_vmcs *v)
{
	(void)state;
	switch (step_reason(v)) {
	case REBLOCK_REASON_EXCEPTION_NMI:
		if (step_intr_bit12(v))
			step_block(v);
		return 0;
	case REBLOCK_REASON_EPT_VIOLATION:
		if (step_qualification_bit12(v))
			step_block(v);
		return 0;
	default:
		return step_never_newer(v);
	}
}

/* do_exception hands the guest what the exit said, bit 12 with it. */
static uint32_t bitvisor_inject(void *state, struct reblock_vmcs *v, uint32_t event, uint32_t how)
{
	uint32_t answer = step_inject_copy(state, v, event, how);

	if (how == REBLOCK_POLICY_REFLECT)
		v->entry_intr_info = v->intr_info;
	return answer;
}

const struct reblock_policy reblock_policy_bitvisor = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "bitvisor",
	.source = "BitVisor 66559d6, core/vt_main.c",
	.summary =
		"no exclusion, blocking cleared for a task gate too, bit 12 copied into the entry",
	.pin_on = REBLOCK_POLICY_NMI_EXITING,
	.exit = bitvisor_exit,
	.handle = bitvisor_handle,
	.inject = bitvisor_inject,
};
