/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What the kernel module reblock_vmread reads from the VMCS. Its tracepoint fires inside each kvm_exit and
 * kvm_entry, before the programs there: a slot for each CPU carries the values from the one to the other.
 */
#ifndef COLLECTOR_BPF_VMREAD_H
#define COLLECTOR_BPF_VMREAD_H

#include "slot.h"
#include "state.h"

const volatile bool have_vmread; /* the module is loaded */

/* Mapped by nobody, but a table that could be begins on a page, and with it each slot on a cache line. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1); /* the loader: one for each CPU */
	__type(key, __u32);
	__type(value, struct vmread_slot);
} vmread SEC(".maps");

/* At the module's tracepoint. */
static __always_inline int on_vmread(const unsigned long long *arguments)
{
	__u32 cpu = bpf_get_smp_processor_id();
	struct vmread_slot *slot = bpf_map_lookup_elem(&vmread, &cpu);

	if (!slot)
		return 0;
	slot->vcpu = arguments[0];
	slot->what = arguments[1];
	slot->interruptibility = arguments[2];
	slot->intr_info = arguments[3];
	slot->idt_vectoring = arguments[4];
	slot->pin = arguments[5];
	slot->exec = arguments[6];
	return 0;
}

/*
 * Adds to the record R of an exit or entry what the module has read at it, and empties the slot. VCPU is
 * the vCPU's address, 0 where it is not known.
 */
static __always_inline void take_vmread(struct reblock_record *r, __u64 vcpu)
{
	struct vmread_slot *slot;
	__u32 cpu = r->cpu;

	if (!have_vmread)
		return;
	slot = bpf_map_lookup_elem(&vmread, &cpu);
	if (slot)
		take_slot(slot, r, vcpu);
}

#endif
