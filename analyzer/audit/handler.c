/* SPDX-License-Identifier: BSD-2-Clause */
/* NMIs injected into a handler whose IRET has not run. */
#include <inttypes.h>
#include "state.h"
#include "planted.h"

void audit_handler_nmi(struct reblock_audit *audit, struct audit_vcpu *v, uint8_t assumes)
{
	struct audit_handler *h = &v->handler;
	struct reblock_finding finding =
		audit_finding(REBLOCK_NMI_IN_NMI, h->evidence, h->nmi_t,
			      h->n_records > 2 && h->evidence != REBLOCK_DELIVERED ? "4, direct" :
										     "2, row 9",
			      h->assumes | assumes);
	unsigned i;

	for (i = 0; i < h->n_records; i++)
		audit_finding_record(&finding, h->records[i]);
	if (h->has_rip)
		audit_emit(
			audit, v, &finding,
			"An NMI was injected while the handler of the one before had not executed its IRET at RIP %#" PRIx64
			": it overwrites the stack frame that handler still uses.",
			h->rip);
	else
		audit_emit(
			audit, v, &finding,
			"An NMI was injected while the handler of the one before had not executed its IRET: it overwrites the stack frame that handler still uses.");
	h->nmi_injected = h->nmi_possible = h->nmi_shown = false;
}

static void add_record(struct audit_handler *h, uint64_t number)
{
	if (h->n_records < REBLOCK_FINDING_RECORDS)
		h->records[h->n_records++] = number;
}

bool audit_entry_may_fail(const struct reblock_record *entry)
{
	return reblock_blocking(entry) == REBLOCK_YES &&
	       reblock_entry_reinjects_blocked(entry) != REBLOCK_NO;
}

/* The entry after the NMI-window exit that proved the handler unfinished. */
void audit_handler_entry(struct audit_vcpu *v, const struct reblock_record *entry, uint64_t number)
{
	struct audit_handler *h = &v->handler;
	enum reblock_injects injects = reblock_injects(entry);

	if (!h->unfinished)
		return;
	h->unfinished = false;
	if (PLANTED(99, v->exit.between != 0, false) || v->exit.unblock.idtv_valid == REBLOCK_YES ||
	    reblock_rip_same(&v->exit.record, entry) != REBLOCK_YES)
		return;
	h->nmi_injected = injects == REBLOCK_INJECTS_NMI;
	h->nmi_possible = injects == REBLOCK_INJECTS_UNKNOWN ||
			  injects == REBLOCK_INJECTS_NOTHING_OR_NMI;
	h->nmi_t = entry->t;
	h->fails = audit_entry_may_fail(entry);
	h->blocking_shown = reblock_blocking(entry) != REBLOCK_UNKNOWN;
	add_record(h, number);
}

/*
 * After an entry that injected an NMI into it: NMIs are open again, which that NMI's own handler or one inside it
 * has brought about, and the exit came at once. The handler below has still not run its IRET.
 */
static bool is_open_still(const struct audit_handler *h, const struct reblock_record *exit)
{
	return h->has_rip && reblock_has(exit, REBLOCK_HAS_RIP) && exit->rip == h->rip &&
	       (exit->reason & REBLOCK_REASON_BASIC) == REBLOCK_REASON_NMI_WINDOW &&
	       !(exit->idt_vectoring & REBLOCK_INTR_VALID) && audit_l2(exit) == h->l2;
}

void audit_handler_exit(struct reblock_audit *audit, struct audit_vcpu *v,
			const struct reblock_record *exit, uint64_t number)
{
	static const struct audit_handler none;
	struct audit_handler *h = &v->handler;

	/* An entry that failed has delivered nothing. */
	if (reblock_has(exit, REBLOCK_HAS_REASON) &&
	    PLANTED(98, !(exit->reason & REBLOCK_REASON_FAILED_ENTRY), true)) {
		if (h->nmi_injected || h->nmi_shown) {
			if (h->nmi_shown)
				add_record(h, h->shown_by);
			audit_handler_nmi(audit, v, 0);
			h->unfinished = is_open_still(h, exit);
			if (h->unfinished) {
				add_record(h, number);
				return;
			}
		} else if (h->nmi_possible && h->has_rip && reblock_has(exit, REBLOCK_HAS_RIP) &&
			   exit->rip == h->rip && reblock_idtv_is_nmi(exit) == REBLOCK_YES &&
			   reblock_virtual_nmis(exit) == REBLOCK_YES) {
			add_record(h, number);
			audit_handler_nmi(audit, v, 0);
		}
	}
	if (PLANTED(100, true, false))
		*h = none;
}

bool audit_handler_witness(struct audit_vcpu *v, const struct reblock_record *r, uint64_t number)
{
	struct audit_handler *h = &v->handler;

	/* Without virtual NMIs, NMIs come in that no entry has injected: what may have been is then not known to be. */
	if (!h->nmi_injected &&
	    !(h->nmi_possible && reblock_virtual_nmis(&v->pt.entry) == REBLOCK_YES))
		return false;
	/* Elsewhere it is not what the entry injected, or the CS base is not 0. */
	if (h->has_rip && reblock_has(r, REBLOCK_HAS_RIP) && r->rip != h->rip)
		return false;
	h->nmi_shown = true;
	h->shown_by = number;
	return true;
}

/*
 * The trace ends after an entry, so no exit says whether that entry failed. Where the source could have
 * shown blocking at the entry and did not, that stays open; else it is assumed, and said.
 */
bool audit_last_entry_held(const struct reblock_audit *audit, const struct audit_vcpu *v)
{
	bool could_show = (audit->source.presence & REBLOCK_SOURCE_FIELDS) &&
			  (audit->source.fields & REBLOCK_HAS_INTERRUPTIBILITY);

	return v->phase == AUDIT_ENTERED && (!could_show || v->handler.blocking_shown) &&
	       !v->handler.fails;
}

void audit_handler_finish(struct reblock_audit *audit, struct audit_vcpu *v)
{
	struct audit_handler *h = &v->handler;

	if (h->nmi_shown)
		add_record(h, h->shown_by);
	if (h->nmi_shown || (h->nmi_injected && audit_last_entry_held(audit, v)))
		audit_handler_nmi(audit, v, REBLOCK_ASSUMES_ENTERED);
}
