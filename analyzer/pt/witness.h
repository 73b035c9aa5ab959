/* SPDX-License-Identifier: BSD-2-Clause */
/* What PT shows of a guest, as a record. */
#ifndef PT_WITNESS_H
#define PT_WITNESS_H

#include <stdbool.h>
#include <reblock/record.h>
#include "pt/event.h"

/*
 * Makes the witness of EVENT, which was seen while a guest ran or at its entry or exit: what was seen, rip,
 * qualification, vector, reason; of a vCPU and a time the caller knows, and of l2. Returns false where the event says
 * nothing of the guest's interrupts: paging, packets on and off, a user interrupt (which no IRET ends).
 */
bool pt_witness(const struct pt_event *event, struct reblock_record *r);

/* Makes a witness of KIND that has nothing but that. */
void pt_witness_bare(struct reblock_record *r, enum reblock_witness_kind kind);

/* Whether the IRET in EVENT is known to have completed. */
static inline bool pt_iret_completed(const struct pt_event *event)
{
	return event->has & PT_HAS_TO || event->ends;
}

#endif
