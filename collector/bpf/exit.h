/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* An exit: kept back from kvm_exit to the vCPU's next event, when more of its fields may be known. */
#ifndef COLLECTOR_BPF_EXIT_H
#define COLLECTOR_BPF_EXIT_H

#include "vmread.h"
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

/* All of an exit is taken down that is known now; if it is kept, what KVM_RUN returns is of interest, too. */
static __always_inline int end_exit(struct vcpu_state *state, __u64 key)
{
	keep_exit(state, key);
	if (!ship_all && state->exit_seen)
		follow_thread(state, key);
	return 0;
}

static __always_inline int keep(struct kvm_vcpu *vcpu, __u32 reason, const enum access access)
{
	struct vcpu_vmx *vmx = (void *)vcpu;
	struct exit_info info = { 0 };
	struct loaded_vmcs *vmcs;
	struct vcpu_state *state;
	struct reblock_record *r;

	state = track(vcpu, access);
	if (!state)
		return 0;
	CALLED(CALL_EXIT);
	/* Kernels that handle some exits without leaving vmx_vcpu_run have several to one entry. */
	close_exit(state);

	r = &state->exit;
	begin(r, REBLOCK_EXIT);
	state->exit_rip_known = 0;
	r->presence = REBLOCK_HAS_REASON;
	r->reason = reason;
	take_vmread(r, (__u64)vcpu);
	if (r->reason & REBLOCK_REASON_FAILED_ENTRY)
		return end_exit(state, (__u64)vcpu);

	vmcs = read_vmcs(vmx, access);
	state->loaded_vmcs = (__u64)vmcs;
	fill_vmcs(r, vmx, vmcs, REBLOCK_EXIT);
	fill_enlightened(r, vmcs);
	read_info(vmx, &info);
	/* Kernels up to 5.11 read it only after this tracepoint; this member came with 5.14. */
	if (bpf_core_field_exists(vcpu->stat.generic)) {
		r->idt_vectoring = info.idt_vectoring;
		r->presence |= REBLOCK_HAS_IDT_VECTORING;
	}
	fill_lazy(state, vcpu, &info, trust_stale ? ~0ull : available(vcpu, access), access);
	return end_exit(state, (__u64)vcpu);
}

/* Exits tell of blocking: each is kept until its entry, which may tell something else (reblock/filter.h). */
static __always_inline bool blocking_is_read(void)
{
	return have_vmread || under_hyperv;
}

/* Whether an exit can be of interest, as far as its reason and its vCPU tell. */
static __always_inline bool exit_wanted(__u32 reason, __u64 key)
{
	return blocking_is_read() || reblock_filter_reason(reason) != REBLOCK_MATTERS_NOT ||
	       is_awake(key);
}

static __always_inline int on_exit(struct kvm_vcpu *vcpu, __u32 isa, const enum access access)
{
	__u32 reason;

	if (isa != KVM_ISA_VMX || !vcpu || !recording || !selected())
		return 0;
	reason = read_reason((struct vcpu_vmx *)vcpu);
	count_exit(bpf_get_smp_processor_id(), reason);
	return exit_wanted(reason, (__u64)vcpu) ? keep(vcpu, reason, access) : 0;
}

/*
 * Whether an exit of that reason matters, or its fields, which the classic tracepoint's record holds: then nothing has to be
 * looked up for those that many pages cause.
 */
static __always_inline bool filled_matters(const struct trace_event_raw_kvm_exit *context,
					   __u32 reason)
{
	enum reblock_matters matters = reblock_filter_reason(reason);

	if (matters != REBLOCK_MATTERS_MAYBE)
		return matters == REBLOCK_MATTERS;
	if (!bpf_core_field_exists(context->info1) || !bpf_core_field_exists(context->intr_info))
		return true;
	if ((reason & REBLOCK_REASON_BASIC) == REBLOCK_REASON_EXCEPTION_NMI)
		return reblock_filter_is_nmi(context->intr_info) ||
		       (context->intr_info & REBLOCK_NMI_UNBLOCKING);
	return context->info1 & REBLOCK_NMI_UNBLOCKING;
}

static __always_inline int on_filled_exit(struct trace_event_raw_kvm_exit *context)
{
	__u32 cpu = bpf_get_smp_processor_id(), reason;
	struct kvm_vcpu *vcpu = (void *)get_running(cpu);

	if (!vcpu || !recording || !selected())
		return 0;
	if (bpf_core_field_exists(context->isa) && context->isa != KVM_ISA_VMX)
		return 0;
	reason = bpf_core_field_exists(context->exit_reason) ? context->exit_reason :
							       read_reason((struct vcpu_vmx *)vcpu);
	count_exit(cpu, reason);
	if (!blocking_is_read() && !filled_matters(context, reason) && !is_awake((__u64)vcpu))
		return 0;
	return keep(vcpu, reason, PROBE);
}

#endif
