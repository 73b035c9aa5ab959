/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What KVM's copy of the VMCS says, and which of it counts. */
#ifndef COLLECTOR_BPF_VMX_H
#define COLLECTOR_BPF_VMX_H

#include "evmcs.h"
#include "thread.h"

/*
 * KVM reads the qualification, the interruption information and RIP only when something needs them;
 * before that its copies are those of an earlier exit. Its bit in regs_avail says which they are.
 */
static __always_inline __u64 available(struct kvm_vcpu *vcpu, const enum access access)
{
	struct kvm_vcpu___bitmap *newer = (void *)vcpu;

	return bpf_core_field_exists(vcpu->arch.regs_avail) ?
		       READ(access, vcpu, arch.regs_avail) :
		       READ(access, newer, arch.regs_avail[0]);
}

static __always_inline __u64 dirty(struct kvm_vcpu *vcpu, const enum access access)
{
	struct kvm_vcpu___bitmap *newer = (void *)vcpu;

	return bpf_core_field_exists(vcpu->arch.regs_dirty) ?
		       READ(access, vcpu, arch.regs_dirty) :
		       READ(access, newer, arch.regs_dirty[0]);
}

#define BIT_OF(old_type, old, new_type, new) \
	(1ull << (bpf_core_enum_value_exists(old_type, old) ? bpf_core_enum_value(old_type, old) : \
		  bpf_core_enum_value_exists(new_type, new) ? bpf_core_enum_value(new_type, new) : \
							      63))
#define AVAIL_RIP BIT_OF(enum kvm_reg, VCPU_REGS_RIP, enum kvm_reg___bitmap, VCPU_REG_RIP)
#define AVAIL_QUALIFICATION \
	BIT_OF(enum kvm_reg, VCPU_EXREG_EXIT_INFO_1, enum kvm_reg___bitmap, VCPU_REG_EXIT_INFO_1)
#define AVAIL_INTR_INFO \
	BIT_OF(enum kvm_reg, VCPU_EXREG_EXIT_INFO_2, enum kvm_reg___bitmap, VCPU_REG_EXIT_INFO_2)

/* A vCPU reset marks every register available and dirty, those that were never read among them. */
#define RESET_DIRTY 0x1ffffull

#define VMX_READ(to, vmx, member) bpf_core_read(&(to), sizeof(to), &(vmx)->member)

static __always_inline __u32 read_reason(struct vcpu_vmx *vmx)
{
	struct vcpu_vmx___vt *vt = (void *)vmx;
	struct vcpu_vmx___u32 *old = (void *)vmx;
	__u32 reason = 0;

	if (bpf_core_field_exists(vmx->exit_reason))
		VMX_READ(reason, vmx, exit_reason.full);
	else if (bpf_core_field_exists(vt->vt.exit_reason))
		VMX_READ(reason, vt, vt.exit_reason.full);
	else
		VMX_READ(reason, old, exit_reason);
	return reason;
}

/* KVM's copies of an exit's fields; of the first two those of an earlier exit, unless available. */
struct exit_info {
	__u64 qualification;
	__u32 intr_info;
	__u32 idt_vectoring;
};

/* Whether member NEXT lies right behind the SIZE bytes of FIRST: then one read does for both. */
#define BEHIND(first, size, next) \
	(bpf_core_field_offset(next) == bpf_core_field_offset(first) + (size))

static __always_inline void read_info(struct vcpu_vmx *vmx, struct exit_info *info)
{
	struct vcpu_vmx___vt *vt = (void *)vmx;

	if (!bpf_core_field_exists(vmx->exit_qualification)) {
		VMX_READ(info->qualification, vt, vt.exit_qualification);
		VMX_READ(info->intr_info, vt, vt.exit_intr_info);
		VMX_READ(info->idt_vectoring, vmx, idt_vectoring_info);
	} else if (BEHIND(vmx->exit_qualification, 8, vmx->exit_intr_info) &&
		   BEHIND(vmx->exit_intr_info, 4, vmx->idt_vectoring_info)) {
		VMX_READ(*info, vmx, exit_qualification);
	} else {
		VMX_READ(info->qualification, vmx, exit_qualification);
		VMX_READ(info->intr_info, vmx, exit_intr_info);
		VMX_READ(info->idt_vectoring, vmx, idt_vectoring_info);
	}
}

static __always_inline __u64 read_rip(struct kvm_vcpu *vcpu, const enum access access)
{
	struct kvm_vcpu___bitmap *newer = (void *)vcpu;

	return bpf_core_field_exists(newer->arch.rip) ?
		       READ(access, newer, arch.rip) :
		       READ(access, vcpu, arch.regs[VCPU_REGS_RIP]);
}

static __always_inline struct loaded_vmcs *read_vmcs(struct vcpu_vmx *vmx)
{
	struct loaded_vmcs *vmcs = 0;

	VMX_READ(vmcs, vmx, loaded_vmcs);
	return vmcs;
}

static __always_inline bool is_l2(struct vcpu_vmx *vmx, struct loaded_vmcs *vmcs)
{
	return vmcs != __builtin_preserve_access_index(&vmx->vmcs01);
}

const volatile bool under_hyperv; /* what lies at loaded_vmcs->vmcs may be an enlightened VMCS */

static __always_inline void fill_enlightened(struct reblock_record *r, struct loaded_vmcs *vmcs)
{
	void *evmcs = 0;

	if (!under_hyperv)
		return;
	VMX_READ(evmcs, vmcs, vmcs);
	if (evmcs)
		fill_evmcs(r, evmcs);
}

/* The controls, KU and whose VMCS it is: the same for exits and entries. */
static __always_inline void fill_vmcs(struct reblock_record *r, struct vcpu_vmx *vmx,
				      struct loaded_vmcs *vmcs)
{
	struct vmcs_controls_shadow *controls = &vmcs->controls_shadow;
	__u32 both[2] = { 0 };
	bool unmasked = false;

	r->presence |= REBLOCK_HAS_L2;
	if (is_l2(vmx, vmcs))
		r->flags |= REBLOCK_L2;
	if (bpf_core_field_exists(vmcs->controls_shadow)) {
		if (BEHIND(controls->pin, 4, controls->exec)) {
			VMX_READ(both, controls, pin);
		} else {
			VMX_READ(both[0], controls, pin);
			VMX_READ(both[1], controls, exec);
		}
		r->pin = both[0];
		r->exec = both[1];
		r->presence |= REBLOCK_HAS_PIN | REBLOCK_HAS_EXEC;
	}
	if (bpf_core_field_exists(vmcs->nmi_known_unmasked) &&
	    (recover_after || r->kind == REBLOCK_ENTRY)) {
		VMX_READ(unmasked, vmcs, nmi_known_unmasked);
		r->presence |= REBLOCK_HAS_NMI_KNOWN_UNMASKED;
		if (unmasked)
			r->flags |= REBLOCK_NMI_KNOWN_UNMASKED;
	}
}

#endif
