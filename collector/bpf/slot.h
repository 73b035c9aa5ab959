/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the kernel module has read at an event, on its way into that event's record. */
#ifndef COLLECTOR_BPF_SLOT_H
#define COLLECTOR_BPF_SLOT_H

#include "injection.h"
#include "shared.h"

/*
 * Adds to the record R of an exit (whose reason is known) or entry what SLOT holds, and empties it. VCPU
 * is the vCPU's address, 0 where it is not known. Nothing is added where nothing was read, where the
 * values are of another event, or at the exit of a failed entry, which saves no state of the guest.
 */
static inline __attribute__((always_inline)) void take_slot(struct vmread_slot *slot,
							    struct reblock_record *r, uint64_t vcpu)
{
	uint32_t what = slot->what;

	slot->what = 0;
	if (what >> 16 != r->kind || (vcpu && slot->vcpu != vcpu))
		return;
	if (r->kind == REBLOCK_EXIT && (r->reason & REBLOCK_REASON_FAILED_ENTRY))
		return;
	if (what & REBLOCK_HAS_INTERRUPTIBILITY)
		r->interruptibility = slot->interruptibility;
	if (what & REBLOCK_HAS_IDT_VECTORING)
		r->idt_vectoring = slot->idt_vectoring;
	if (what & REBLOCK_HAS_PIN)
		r->pin = slot->pin;
	if (what & REBLOCK_HAS_EXEC)
		r->exec = slot->exec;
	if (what & REBLOCK_HAS_INTR_INFO)
		set_injection(r, slot->intr_info);
	r->presence |= what & (REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_IDT_VECTORING |
			       REBLOCK_HAS_PIN | REBLOCK_HAS_EXEC);
}

#endif
