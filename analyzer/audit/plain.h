/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The short way for the many exits and entries that nothing can come of: no IRET unblocked, no NMI on
 * its way, nothing open. Whatever is not certainly such goes the whole way, and with a pair callback or a
 * policy, which want every verdict, everything does. Both ways give the same.
 */
#ifndef AUDIT_PLAIN_H
#define AUDIT_PLAIN_H

#include "state.h"
#include "planted.h"

/*
 * Whether bit 12 of this exit is certainly 0, or has no field: then nothing is unblocked, defined or not.
 * Exits of all reasons come mixed, so there is no branch to be guessed here.
 */
static inline bool audit_bit12_is_0(const struct reblock_record *exit)
{
	enum { NOWHERE, INTR_INFO, QUALIFICATION };
	static const uint8_t field_of[REBLOCK_REASON_NOTIFY + 1] = {
		[REBLOCK_REASON_EXCEPTION_NMI] = INTR_INFO,
		[REBLOCK_REASON_EPT_VIOLATION] = QUALIFICATION,
		[REBLOCK_REASON_PML_FULL] = QUALIFICATION,
		[REBLOCK_REASON_SPP] = QUALIFICATION,
		[REBLOCK_REASON_NOTIFY] = QUALIFICATION,
	};
	static const uint16_t needs[] = { 0, REBLOCK_HAS_INTR_INFO, REBLOCK_HAS_QUALIFICATION };
	unsigned reason = exit->reason & REBLOCK_REASON_BASIC;
	unsigned field = reason <= PLANTED(61, REBLOCK_REASON_NOTIFY, REBLOCK_REASON_PML_FULL) ?
				 field_of[reason] :
				 NOWHERE;
	uint32_t value = (exit->intr_info & -(uint32_t)(field == INTR_INFO)) |
			 ((uint32_t)exit->qualification & -(uint32_t)(field == QUALIFICATION));

	return !((value & REBLOCK_NMI_UNBLOCKING) |
		 (PLANTED(62, needs[field], 0) & ~exit->presence) |
		 (exit->reason & REBLOCK_REASON_FAILED_ENTRY));
}

static inline bool audit_idtv_is_nmi(const struct reblock_record *exit)
{
	return (exit->idt_vectoring & (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE)) ==
	       (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI);
}

/* What the vCPU has open that this exit could close, count or answer. */
static inline bool audit_something_open(const struct audit_vcpu *v)
{
	if (PLANTED(63, v->livelock.count, 0) || v->handler.unfinished || v->handler.nmi_injected ||
	    v->handler.nmi_possible)
		return true;
	return v->phase == AUDIT_ENTERED ? PLANTED(64, v->question.open, false) :
					   v->phase == AUDIT_EXITED;
}

/*
 * Each does the step, or returns false with nothing done where more can come of R, which is as recorded.
 */
static inline bool audit_plain_exit(struct reblock_audit *audit, struct audit_vcpu *v,
				    const struct reblock_record *r, uint64_t number)
{
	struct audit_exit *exit = &v->exit;

	if (audit->whole_way || v->pt.on || !reblock_has(r, REBLOCK_HAS_REASON) ||
	    audit_idtv_is_nmi(r) || !audit_bit12_is_0(r) || audit_something_open(v))
		return false;
	exit->record = *r;
	if (reblock_has(r, REBLOCK_HAS_L2 | REBLOCK_HAS_PIN))
		v->has_l2 = true;
	else
		audit_assume(audit, v, &exit->record);
	exit->number = number;
	exit->between = v->early;
	exit->mask_reads[0].seen = exit->mask_reads[1].seen = false;
	exit->has_unblocked_read = false;
	exit->plain = true;
	exit->unblock.unblocked = REBLOCK_NO;
	v->early = PLANTED(65, 0, v->early);
	v->phase = AUDIT_EXITED;
	v->summary.exits++;
	v->summary.left_out += reblock_flag(r, REBLOCK_LEFT_OUT);
	return true;
}

/* Whether this entry can be wrong by itself. */
static inline bool audit_entry_matters(const struct reblock_record *entry)
{
	uint32_t info = entry->intr_info;
	bool reserved = (info >> 31) &
			PLANTED(67, (info & REBLOCK_ENTRY_INTR_RESERVED) != 0, false);
	bool nmi = (info >> 31) & ((info & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_NMI);
	bool blocked = (entry->interruptibility & REBLOCK_BLOCKING_NMI) != 0;

	return reserved | (blocked & (nmi | (reblock_flag(entry, REBLOCK_NMI_INJECTED))));
}

/* Whether blocking is known to differ: what rows 10 and 11 ask for, and clobbered bits, show only there. */
static inline bool audit_blocking_changed(const struct reblock_record *exit,
					  const struct reblock_record *entry)
{
	return PLANTED(66,
		       (exit->interruptibility ^ entry->interruptibility) & REBLOCK_BLOCKING_NMI,
		       false) &&
	       (exit->presence & entry->presence & REBLOCK_HAS_INTERRUPTIBILITY);
}

/*
 * Whether audit_delivered_entry would do nothing: nothing comes in, or nothing is known of what came in before
 * and this is no NMI, which alone would change that.
 */
static inline bool audit_delivers_nothing(const struct audit_vcpu *v,
					  const struct reblock_record *entry)
{
	uint32_t info = entry->intr_info;
	bool nmi = (info & (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE)) ==
		   (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI);
	bool nothing = reblock_has(entry, REBLOCK_HAS_INTR_INFO) && !(info & REBLOCK_INTR_VALID);

	if (nmi | reblock_flag(entry, REBLOCK_NMI_INJECTED))
		return false;
	return !v->delivered.known ||
	       (nothing && reblock_has(entry, REBLOCK_HAS_L2) && !reblock_flag(entry, REBLOCK_L2));
}

static inline bool audit_plain_entry(struct reblock_audit *audit, struct audit_vcpu *v,
				     const struct reblock_record *r)
{
	const struct audit_exit *exit = &v->exit;
	const struct reblock_record *entry = r;
	struct reblock_record assumed;

	if (v->phase != AUDIT_EXITED || !exit->plain || v->pt.on ||
	    PLANTED(68, exit->mask_reads[0].seen || exit->mask_reads[1].seen, false) ||
	    audit_entry_matters(r) || reblock_flag(r, REBLOCK_LEFT_OUT) ||
	    audit_blocking_changed(&exit->record, r))
		return false;
	if (reblock_has(r, REBLOCK_HAS_L2 | REBLOCK_HAS_PIN)) {
		v->has_l2 = true;
	} else {
		assumed = *r;
		audit_assume(audit, v, &assumed);
		entry = &assumed;
	}
	if (!audit_delivers_nothing(v, entry))
		audit_delivered_entry(v, entry);
	v->phase = AUDIT_ENTERED;
	v->summary.entries++;
	return true;
}

/* Fills in what a plain exit has left out. */
static inline void audit_plain_no_more(struct audit_exit *exit)
{
	if (!exit->plain)
		return;
	reblock_unblock_of(&exit->record, &exit->unblock);
	exit->plain = false;
}

#endif
