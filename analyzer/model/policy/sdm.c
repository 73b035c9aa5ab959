/* SPDX-License-Identifier: BSD-2-Clause */
/* The reference: what the rules (docs/rules.md, section 2) ask for, and nothing else. */
#include "model/policy/policies.h"
#include "planted.h"

/* Rule 1.4. */
static bool defined(const struct reblock_vmcs *v)
{
	bool controls = PLANTED(42, !(v->pin & REBLOCK_PIN_NMI_EXITING), false) ||
			PLANTED(43, step_virtual_nmis(v), true);

	return controls && PLANTED(44, PLANTED(45, !step_idtv_valid(v), step_idtv_valid(v)), true);
}

/* Rule 1.3: this exit says that an IRET has unblocked. */
static bool unblocked(const struct reblock_vmcs *v)
{
	if (!defined(v))
		return false;
	switch (step_reason(v)) {
	case REBLOCK_REASON_EXCEPTION_NMI:
		return (v->intr_info & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_HARD_EXCEPTION &&
		       step_intr_bit12(v) && PLANTED(46, !step_double_fault(v), true);
	case REBLOCK_REASON_EPT_VIOLATION:
	case REBLOCK_REASON_PML_FULL:
	case REBLOCK_REASON_SPP:
	case REBLOCK_REASON_NOTIFY:
		return PLANTED(47, step_qualification_bit12(v), false);
	default:
		return false;
	}
}

static uint32_t sdm_exit(void *state, struct reblock_vmcs *v)
{
	(void)state;
	if (PLANTED(48, unblocked(v), false))
		step_block(v); /* rows 6 and 9 */
	else if (step_task_gate(v) && step_idtv_nmi(v))
		step_block(v); /* row 3 */
	return 0;
}

static uint32_t sdm_inject(void *state, struct reblock_vmcs *v, uint32_t event, uint32_t how)
{
	bool nmi = (event & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_NMI;

	if (PLANTED(49, how == REBLOCK_POLICY_REFLECT, false) && unblocked(v))
		step_unblock(v); /* row 7 */
	if (PLANTED(50, how == REBLOCK_POLICY_AGAIN, false) && nmi && step_virtual_nmis(v) &&
	    !step_task_gate(v))
		step_unblock(v); /* row 4 */
	return step_inject(state, v, event, how);
}

static int sdm_get_nmi_mask(void *state, struct reblock_vmcs *v)
{
	(void)state;
	return step_virtual_nmis(v) ?
		       PLANTED(51, step_blocked(v), step_blocked(v) && !unblocked(v)) :
		       -1;
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
