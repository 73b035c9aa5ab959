// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The collector's programs at other events, for hosts whose KVM fires no kvm_exit and no kvm_entry: kvm_emulate_insn
 * stands for the exit and kvm_pio for the entry (tests/bench/collector/exits.c makes one of each per exit).
 *
 * All code is the collector's own; what differs: these tracepoints' arguments, and that the entry takes the vCPU from
 * the exit before it, which is right for one vCPU only. Good for measuring costs, and for nothing else.
 */
#define exit_vcpu_isa unused_exit_vcpu_isa
#define entry_vcpu unused_entry_vcpu
#define fill_cache unused_fill_cache
#include "reblock.bpf.c"
#undef exit_vcpu_isa
#undef entry_vcpu
#undef fill_cache

extern void *bpf_rdonly_cast(const void *object, __u32 type) __ksym;

struct kvm_vcpu *proxy_vcpu;

SEC("tp/kvm/kvm_emulate_insn")
int fill_cache(void *context)
{
	(void)context;
	return LET_OTHERS_HAVE_IT;
}

SEC("tp_btf/kvm_emulate_insn")
int exit_vcpu_isa(arguments *context)
{
	proxy_vcpu = (void *)context[0];
	return on_exit((void *)context[0], KVM_ISA_VMX, LOAD);
}

SEC("tp_btf/kvm_pio")
int entry_vcpu(arguments *context)
{
	(void)context;
	return on_entry(bpf_rdonly_cast(proxy_vcpu, bpf_core_type_id_kernel(struct kvm_vcpu)),
			LOAD);
}
