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
		if (BEHIND(vt->vt.exit_qualification, 8, vt->vt.exit_intr_info)) {
			bpf_core_read(info, 12, &vt->vt.exit_qualification);
		} else {
			VMX_READ(info->qualification, vt, vt.exit_qualification);
			VMX_READ(info->intr_info, vt, vt.exit_intr_info);
		}
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

/*
 * The VMCS that KVM works on: vmcs01 unless KVM says that a nested guest runs, which costs no call to learn. KVM sets
 * both on its way from one to the other (enter_guest_mode and vmx_switch_vmcs), between an exit and the next entry.
 */
static __always_inline struct loaded_vmcs *read_vmcs(struct vcpu_vmx *vmx, const enum access access)
{
	struct kvm_vcpu *vcpu = (void *)vmx;
	struct loaded_vmcs *vmcs = 0;

	if (bpf_core_field_exists(vcpu->stat.guest_mode) && !READ(access, vcpu, stat.guest_mode))
		return __builtin_preserve_access_index(&vmx->vmcs01);
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

/* What is read of a struct loaded_vmcs. */
struct vmcs_view {
	__u32 controls[2]; /* pin, exec */
	__u8 unmasked;
};

/* A call to read memory costs more than some bytes more of it: one does for both where they are that near. */
#define NEAR 160

static __always_inline void read_both(struct loaded_vmcs *vmcs, struct vmcs_view *view)
{
	__u32 first = bpf_core_field_offset(vmcs->nmi_known_unmasked);
	__u32 last = bpf_core_field_offset(vmcs->controls_shadow.exec);
	__u32 at = bpf_core_field_offset(vmcs->controls_shadow.pin) - first;
	__u8 bytes[NEAR] __attribute__((aligned(8)));

	bpf_probe_read_kernel(bytes, last + 4 - first, (__u8 *)vmcs + first);
	view->unmasked = bytes[0];
	__builtin_memcpy(view->controls, bytes + at, 8);
}

static __always_inline void read_controls(struct loaded_vmcs *vmcs, struct vmcs_view *view)
{
	if (!bpf_core_field_exists(vmcs->controls_shadow))
		return;
	if (BEHIND(vmcs->controls_shadow.pin, 4, vmcs->controls_shadow.exec)) {
		bpf_core_read(view->controls, 8, &vmcs->controls_shadow.pin);
	} else {
		VMX_READ(view->controls[0], vmcs, controls_shadow.pin);
		VMX_READ(view->controls[1], vmcs, controls_shadow.exec);
	}
}

/* Whether read_both can be used: its two members lie as they do in all kernels so far. */
static __always_inline bool are_near(struct loaded_vmcs *vmcs)
{
	__u32 first, last;

	if (!bpf_core_field_exists(vmcs->controls_shadow) ||
	    !bpf_core_field_exists(vmcs->nmi_known_unmasked) ||
	    !BEHIND(vmcs->controls_shadow.pin, 4, vmcs->controls_shadow.exec))
		return false;
	first = bpf_core_field_offset(vmcs->nmi_known_unmasked);
	last = bpf_core_field_offset(vmcs->controls_shadow.exec);
	return first < last && last - first <= NEAR - 4;
}

/* The controls, KU and whose VMCS it is: the same for exits and entries. */
static __always_inline void fill_vmcs(struct reblock_record *r, struct vcpu_vmx *vmx,
				      struct loaded_vmcs *vmcs, __u8 kind)
{
	bool want_unmasked = bpf_core_field_exists(vmcs->nmi_known_unmasked) &&
			     (recover_after || kind == REBLOCK_ENTRY);
	struct vmcs_view view = { 0 };

	r->presence |= REBLOCK_HAS_L2;
	if (is_l2(vmx, vmcs))
		r->flags |= REBLOCK_L2;
	if (want_unmasked && are_near(vmcs)) {
		read_both(vmcs, &view);
	} else {
		read_controls(vmcs, &view);
		if (want_unmasked)
			VMX_READ(view.unmasked, vmcs, nmi_known_unmasked);
	}
	if (bpf_core_field_exists(vmcs->controls_shadow)) {
		r->pin = view.controls[0];
		r->exec = view.controls[1];
		r->presence |= REBLOCK_HAS_PIN | REBLOCK_HAS_EXEC;
	}
	if (want_unmasked) {
		r->presence |= REBLOCK_HAS_NMI_KNOWN_UNMASKED;
		if (view.unmasked)
			r->flags |= REBLOCK_NMI_KNOWN_UNMASKED;
	}
}

#endif
