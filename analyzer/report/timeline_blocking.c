/* SPDX-License-Identifier: BSD-2-Clause */
/* What one record says of blocking by NMI. Only what a rule of docs/rules.md allows to be said. */
#include "report/timeline.h"

static void says(struct timeline_record *r, enum reblock_tri before, enum reblock_tri after,
		 enum timeline_known known)
{
	r->before = (uint8_t)before;
	r->after = (uint8_t)after;
	r->known = (uint8_t)known;
}

/* A nested guest has a VMCS of its own: its blocking is not that of the lane. */
static bool nested(const struct reblock_record *x)
{
	return reblock_has(x, REBLOCK_HAS_L2) && reblock_flag(x, REBLOCK_L2);
}

static void exit_says(struct timeline_record *r)
{
	const struct reblock_record *x = &r->record;
	enum reblock_tri saved = reblock_blocking(x);
	struct reblock_unblock u;

	reblock_unblock_of(x, &u);
	if (u.failed_entry == REBLOCK_YES || nested(x))
		return;
	if (u.unblocked == REBLOCK_YES)
		says(r, REBLOCK_YES, saved == REBLOCK_UNKNOWN ? REBLOCK_NO : saved,
		     TIMELINE_UNBLOCK);
	else if (saved != REBLOCK_UNKNOWN)
		says(r, saved, saved, TIMELINE_SAVED);
	else if (reblock_idtv_is_nmi(x) == REBLOCK_YES)
		says(r, REBLOCK_YES, REBLOCK_YES, TIMELINE_DELIVERY);
	else if (reblock_has(x, REBLOCK_HAS_REASON) &&
		 (x->reason & REBLOCK_REASON_BASIC) == REBLOCK_REASON_NMI_WINDOW)
		says(r, REBLOCK_NO, REBLOCK_NO, TIMELINE_WINDOW);
}

static void entry_says(struct timeline_record *r)
{
	const struct reblock_record *x = &r->record;
	enum reblock_tri loaded = reblock_blocking(x);

	if (nested(x))
		return;
	if (loaded != REBLOCK_UNKNOWN)
		says(r, loaded, loaded, TIMELINE_SAVED);
	/* With blocking 1 and virtual NMIs such an entry fails (rule 1.8). */
	if (reblock_injects(x) == REBLOCK_INJECTS_NMI &&
	    reblock_entry_reinjects_blocked(x) != REBLOCK_YES)
		says(r, loaded, REBLOCK_YES, TIMELINE_INJECTED);
}

/*
 * What Intel PT shows says no value, but what was known may end with it: whether an IRET unblocks hangs on the
 * controls, what is delivered may be an NMI, and an exception the IRET's own fault.
 */
static enum reblock_tri after_witness(const struct reblock_record *r, enum reblock_tri so_far)
{
	bool nmi = reblock_has(r, REBLOCK_HAS_INTR_INFO) && r->intr_info == REBLOCK_VECTOR_NMI;
	bool interrupt = reblock_has(r, REBLOCK_HAS_INTR_INFO) && r->intr_info >= 32;

	switch (r->error_code) {
	case REBLOCK_SAW_EXIT:
	case REBLOCK_SAW_ENTRY:
		return so_far;
	case REBLOCK_SAW_IRET:
		return so_far == REBLOCK_NO ? REBLOCK_NO : REBLOCK_UNKNOWN;
	case REBLOCK_SAW_INTERRUPT:
		if (interrupt || (nmi && so_far == REBLOCK_YES))
			return so_far;
		return REBLOCK_UNKNOWN;
	default:
		return REBLOCK_UNKNOWN;
	}
}

void timeline_blocking(struct timeline_record *r, enum reblock_tri so_far, bool events_recorded)
{
	says(r, REBLOCK_UNKNOWN, REBLOCK_UNKNOWN, TIMELINE_NOT_KNOWN);
	switch (r->record.kind) {
	case REBLOCK_EXIT:
		exit_says(r);
		break;
	case REBLOCK_ENTRY:
		entry_says(r);
		break;
	case REBLOCK_BLOCKED_READ:
		/* "Blocked" merges STI, MOV-SS and NMI and proves nothing. */
		if (reblock_has(&r->record, REBLOCK_HAS_MASKED) &&
		    !reblock_flag(&r->record, REBLOCK_MASKED))
			says(r, REBLOCK_NO, REBLOCK_NO, TIMELINE_READ);
		else
			says(r, so_far, so_far, TIMELINE_NOT_KNOWN);
		break;
	case REBLOCK_WITNESS:
		says(r, so_far, after_witness(&r->record, so_far), TIMELINE_NOT_KNOWN);
		break;
	case REBLOCK_MASK_READ:
		says(r, so_far, so_far, TIMELINE_NOT_KNOWN);
		break;
	case REBLOCK_USER_EXIT:
		/* User space may set the vCPU's events unseen. */
		says(r, so_far, events_recorded ? so_far : REBLOCK_UNKNOWN, TIMELINE_NOT_KNOWN);
		break;
	case REBLOCK_MASK_WRITE:
	case REBLOCK_EVENTS_WRITE:
		says(r, so_far, REBLOCK_UNKNOWN, TIMELINE_NOT_KNOWN);
		break;
	default:
		break;
	}
}
