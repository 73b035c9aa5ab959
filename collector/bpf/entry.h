/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* A VM entry. */
#ifndef COLLECTOR_BPF_ENTRY_H
#define COLLECTOR_BPF_ENTRY_H

#include "exit.h"

#define CR0_PE 1
#define VECTOR_BP 3
#define VECTOR_OF 4

/* KVM enters and leaves that mode with CR0.PE (vmx_set_cr0): in protected mode there is nothing to read. */
static __always_inline bool is_vm86(struct kvm_vcpu *vcpu, const enum access access)
{
	struct vcpu_vmx *vmx = (void *)vcpu;
	int vm86 = 1;

	if (bpf_core_field_exists(vcpu->arch.cr0) && READ(access, vcpu, arch.cr0) & CR0_PE)
		return false;
	if (bpf_core_field_exists(vmx->rmode.vm86_active))
		VMX_READ(vm86, vmx, rmode.vm86_active);
	return vm86;
}

/*
 * The VM-entry interruption information, which KVM keeps no copy of, made again from what KVM makes it
 * of: at most one of these is injected, an exception before an NMI before an interrupt.
 *
 * Not for L2, where L1's own injection comes from vmcs12, and not where KVM enters the handler of a
 * real-mode guest by moving RIP (virtual-8086 mode, on processors without unrestricted guest).
 */
static __always_inline void fill_injection(struct reblock_record *r, struct kvm_vcpu *vcpu,
					   const enum access access)
{
	struct kvm_vcpu___nr *older = (void *)vcpu;
	__u32 vector, type;

	if (is_vm86(vcpu, access) || (r->flags & REBLOCK_L2))
		return;
	r->presence |= REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_NMI_INJECTED;
	if (READ(access, vcpu, arch.exception.injected)) {
		vector = bpf_core_field_exists(vcpu->arch.exception.vector) ?
				 READ(access, vcpu, arch.exception.vector) :
				 READ(access, older, arch.exception.nr);
		type = vector == VECTOR_BP || vector == VECTOR_OF ?
			       REBLOCK_INTR_TYPE_SOFT_EXCEPTION :
			       REBLOCK_INTR_TYPE_HARD_EXCEPTION;
		r->intr_info = REBLOCK_INTR_VALID | type | vector;
		if (READ(access, vcpu, arch.exception.has_error_code)) {
			r->intr_info |= INTR_DELIVER_CODE;
			r->error_code = READ(access, vcpu, arch.exception.error_code);
			r->presence |= REBLOCK_HAS_ERROR_CODE;
		}
	} else if (READ(access, vcpu, arch.nmi_injected)) {
		r->intr_info = REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI | REBLOCK_VECTOR_NMI;
		r->flags |= REBLOCK_NMI_INJECTED;
	} else if (READ(access, vcpu, arch.interrupt.injected)) {
		type = READ(access, vcpu, arch.interrupt.soft) ? REBLOCK_INTR_TYPE_SOFT_INTERRUPT :
								 REBLOCK_INTR_TYPE_EXTERNAL;
		r->intr_info = REBLOCK_INTR_VALID | type | READ(access, vcpu, arch.interrupt.nr);
	}
}

/* RIP, and whether it is the exit's: KVM has not written it, or has written the same. */
static __always_inline void fill_rip(struct vcpu_state *state, struct reblock_record *r,
				     struct kvm_vcpu *vcpu, const enum access access)
{
	bool moved = dirty(vcpu, access) & AVAIL_RIP, same = !moved;

	if (available(vcpu, access) & AVAIL_RIP) {
		r->rip = read_rip(vcpu, access);
		r->presence |= REBLOCK_HAS_RIP;
	}
	if (!state->exit_seen)
		return;
	if (moved) {
		if (!state->exit_rip_known || !(r->presence & REBLOCK_HAS_RIP))
			return;
		same = r->rip == state->exit.rip;
	}
	r->presence |= REBLOCK_HAS_RIP_SAME;
	if (same)
		r->flags |= REBLOCK_RIP_SAME;
}

static __always_inline int on_entry(struct kvm_vcpu *vcpu, const enum access access)
{
	struct vcpu_vmx *vmx = (void *)vcpu;
	struct loaded_vmcs *vmcs;
	struct reblock_record r;
	struct vcpu_state *state;

	if (!vcpu || !recording)
		return 0;
	set_running((__u64)vcpu);
	if (!is_awake((__u64)vcpu) && !READ(access, vcpu, arch.nmi_injected))
		return 0;
	state = track(vcpu, access);
	if (!state)
		return 0;
	CALLED(CALL_ENTRY);
	complete(state, vcpu, access);
	if (ship_all)
		follow_thread(state, (__u64)vcpu);
	begin(&r, REBLOCK_ENTRY);
	vmcs = read_vmcs(vmx, access);
	fill_vmcs(&r, vmx, vmcs, REBLOCK_ENTRY);
	fill_injection(&r, vcpu, access);
	fill_enlightened(&r, vmcs);
	take_vmread(&r, (__u64)vcpu);
	fill_rip(state, &r, vcpu, access);
	take_entry(state, &r, (__u64)vcpu);
	return 0;
}

#endif
