/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Finding or making the state of a vCPU and the number of its VM. */
#ifndef COLLECTOR_BPF_TRACK_H
#define COLLECTOR_BPF_TRACK_H

#include "kept.h"
#include "select.h"

/* The VM's number; 0 if there is no room. RENEW: the VM that had this number has ended. */
static __always_inline __u32 vm_number(__u64 kvm, __u32 renew, __u8 *named)
{
	struct vm_state *vm = bpf_map_lookup_elem(&vms, &kvm);
	__u32 pid = bpf_get_current_pid_tgid() >> 32;

	if (!vm) {
		struct vm_state new = { .vm = new_vm_number(), .pid = pid };

		/* Another vCPU of this VM may have been first: then its number stands. */
		bpf_map_update_elem(&vms, &kvm, &new, BPF_NOEXIST);
		vm = bpf_map_lookup_elem(&vms, &kvm);
		if (!vm)
			return 0;
	} else if (vm->vm == renew || vm->pid != pid) {
		vm->vm = new_vm_number();
		vm->pid = pid;
		vm->named = 0;
	}
	if (!vm->named)
		vm->named = emit_name(vm->vm, vm->pid);
	*named = vm->named;
	return vm->vm;
}

static __noinline struct vcpu_state *new_vcpu(__u64 key, __u64 kvm, __u32 vcpu_id, __u32 renew)
{
	struct vcpu_state *state;
	__u8 named = 0;
	__u32 vm = vm_number(kvm, renew, &named);

	bpf_map_update_elem(&vcpus, &key, &fresh_vcpu, BPF_ANY);
	state = bpf_map_lookup_elem(&vcpus, &key);
	if (!state || !vm) {
		bpf_map_delete_elem(&vcpus, &key);
		COUNT(untracked, 1);
		return 0;
	}
	state->kvm = kvm;
	state->vm = vm;
	state->vcpu = vcpu_id;
	state->named = named;
	return state;
}

static __always_inline bool is_tdx(struct kvm *kvm, const enum access access)
{
	return bpf_core_field_exists(kvm->arch.vm_type) &&
	       READ(access, kvm, arch.vm_type) == KVM_X86_TDX_VM;
}

/*
 * The state of a vCPU of VMX, made at first sight, or NULL: not VMX, or no room. A vCPU whose count of
 * exits has gone back is another one at the same address, missed by the hooks on the end of a VM.
 */
static __always_inline struct vcpu_state *track(struct kvm_vcpu *vcpu, const enum access access)
{
	__u64 key = (__u64)vcpu, exits = 0;
	struct vcpu_state *state;

	if (!recording || !selected())
		return 0;
	if (bpf_core_field_exists(vcpu->stat.exits))
		exits = READ(access, vcpu, stat.exits);
	state = bpf_map_lookup_elem(&vcpus, &key);
	if (!state || state->dead || exits < state->exits) {
		struct kvm *kvm = READ(access, vcpu, kvm);
		__u32 renew = 0;

		if (!kvm)
			return 0;
		if (state) {
			if (!state->dead)
				close_exit(state);
			set_awake(state, key, false);
			COUNT(unplaced, state->lost);
			renew = state->dead ? 0 : state->vm;
		}
		state = new_vcpu(key, (__u64)kvm, READ(access, vcpu, vcpu_id), renew);
		if (!state)
			return 0;
		state->skip = is_tdx(kvm, access);
	}
	state->exits = exits;
	if (state->skip)
		state = 0;
	/* Keeps the compiler from testing another pointer for this one, which the verifier does not follow. */
	barrier_var(state);
	return state;
}

#endif
