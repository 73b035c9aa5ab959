/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Linux KVM, arch/x86/kvm/vmx, as read in 4.15 to 7.3.4. Without virtual NMIs it keeps the mask in
 * software and leaves bit 12 and the VMCS alone; when that soft block ends is not modelled, so the mask
 * it would report is not known then.
 */
#include "model/policy/kvm.h"
#include "planted.h"

/* vmx_set_nmi_mask */
void kvm_set_nmi_mask(void *state, struct reblock_vmcs *v, int masked)
{
	struct kvm_state *s = state;

	if (!step_virtual_nmis(v))
		return;
	s->known_unmasked = PLANTED(55, !masked, s->known_unmasked);
	if (masked)
		step_block(v);
	else
		step_unblock(v);
}

/* vmx_get_nmi_mask: the cache first; what is read otherwise refreshes it. */
int kvm_get_nmi_mask(void *state, struct reblock_vmcs *v)
{
	struct kvm_state *s = state;

	if (!step_virtual_nmis(v))
		return -1;
	if (s->known_unmasked)
		return 0;
	s->known_unmasked = !step_blocked(v);
	return !s->known_unmasked;
}

/* vmx_recover_nmi_blocking: looks at VM-exit interruption information only. */
static void recover(struct kvm_state *s, struct reblock_vmcs *v, unsigned has)
{
	bool exclusions = has & KVM_FAULT_EXCLUSIONS;

	if (!step_virtual_nmis(v) || ((has & KVM_CACHE) && s->known_unmasked))
		return;
	if (step_intr_bit12(v) &&
	    !(exclusions && (PLANTED(56, step_double_fault(v), false) || step_idtv_valid(v))))
		step_block(v);
	else
		s->known_unmasked = !step_blocked(v);
}

uint32_t kvm_exit(struct kvm_state *s, struct reblock_vmcs *v, unsigned has)
{
	recover(s, v, has);
	/* __vmx_complete_interrupts: the dual rule, also for a task gate, which is put right below. */
	if (PLANTED(57, step_idtv_nmi(v), false))
		kvm_set_nmi_mask(s, v, 0);
	return 0;
}

/* The handlers set the bit in the VMCS and leave the cache as it is. */
uint32_t kvm_handle(struct kvm_state *s, struct reblock_vmcs *v, unsigned has)
{
	bool bit12 = step_qualification_bit12(v);
	bool conditions = step_virtual_nmis(v) && !step_idtv_valid(v);

	switch (step_reason(v)) {
	case REBLOCK_REASON_EPT_VIOLATION:
		if (PLANTED(58, has & KVM_EPT, false) && bit12 &&
		    (conditions || !(has & KVM_EPT_CONDITIONS)))
			step_block(v);
		return 0;
	case REBLOCK_REASON_PML_FULL:
		if (!(has & KVM_PML))
			return REBLOCK_POLICY_NEVER;
		if (bit12 && conditions)
			step_block(v);
		return 0;
	case REBLOCK_REASON_NOTIFY:
		if (!(has & KVM_NOTIFY))
			return REBLOCK_POLICY_NEVER;
		if (bit12 && step_virtual_nmis(v)) /* no test of IDT vectoring */
			step_block(v);
		return 0;
	case REBLOCK_REASON_SPP:
		return REBLOCK_POLICY_NEVER;
	case REBLOCK_REASON_TASK_SWITCH:
		if (PLANTED(59, step_task_gate(v), false) && step_idtv_nmi(v))
			kvm_set_nmi_mask(s, v, 1);
		return 0;
	default:
		return 0;
	}
}

/* vmx_inject_nmi and the others */
uint32_t kvm_inject(void *state, struct reblock_vmcs *v, uint32_t event, uint32_t how)
{
	struct kvm_state *s = state;

	if (PLANTED(60, (event & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_NMI, false))
		s->known_unmasked = 0;
	return step_inject(state, v, event, how);
}

void kvm_reset(void *state, uint32_t which)
{
	struct kvm_state *s = state;

	s->known_unmasked = (uint8_t)which;
}

static uint32_t exit_today(void *state, struct reblock_vmcs *v)
{
	return kvm_exit(state, v, KVM_TODAY);
}

static uint32_t handle_today(void *state, struct reblock_vmcs *v)
{
	return kvm_handle(state, v, KVM_TODAY);
}

const struct reblock_policy reblock_policy_kvm = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "kvm",
	.source = "Linux 6.0 to 7.3.4, arch/x86/kvm/vmx",
	.summary = "KVM with its cache nmi_known_unmasked; without virtual NMIs a mask in software",
	.pin_on = REBLOCK_POLICY_NMI_EXITING,
	.state_size = sizeof(struct kvm_state),
	.initial_states = 2,
	.reset = kvm_reset,
	.exit = exit_today,
	.handle = handle_today,
	.inject = kvm_inject,
	.get_nmi_mask = kvm_get_nmi_mask,
	.set_nmi_mask = kvm_set_nmi_mask,
};
