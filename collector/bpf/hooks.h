/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What KVM does between an exit and the next entry. */
#ifndef COLLECTOR_BPF_HOOKS_H
#define COLLECTOR_BPF_HOOKS_H

#include "entry.h"

static __always_inline int on_mask(struct kvm_vcpu *vcpu, __u8 kind, bool masked)
{
	struct vcpu_state *state;
	struct reblock_record r;

	if (!is_awake((__u64)vcpu))
		return 0;
	state = track(vcpu, LOAD);
	if (!state)
		return 0;
	complete(state, vcpu, LOAD);
	begin(&r, kind);
	r.presence = REBLOCK_HAS_MASKED;
	if (masked)
		r.flags = REBLOCK_MASKED;
	take_operation(state, &r);
	return 0;
}

/*
 * KVM has read the VMCS to see whether an NMI can be injected. Only "not blocked" proves something, and
 * only of L1 with virtual NMIs: for L2 the answer may come without a look at the VMCS.
 */
static __always_inline int on_blocked(struct kvm_vcpu *vcpu, bool blocked, bool inner)
{
	struct vcpu_vmx *vmx = (void *)vcpu;
	struct vcpu_state *state;
	struct loaded_vmcs *vmcs;
	struct reblock_record r;
	__u32 pin = 0;

	if (!is_awake((__u64)vcpu))
		return 0;
	state = track(vcpu, LOAD);
	vmcs = read_vmcs(vmx, LOAD);
	if (!state || is_l2(vmx, vmcs))
		return 0;
	VMX_READ(pin, vmcs, controls_shadow.pin);
	if (!(pin & REBLOCK_PIN_VIRTUAL_NMIS))
		return 0;
	/* vmx_nmi_allowed calls vmx_nmi_blocked, or a copy of it that no hook sees. */
	if (!inner && state->blocked_seen) {
		state->blocked_seen = 0;
		return 0;
	}
	state->blocked_seen = inner;
	complete(state, vcpu, LOAD);
	begin(&r, REBLOCK_BLOCKED_READ);
	r.presence = REBLOCK_HAS_MASKED;
	if (blocked)
		r.flags = REBLOCK_MASKED;
	take_operation(state, &r);
	return 0;
}

static __always_inline int on_events_write(struct kvm_vcpu *vcpu, struct kvm_vcpu_events *events)
{
	struct vcpu_state *state;
	struct reblock_record r;

	if (!is_awake((__u64)vcpu))
		return 0;
	state = track(vcpu, LOAD);
	if (!state || !events)
		return 0;
	complete(state, vcpu, LOAD);
	begin(&r, REBLOCK_EVENTS_WRITE);
	r.presence = REBLOCK_HAS_MASKED | REBLOCK_HAS_NMI_INJECTED;
	if (events->nmi.masked)
		r.flags |= REBLOCK_MASKED;
	if (events->nmi.injected)
		r.flags |= REBLOCK_NMI_INJECTED;
	if (events->flags & KVM_VCPUEVENT_VALID_NMI_PENDING) {
		r.presence |= REBLOCK_HAS_PENDING;
		if (events->nmi.pending)
			r.flags |= REBLOCK_PENDING;
	}
	take_operation(state, &r);
	return 0;
}

/*
 * KVM_RUN returns. Where it failed, `reason` is left over from before. COMPLETES: tables are keyed by the
 * vCPU's address, so that its exit can still be completed.
 */
static __always_inline int user_exit(__u32 reason, int error, bool completes)
{
	__u32 tid = bpf_get_current_pid_tgid();
	__u64 *vcpu = bpf_map_lookup_elem(&threads, &tid), key;
	struct vcpu_state *state;
	struct reblock_record r;

	if (!vcpu || !recording)
		return 0;
	key = *vcpu;
	bpf_map_delete_elem(&threads, &tid);
	state = bpf_map_lookup_elem(&vcpus, &key);
	if (!state || state->skip || state->dead)
		return 0;
	CALLED(CALL_USER_EXIT);
	state->tid = 0;
	if (!ship_all && !state->awake)
		return 0;
	if (completes)
		complete(state, (void *)key, PROBE);
	begin(&r, REBLOCK_USER_EXIT);
	if (error >= 0 || error == -ERRNO_INTR) {
		r.presence = REBLOCK_HAS_REASON;
		r.reason = reason;
	}
	take_operation(state, &r);
	return 0;
}

/* The vCPU ends: its last exit and its last losses are told now, or found by the loader at its end. */
static __always_inline int on_vcpu_end(__u64 key)
{
	struct vcpu_state *state = bpf_map_lookup_elem(&vcpus, &key);
	struct reblock_record *r;
	__u64 now;

	if (!state || state->dead)
		return 0;
	close_exit(state);
	set_awake(state, key, false);
	if (state->lost) {
		now = bpf_ktime_get_ns();
		r = reserve_always(1);
		if (!r) {
			state->dead = 1;
			return 0;
		}
		begin(r, REBLOCK_LOST);
		r->t = now;
		r->vm = state->vm;
		r->vcpu = state->vcpu;
		r->presence = REBLOCK_HAS_QUALIFICATION;
		r->qualification = state->lost;
		COUNT(placed, state->lost);
		submit(r);
	}
	bpf_map_delete_elem(&vcpus, &key);
	return 0;
}

#endif
