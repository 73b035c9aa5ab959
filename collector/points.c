// SPDX-License-Identifier: BSD-2-Clause
#include "internal.h"

#include <errno.h>
#include <string.h>

const char *const way_names[WAYS] = {
	[WAY_TP_BTF] = "tp_btf",
	[WAY_RAW_TP] = "raw_tp",
	[WAY_CLASSIC] = "classic tracepoint",
};

const struct point_description point_descriptions[POINTS] = {
	[POINT_VM_END] = {
		.label = "VM end",
		.hook = "fentry kvm_destroy_vm",
		.program = { "destroy_vm", "destroy_vm", NULL },
		.records = "the end of a VM",
		.loses = "a VM whose memory the same process uses again for another VM may keep its number",
	},
	[POINT_VCPU_END] = {
		.label = "vCPU end",
		.hook = "fentry kvm_arch_vcpu_destroy",
		.program = { "vcpu_destroy", "vcpu_destroy", NULL },
		.records = "the end of a vCPU",
		.loses = "the table of vCPUs keeps those that ended, and may become full",
	},
	[POINT_USER_EXIT] = {
		.label = "user_exit",
		.hook = "kvm_userspace_exit",
		.program = { "userspace_exit", "raw_userspace_exit", "classic_userspace_exit" },
		.kind = REBLOCK_USER_EXIT,
		.call = CALL_USER_EXIT,
		.records = "KVM_RUN returning to user space",
		.loses = "an event write by user space cannot be excluded: many exits cannot be judged",
	},
	[POINT_EVENTS_WRITE] = {
		.label = "events_write",
		.hook = "fentry kvm_vcpu_ioctl_x86_set_vcpu_events",
		.program = { "set_vcpu_events", "set_vcpu_events", NULL },
		.kind = REBLOCK_EVENTS_WRITE,
		.call = CALL_EVENTS_WRITE,
		.records = "user space writing the vCPU's events",
		.loses = "what user space wrote is not known: no judgement across an exit to user space",
	},
	[POINT_MASK_WRITE] = {
		.label = "mask_write",
		.hook = "fentry vmx_set_nmi_mask",
		.program = { "set_nmi_mask", "set_nmi_mask", NULL },
		.kind = REBLOCK_MASK_WRITE,
		.call = CALL_MASK_WRITE,
		.records = "KVM setting its NMI mask",
		.loses = "writes of the mask between an exit and the entry are not seen",
	},
	[POINT_MASK_READ] = {
		.label = "mask_read",
		.hook = "fexit vmx_get_nmi_mask",
		.program = { "get_nmi_mask", "get_nmi_mask", NULL },
		.kind = REBLOCK_MASK_READ,
		.call = CALL_MASK_READ,
		.records = "the NMI mask that KVM reports",
		.loses = "no finding of kind stale-mask",
	},
	[POINT_NMI_BLOCKED] = {
		.label = "blocked_read",
		.hook = "fexit vmx_nmi_blocked",
		.program = { "nmi_blocked", "nmi_blocked", NULL },
		.kind = REBLOCK_BLOCKED_READ,
		.call = CALL_NMI_BLOCKED,
		.records = "KVM's own look at blocking in the VMCS",
		.loses = "direct evidence rests on vmx_nmi_allowed, if that is there",
	},
	[POINT_NMI_ALLOWED] = {
		.label = "blocked_read",
		.hook = "fexit vmx_nmi_allowed",
		.program = { "nmi_allowed", "nmi_allowed", NULL },
		.kind = REBLOCK_BLOCKED_READ,
		.call = CALL_NMI_ALLOWED,
		.records = "the same, where the compiler hid vmx_nmi_blocked",
		.loses = "direct evidence rests on vmx_nmi_blocked, which many kernels never call",
	},
	[POINT_VMREAD] = {
		.label = "VMCS fields",
		.hook = "raw_tp reblock_vmread",
		.program = { "vmread_values", "vmread_values", "vmread_values" },
		.records = "fields that the module reblock_vmread reads from the VMCS",
		.loses = "blocking is not read at exits and entries",
	},
	[POINT_ENTRY] = {
		.label = "entry",
		.hook = "kvm_entry",
		.program = { "entry_vcpu", "raw_entry_vcpu", "classic_entry" },
		.kind = REBLOCK_ENTRY,
		.call = CALL_ENTRY,
		.records = "VM entries",
		.loses = "nothing can be recorded",
	},
	[POINT_CACHE] = {
		.label = "exit fields",
		.hook = "classic kvm_exit, before the other",
		.program = { "fill_cache", "fill_cache", NULL },
		.records = "makes KVM read the exit's fields",
		.loses = "qualification, interruption information and RIP are absent from exits whose "
			 "handlers do not read them",
	},
	[POINT_EXIT] = {
		.label = "exit",
		.hook = "kvm_exit",
		.program = { NULL, NULL, "classic_exit" },
		.kind = REBLOCK_EXIT,
		.call = CALL_EXIT,
		.records = "VM exits",
		.loses = "nothing can be recorded",
	},
};

char *point_missing(const struct attached *attached, enum point point)
{
	const struct point_description *description = &point_descriptions[point];
	int error = attached->errors[point];

	/* The module is an extra, of which reblock doctor speaks. */
	if (point == POINT_VMREAD && error == -ENOENT)
		return NULL;
	/* A classic program at kvm_exit has them filled anyway. */
	if (attached->links[point] ||
	    (point == POINT_CACHE && (attached->way == WAY_CLASSIC || attached->filled)))
		return NULL;
	return text("%s (%s): %s", description->hook,
		    error ? strerror(-error) : "left out, as asked", description->loses);
}
