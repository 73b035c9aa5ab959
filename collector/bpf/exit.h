/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* An exit: kept back from kvm_exit to the vCPU's next event, when more of its fields may be known. */
#ifndef COLLECTOR_BPF_EXIT_H
#define COLLECTOR_BPF_EXIT_H

#include "vmx.h"

static __always_inline void fill_lazy(struct vcpu_state *state, struct kvm_vcpu *vcpu,
				      const struct exit_info *info, __u64 avail,
				      const enum access access)
{
	struct reblock_record *r = &state->exit;

	if (avail & AVAIL_QUALIFICATION) {
		r->qualification = info->qualification;
		r->presence |= REBLOCK_HAS_QUALIFICATION;
	}
	if (avail & AVAIL_INTR_INFO) {
		r->intr_info = info->intr_info;
		r->presence |= REBLOCK_HAS_INTR_INFO;
	}
	if (avail & AVAIL_RIP) {
		r->rip = read_rip(vcpu, access);
		r->presence |= REBLOCK_HAS_RIP;
		state->exit_rip_known = 1;
	}
}

/*
 * Completes the exit that is kept back with what KVM has read since. Not after a switch to another
 * VMCS or a reset of the vCPU; and RIP only while KVM has not moved it.
 */
static __always_inline void complete(struct vcpu_state *state, struct kvm_vcpu *vcpu,
				     const enum access access)
{
	const __u16 lazy = REBLOCK_HAS_QUALIFICATION | REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_RIP;
	struct vcpu_vmx *vmx = (void *)vcpu;
	struct exit_info info = { 0 };
	__u64 changed, missing = 0;
	__u16 has = state->exit.presence;

	if (!state->pending || (has & lazy) == lazy ||
	    (state->exit.reason & REBLOCK_REASON_FAILED_ENTRY))
		return;
	changed = dirty(vcpu, access);
	if ((changed & RESET_DIRTY) == RESET_DIRTY ||
	    (__u64)read_vmcs(vmx, access) != state->loaded_vmcs)
		return;
	if (!(has & REBLOCK_HAS_QUALIFICATION))
		missing |= AVAIL_QUALIFICATION;
	if (!(has & REBLOCK_HAS_INTR_INFO))
		missing |= AVAIL_INTR_INFO;
	if (!(has & REBLOCK_HAS_RIP) && !(changed & AVAIL_RIP))
		missing |= AVAIL_RIP;
	missing &= available(vcpu, access);
	if (!missing)
		return;
	read_info(vmx, &info);
	fill_lazy(state, vcpu, &info, missing, access);
}

static __always_inline int on_exit(struct kvm_vcpu *vcpu, __u32 isa, const enum access access)
{
	struct vcpu_vmx *vmx = (void *)vcpu;
	struct exit_info info = { 0 };
	struct loaded_vmcs *vmcs;
	struct vcpu_state *state;
	struct reblock_record *r;

	if (isa != KVM_ISA_VMX || !vcpu)
		return 0;
	state = track(vcpu, access);
	if (!state)
		return 0;
	CALLED(CALL_EXIT);
	/* Kernels that handle some exits without leaving vmx_vcpu_run have several to one entry. */
	emit(state, 0);

	r = &state->exit;
	begin(r, REBLOCK_EXIT);
	state->pending = 1;
	state->exit_seen = 1;
	state->exit_rip_known = 0;
	r->presence = REBLOCK_HAS_REASON;
	r->reason = read_reason(vmx);
	if (r->reason & REBLOCK_REASON_FAILED_ENTRY)
		return 0;

	vmcs = read_vmcs(vmx, access);
	state->loaded_vmcs = (__u64)vmcs;
	fill_vmcs(r, vmx, vmcs, REBLOCK_EXIT);
	read_info(vmx, &info);
	/* Kernels up to 5.11 read it only after this tracepoint; this member came with 5.14. */
	if (bpf_core_field_exists(vcpu->stat.generic)) {
		r->idt_vectoring = info.idt_vectoring;
		r->presence |= REBLOCK_HAS_IDT_VECTORING;
	}
	fill_lazy(state, vcpu, &info, trust_stale ? ~0ull : available(vcpu, access), access);
	return 0;
}

#endif
