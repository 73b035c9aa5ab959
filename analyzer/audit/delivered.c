/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the guest's events came in since its last NMI.
 *
 * An IRET is told from the code around it by its address alone, and an IRET may return to its own
 * address: where an NMI was let in right at the IRET of another handler, and both end with the same
 * instruction. "Still at that RIP" is then no proof that the IRET has not run. An IRET that blocking
 * was in effect for ends the last NMI's handler or one inside it, so it returns to one of these places.
 */
#include "state.h"
#include "planted.h"

static void add(struct audit_delivered *d, uint64_t rip)
{
	for (unsigned i = 0; i < d->n; i++)
		if (d->rip[i] == rip)
			return;
	if (d->n == AUDIT_DELIVERED)
		d->known = false;
	else
		d->rip[d->n++] = rip;
}

void audit_delivered_entry(struct audit_vcpu *v, const struct reblock_record *entry)
{
	struct audit_delivered *d = &v->delivered;
	enum reblock_injects injects = reblock_injects(entry);
	bool from_exit = v->phase == AUDIT_EXITED && !reblock_has(entry, REBLOCK_HAS_RIP) &&
			 reblock_rip_same(&v->exit.record, entry) == REBLOCK_YES &&
			 reblock_has(&v->exit.record, REBLOCK_HAS_RIP);

	/* A nested guest has a stack of its own. */
	if (audit_l2(entry) != REBLOCK_NO) {
		d->known = PLANTED(102, false, d->known);
		return;
	}
	if (injects == REBLOCK_INJECTS_NOTHING)
		return;
	/* What came before this NMI is no longer what an IRET under its blocking returns to. */
	if (injects == REBLOCK_INJECTS_NMI) {
		d->known = true;
		d->n = 0;
		d->until = reblock_delivered_until(entry->t);
	}
	if (!d->known || !reblock_delivered_counts(d->until, entry->t))
		return;
	if (reblock_has(entry, REBLOCK_HAS_RIP))
		add(d, entry->rip);
	else if (from_exit)
		add(d, v->exit.record.rip);
	else
		d->known = false;
}

enum reblock_tri audit_delivered_at(const struct audit_vcpu *v, const struct reblock_record *exit)
{
	const struct audit_delivered *d = &v->delivered;

	/* Without virtual NMIs, NMIs come in that no VM entry has injected. */
	if (!d->known || PLANTED(101, !reblock_delivered_counts(d->until, exit->t), false) ||
	    !reblock_has(exit, REBLOCK_HAS_RIP) || reblock_virtual_nmis(exit) != REBLOCK_YES)
		return REBLOCK_UNKNOWN;
	for (unsigned i = 0; i < d->n; i++)
		if (d->rip[i] == exit->rip)
			return REBLOCK_YES;
	return REBLOCK_NO;
}
