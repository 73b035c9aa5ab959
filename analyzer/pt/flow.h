/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The IRETs that complete in a guest whose memory is known, seen by following what it ran: for Intel PT without Event Trace,
 * with which the processor tells of them itself.
 *
 * Flow is known from where a guest's address is (an entry, an interrupt's handler, a PSB, packets that begin) up to where the
 * image has no bytes, or a return leads to a call that was not seen; from there on it is not known until an address is known
 * again. A TIP between is none to go on from: the processor may put branches of later instructions before it (SDM, "Deferred
 * TIPs"). Between two events without any TIP no IRET can have completed, whatever ran.
 *
 * Where the image cannot be what ran, nothing of what the segment was followed for is kept.
 */
#ifndef PT_FLOW_H
#define PT_FLOW_H

#include "pt/follow.h"
#include "pt/stream.h"

/* PT_EVENT_IRET or PT_EVENT_UNFOLLOWED. */
struct pt_fact {
	struct pt_event event;
	size_t before; /* comes right before that event of the segment; their number: at its end */
};

struct pt_flow {
	const struct pt_image *image;
	struct pt_counts *counts;
	struct pt_code_view code;
	struct pt_fact *facts;
	size_t n_facts, facts_room;

	/* The run that is being made. */
	uint8_t *run;
	size_t size, room;
	struct pt_stretch *stretches;
	size_t n, stretches_room;
	bool mode_64;
};

/*
 * Follows the guest in the bytes from BEGIN, where a PSB is, to END, which gave the N EVENTS. Sets FACTS and N_FACTS. Returns
 * 0, or -ENOMEM. IMAGE and COUNTS are set by the caller, the rest is 0 the first time.
 */
int pt_flow_segment(struct pt_flow *flow, const uint8_t *bytes, size_t begin, size_t end,
		    const struct pt_event *events, size_t n);

void pt_flow_free(struct pt_flow *flow);

#endif
