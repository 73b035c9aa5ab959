/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The members of the kernel's structures that the programs read. Offsets are relocated at load; what
 * follows three underscores names another kernel's layout of the same structure.
 */
#ifndef COLLECTOR_BPF_KVM_H
#define COLLECTOR_BPF_KVM_H

#include "environment.h"
#include <stdbool.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct task_struct {
	struct task_struct *group_leader;
	char comm[16];
};

struct kvm_arch {
	__u8 vm_type; /* since 6.8; wider at first, which the relocation adjusts */
};

struct kvm {
	int userspace_pid;
	struct kvm_arch arch;
};

struct kvm_queued_exception {
	bool injected;
	bool has_error_code;
	__u8 vector; /* since 6.1 */
	__u32 error_code;
};

struct kvm_queued_interrupt {
	bool injected;
	bool soft;
	__u8 nr;
};

struct kvm_vcpu_arch {
	unsigned long regs[17];
	__u32 regs_avail, regs_dirty;
	unsigned long cr0;
	struct kvm_queued_exception exception;
	struct kvm_queued_interrupt interrupt;
	bool nmi_injected;
};

struct kvm_vcpu_stat_generic {
	__u64 halt_poll_success_ns;
};

struct kvm_vcpu_stat {
	struct kvm_vcpu_stat_generic generic; /* since 5.14 */
	__u64 exits;
	__u64 guest_mode; /* since 5.14: 1 while a nested guest runs */
};

struct kvm_vcpu {
	struct kvm *kvm;
	int vcpu_id;
	struct kvm_vcpu_arch arch;
	struct kvm_vcpu_stat stat;
};

/* RIP apart from the others, regs_avail and regs_dirty as bitmaps: 7.2 */
struct kvm_vcpu_arch___bitmap {
	unsigned long rip;
	unsigned long regs_avail[1], regs_dirty[1];
};

struct kvm_vcpu___bitmap {
	struct kvm_vcpu_arch___bitmap arch;
};

/* The exception's vector under its name until 6.0. */
struct kvm_queued_exception___nr {
	__u8 nr;
};

struct kvm_vcpu_arch___nr {
	struct kvm_queued_exception___nr exception;
};

struct kvm_vcpu___nr {
	struct kvm_vcpu_arch___nr arch;
};

struct vmcs_controls_shadow {
	__u32 pin, exec;
};

struct loaded_vmcs {
	void *vmcs; /* in memory; under Hyper-V the VMCS itself */
	bool nmi_known_unmasked;
	struct vmcs_controls_shadow controls_shadow;
};

/* The record of the classic tracepoint kvm_exit. */
struct trace_event_raw_kvm_exit {
	unsigned int exit_reason;
	__u32 isa;
	__u64 info1; /* the qualification */
	__u32 intr_info;
};

union vmx_exit_reason {
	__u32 full;
};

struct vcpu_vmx {
	unsigned long exit_qualification;
	__u32 exit_intr_info;
	__u32 idt_vectoring_info;
	struct loaded_vmcs vmcs01;
	struct loaded_vmcs *loaded_vmcs;
	struct {
		int vm86_active;
	} rmode;
	union vmx_exit_reason exit_reason;
};

struct vcpu_vmx___u32 {
	__u32 exit_reason;
};

/* What VMX and TDX share moved here in 6.16. */
struct vcpu_vt {
	union vmx_exit_reason exit_reason;
	unsigned long exit_qualification;
	__u32 exit_intr_info;
};

struct vcpu_vmx___vt {
	struct vcpu_vt vt;
};

#pragma clang attribute pop

/* Part of the user-space interface, so fixed; marked all the same, for the verifier's type check. */
struct kvm_vcpu_events {
	struct {
		__u8 injected, nr, has_error_code, pending;
		__u32 error_code;
	} exception;
	struct {
		__u8 injected, nr, soft, shadow;
	} interrupt;
	struct {
		__u8 injected, pending, masked, pad;
	} nmi;
	__u32 sipi_vector;
	__u32 flags;
} __attribute__((preserve_access_index));

enum kvm_reg { VCPU_REGS_RIP = 16, VCPU_EXREG_EXIT_INFO_1 = 23, VCPU_EXREG_EXIT_INFO_2 = 24 };

enum kvm_reg___bitmap { VCPU_REG_RIP = 16, VCPU_REG_EXIT_INFO_1 = 23, VCPU_REG_EXIT_INFO_2 = 24 };

#define KVM_ISA_VMX 1
#define KVM_X86_TDX_VM 5
#define KVM_VCPUEVENT_VALID_NMI_PENDING 1
#define ERRNO_INTR 4

#endif
