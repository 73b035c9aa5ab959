/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The enlightened VMCS: where KVM runs under Hyper-V, the VMCS that it works on lies in memory, in a form
 * that Hyper-V's specification (TLFS, HV_VMX_ENLIGHTENED_VMCS) lays down. So what the processor's own VMCS
 * would keep to itself can be read.
 *
 * Also compiled by a unit test, which has its own EVMCS_READ and memory.
 */
#ifndef COLLECTOR_BPF_EVMCS_H
#define COLLECTOR_BPF_EVMCS_H

#include "injection.h"

#ifndef EVMCS_READ
#define EVMCS_LAYOUT __attribute__((preserve_access_index))
/* Reads MEMBER to TO, which has its type; 0, or a negative errno. */
#define EVMCS_READ(to, evmcs, member) bpf_core_read(&(to), sizeof(to), &(evmcs)->member)
#endif

struct hv_enlightened_vmcs {
	uint32_t revision_id;
	uint32_t guest_interruptibility_info;
	uint32_t vm_entry_intr_info_field;
	uint32_t hv_clean_fields;
} EVMCS_LAYOUT;

/* KVM_EVMCS_VERSION: KVM knows this one, and writes it where a VMCS has the processor's revision. */
#define EVMCS_REVISION 1

/* HV_VMX_ENLIGHTENED_CLEAN_FIELD_CONTROL_EVENT */
#define EVMCS_EVENT_CLEAN (1u << 5)

/*
 * Adds to the record R of an exit or entry what the VMCS in memory holds. Only for hosts below which there
 * is Hyper-V: elsewhere what lies here is the processor's own, of a layout that nobody tells.
 *
 * The clean fields say which groups KVM has not written since the last exit, so that Hyper-V need not read
 * them again. The interruptibility is right either way: Hyper-V stores it at each exit, and what KVM writes
 * after that is what it wants to enter with. The VM-entry interruption information is not: what was injected
 * at the last entry may still stand there. KVM marks all groups clean after each exit, and this one as
 * written when it injects something; only then does it count.
 */
static inline __attribute__((always_inline)) void fill_evmcs(struct reblock_record *r,
							     struct hv_enlightened_vmcs *evmcs)
{
	uint32_t revision = 0, interruptibility = 0, info = 0, clean = 0;

	if (EVMCS_READ(revision, evmcs, revision_id) || revision != EVMCS_REVISION)
		return;
	if (!EVMCS_READ(interruptibility, evmcs, guest_interruptibility_info)) {
		r->interruptibility = interruptibility;
		r->presence |= REBLOCK_HAS_INTERRUPTIBILITY;
	}
	if (r->kind != REBLOCK_ENTRY || EVMCS_READ(clean, evmcs, hv_clean_fields) ||
	    (clean & EVMCS_EVENT_CLEAN))
		return;
	if (!EVMCS_READ(info, evmcs, vm_entry_intr_info_field))
		set_injection(r, info);
}

#endif
