/* SPDX-License-Identifier: BSD-2-Clause */
/* The reference: what the rules (docs/rules.md, section 2) ask for, and nothing else. */
#include "model/policy/policies.h"

/* Rule 1.4. */
static bool defined(const struct reblock_vmcs *v)
{
	bool controls = !(v->pin & REBLOCK_PIN_NMI_EXITING) || step_virtual_nmis(v);

	return controls && !step_idtv_valid(v);
}

/* Rule 1.3: this exit says that an IRET has unblocked. */
static bool unblocked(const struct reblock_vmcs *v)
{
	if (!defined(v))
		return false;
	switch (step_reason(v)) {
	case REBLOCK_REASON_EXCEPTION_NMI:
		return (v->intr_info & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_HARD_EXCEPTION &&
		       step_intr_bit12(v) && !step_double_fault(v);
	case REBLOCK_REASON_EPT_VIOLATION:
	case REBLOCK_REASON_PML_FULL:
	case REBLOCK_REASON_SPP:
	case REBLOCK_REASON_NOTIFY:
		return step_qualification_bit12(v);
	default:
		return false;
	}
}

static uint32_t sdm_exit(void *state, struct reblock_vmcs *v)
{
	(void)state;
	if (unblocked(v))
		step_block(v); /* rows 6 and 9 */
	else if (step_task_gate(v) && step_idtv_nmi(v))
		step_block(v); /* row 3 */
	return 0;
}

static uint32_t sdm_inject(void *state, struct reblock_vmcs *v, uint32_t event, uint32_t how)
{
	bool nmi = (event & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_NMI;

	if (how == REBLOCK_POLICY_REFLECT && unblocked(v))
		step_unblock(v); /* row 7 */
	if (how == REBLOCK_POLICY_AGAIN && nmi && step_virtual_nmis(v) && !step_task_gate(v))
		step_unblock(v); /* row 4 */
	return step_inject(state, v, event, how);
}

static int sdm_get_nmi_mask(void *state, struct reblock_vmcs *v)
{
	(void)state;
	return step_virtual_nmis(v) ? step_blocked(v) : -1;
}

const struct reblock_policy reblock_policy_sdm = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "sdm",
	.source = "Intel SDM volume 3C, as docs/rules.md has it",
	.summary = "the reference: re-blocks exactly where the rules ask for it",
	.exit = sdm_exit,
	.inject = sdm_inject,
	.get_nmi_mask = sdm_get_nmi_mask,
};
