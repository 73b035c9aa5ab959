// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The programs, one for each attach point and each shape of its arguments. The loader decides by the
 * kernel's own description (BTF, tracefs) which of them are loaded.
 */
#include "environment.h"
#include "classic.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

typedef unsigned long long arguments;

/*
 * What a program at a classic tracepoint returns: 0 would keep the event from everybody, also from whoever records it with
 * perf (the kernel's trace_call_bpf and perf_trace_run_bpf_submit).
 */
#define LET_OTHERS_HAVE_IT 1

/* Being attached is its work: KVM then fills its copies of the exit's fields, for this tracepoint's record. */
SEC("tp/kvm/kvm_exit")
int fill_cache(void *context)
{
	(void)context;
	return LET_OTHERS_HAVE_IT;
}

/*
 * The same, and the exit's own program in one: KVM has filled its copies when it runs, so that it is known at the exit
 * whether that matters. Which vCPU this is, the last entry on this CPU has told.
 */
SEC("tp/kvm/kvm_exit")
int exit_filled(struct trace_event_raw_kvm_exit *context)
{
	on_filled_exit(context);
	return LET_OTHERS_HAVE_IT;
}

SEC("tp_btf/kvm_exit")
int exit_vcpu_isa(arguments *context)
{
	return on_exit((void *)context[0], context[1], LOAD);
}

SEC("tp_btf/kvm_exit")
int exit_reason_vcpu_isa(arguments *context)
{
	return on_exit((void *)context[1], context[2], LOAD);
}

SEC("tp_btf/kvm_entry")
int entry_vcpu(arguments *context)
{
	return on_entry((void *)context[0], LOAD);
}

SEC("raw_tp/kvm_exit")
int raw_exit_vcpu_isa(arguments *context)
{
	return on_exit((void *)context[0], context[1], PROBE);
}

SEC("raw_tp/kvm_exit")
int raw_exit_reason_vcpu_isa(arguments *context)
{
	return on_exit((void *)context[1], context[2], PROBE);
}

SEC("raw_tp/kvm_entry")
int raw_entry_vcpu(arguments *context)
{
	return on_entry((void *)context[0], PROBE);
}

SEC("raw_tp/reblock_vmread")
int vmread_values(arguments *context)
{
	return on_vmread(context);
}

SEC("fentry/vmx_set_nmi_mask")
int set_nmi_mask(arguments *context)
{
	CALLED(CALL_MASK_WRITE);
	return on_mask((void *)context[0], REBLOCK_MASK_WRITE, context[1] & 1);
}

SEC("fexit/vmx_get_nmi_mask")
int get_nmi_mask(arguments *context)
{
	CALLED(CALL_MASK_READ);
	return on_mask((void *)context[0], REBLOCK_MASK_READ, context[1] & 1);
}

SEC("fexit/vmx_nmi_blocked")
int nmi_blocked(arguments *context)
{
	CALLED(CALL_NMI_BLOCKED);
	return on_blocked((void *)context[0], context[1] & 1, true);
}

SEC("fexit/vmx_nmi_allowed")
int nmi_allowed(arguments *context)
{
	int allowed = context[2];

	/* An error comes before KVM has looked at blocking. */
	if (allowed < 0)
		return 0;
	CALLED(CALL_NMI_ALLOWED);
	return on_blocked((void *)context[0], !allowed, false);
}

SEC("fentry/kvm_vcpu_ioctl_x86_set_vcpu_events")
int set_vcpu_events(arguments *context)
{
	struct kvm_vcpu *vcpu = (void *)context[0];
	struct kvm *kvm = READ(LOAD, vcpu, kvm);

	/* Of a TDX guest KVM has no mask to write, so that this call is no occasion for another. */
	if (kvm && !is_tdx(kvm, LOAD))
		CALLED(CALL_EVENTS_WRITE);
	return on_events_write(vcpu, (void *)context[1]);
}

SEC("tp_btf/kvm_userspace_exit")
int userspace_exit(arguments *context)
{
	return user_exit(context[0], context[1], true);
}

SEC("raw_tp/kvm_userspace_exit")
int raw_userspace_exit(arguments *context)
{
	return user_exit(context[0], context[1], true);
}

SEC("fentry/kvm_arch_vcpu_destroy")
int vcpu_destroy(arguments *context)
{
	return on_vcpu_end(context[0]);
}

SEC("fentry/kvm_destroy_vm")
int destroy_vm(arguments *context)
{
	__u64 key = context[0];

	bpf_map_delete_elem(&vms, &key);
	return 0;
}

SEC("tp/kvm/kvm_exit")
int classic_exit(void *context)
{
	on_classic_exit(context);
	return LET_OTHERS_HAVE_IT;
}

SEC("tp/kvm/kvm_entry")
int classic_entry(void *context)
{
	on_classic_entry(context);
	return LET_OTHERS_HAVE_IT;
}

SEC("tp/kvm/kvm_userspace_exit")
int classic_userspace_exit(void *context)
{
	on_classic_user_exit(context);
	return LET_OTHERS_HAVE_IT;
}
