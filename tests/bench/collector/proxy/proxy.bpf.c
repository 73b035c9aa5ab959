// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The collector's programs at other events, for hosts whose KVM fires no kvm_exit and no kvm_entry: kvm_emulate_insn
 * stands for the exit and kvm_pio for the entry (tests/bench/collector/exits.c makes one of each per exit).
 *
 * All code is the collector's own; what differs: these tracepoints' arguments. So the entry takes the vCPU from the exit
 * before it, which is right for one vCPU only, or asks for it in a way that costs more. And the classic record of the
 * proxy has other fields (proxy_layout.c). Good for measuring costs, and for nothing else.
 */
#define exit_vcpu_isa unused_exit_vcpu_isa
#define entry_vcpu unused_entry_vcpu
#define fill_cache unused_fill_cache
#define exit_filled unused_exit_filled
#define trace_event_raw_kvm_exit proxy_exit_record
#include "reblock.bpf.c"
#undef exit_vcpu_isa
#undef entry_vcpu
#undef fill_cache
#undef exit_filled

extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct hlist_node;
struct hlist_head {
	struct hlist_node *first;
};

struct task_struct___notified {
	struct hlist_head preempt_notifiers;
};

struct preempt_notifier {
	struct hlist_head link;
};

struct kvm_vcpu___notified {
	struct preempt_notifier preempt_notifier;
};

#pragma clang attribute pop

static __u64 proxy_vcpu;

/* The vCPU that this thread runs: KVM wants to be told when the thread is preempted. */
static __always_inline __u64 vcpu_of_thread(void)
{
	struct task_struct___notified *task = (void *)bpf_get_current_task();
	struct kvm_vcpu___notified *vcpu = 0;
	__u64 first = 0;

	bpf_core_read(&first, sizeof(first), &task->preempt_notifiers.first);
	return first ? first - bpf_core_field_offset(vcpu->preempt_notifier.link) : 0;
}

SEC("tp/kvm/kvm_emulate_insn")
int fill_cache(void *context)
{
	(void)context;
	return LET_OTHERS_HAVE_IT;
}

SEC("tp/kvm/kvm_emulate_insn")
int exit_filled(struct proxy_exit_record *context)
{
	on_filled_exit(context);
	return LET_OTHERS_HAVE_IT;
}

SEC("tp_btf/kvm_emulate_insn")
int exit_vcpu_isa(arguments *context)
{
	proxy_vcpu = context[0];
	return on_exit((void *)context[0], KVM_ISA_VMX, LOAD);
}

SEC("tp_btf/kvm_pio")
int entry_vcpu(arguments *context)
{
	(void)context;
	if (exits_are_filled)
		proxy_vcpu = vcpu_of_thread();
	return on_entry(bpf_rdonly_cast((void *)proxy_vcpu,
					bpf_core_type_id_kernel(struct kvm_vcpu)),
			LOAD);
}
