/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The last resort, where there is no BTF for KVM: the classic tracepoints' own records, whose fields KVM
 * reads from the VMCS for them. They name no struct kvm, so a process counts as one VM; and they hold no
 * controls and no state of KVM's.
 */
#ifndef COLLECTOR_BPF_CLASSIC_H
#define COLLECTOR_BPF_CLASSIC_H

#include "hooks.h"

const volatile struct classic_exit_format exit_at;
const volatile struct classic_entry_format entry_at;
const volatile struct classic_user_exit_format user_exit_at;
const volatile bool
	info2_is_idt_vectoring; /* not on kernels that read it later, where it is always 0 */

#define FIELD(to, context, offset) \
	bpf_probe_read_kernel(&(to), sizeof(to), (char *)(context) + (offset))

static __always_inline __u64 classic_key(__u32 vcpu_id)
{
	return (__u64)vcpu_id << 32 | (__u32)bpf_get_current_pid_tgid();
}

static __always_inline struct vcpu_state *classic_track(__u64 key)
{
	struct vcpu_state *state;

	if (!recording || !selected())
		return 0;
	state = bpf_map_lookup_elem(&vcpus, &key);
	return state ? state : new_vcpu(key, bpf_get_current_pid_tgid() >> 32, key >> 32, 0);
}

static __always_inline int on_classic_exit(void *context)
{
	__u32 isa = 0, vcpu = 0, reason = 0;
	struct vcpu_state *state;
	struct reblock_record *r;
	__u64 info2 = 0, key;

	FIELD(isa, context, exit_at.isa);
	if (isa != KVM_ISA_VMX || !recording || !selected())
		return 0;
	FIELD(reason, context, exit_at.reason);
	count_exit(bpf_get_smp_processor_id(), reason);
	if (exit_at.vcpu)
		FIELD(vcpu, context, exit_at.vcpu);
	key = classic_key(vcpu);
	if (!exit_wanted(reason, key))
		return 0;
	state = classic_track(key);
	if (!state)
		return 0;
	close_exit(state);
	r = &state->exit;
	begin(r, REBLOCK_EXIT);
	state->exit_rip_known = 0;
	r->reason = reason;
	r->presence = REBLOCK_HAS_REASON;
	take_vmread(r, 0);
	if (r->reason & REBLOCK_REASON_FAILED_ENTRY)
		return end_exit(state, key);
	FIELD(r->qualification, context, exit_at.info1);
	r->presence |= REBLOCK_HAS_QUALIFICATION;
	if (exit_at.rip) {
		FIELD(r->rip, context, exit_at.rip);
		r->presence |= REBLOCK_HAS_RIP;
		state->exit_rip_known = 1;
	}
	if (exit_at.intr_info) {
		FIELD(r->intr_info, context, exit_at.intr_info);
		r->presence |= REBLOCK_HAS_INTR_INFO;
	}
	if (info2_is_idt_vectoring && exit_at.info2) {
		FIELD(info2, context, exit_at.info2);
		r->idt_vectoring = info2;
		r->presence |= REBLOCK_HAS_IDT_VECTORING;
	}
	return end_exit(state, key);
}

static __always_inline int on_classic_entry(void *context)
{
	struct vcpu_state *state;
	struct reblock_record r;
	__u32 vcpu = 0, info = 0;
	__u64 key;

	FIELD(vcpu, context, entry_at.vcpu);
	key = classic_key(vcpu);
	if (entry_at.intr_info)
		FIELD(info, context, entry_at.intr_info);
	if (!is_awake(key) && !reblock_filter_is_nmi(info))
		return 0;
	state = classic_track(key);
	if (!state)
		return 0;
	if (ship_all)
		follow_thread(state, key);
	begin(&r, REBLOCK_ENTRY);
	if (entry_at.rip) {
		FIELD(r.rip, context, entry_at.rip);
		r.presence |= REBLOCK_HAS_RIP;
		if (state->exit_seen && state->exit_rip_known) {
			r.presence |= REBLOCK_HAS_RIP_SAME;
			if (r.rip == state->exit.rip)
				r.flags |= REBLOCK_RIP_SAME;
		}
	}
	if (entry_at.intr_info) {
		r.intr_info = info;
		set_injection(&r, info);
	}
	take_vmread(&r, 0);
	take_entry(state, &r, key);
	return 0;
}

static __always_inline int on_classic_user_exit(void *context)
{
	__u32 reason = 0;
	int error = 0;

	FIELD(reason, context, user_exit_at.reason);
	FIELD(error, context, user_exit_at.error);
	return user_exit(reason, error, false);
}

#endif
