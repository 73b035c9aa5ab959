/* SPDX-License-Identifier: BSD-2-Clause */
/* After a loss, disorder or an unknown operation nothing is known of a vCPU any more. */
#include "state.h"
#include "planted.h"

void audit_forget(struct reblock_audit *audit, struct audit_vcpu *v, enum reblock_cause cause)
{
	static const struct audit_handler no_handler;
	static const struct audit_livelock no_livelock;

	audit_question_drop(audit, v, cause);
	if (v->phase == AUDIT_EXITED && v->exit.unblock.unblocked == REBLOCK_YES) {
		struct reblock_judgement judgement = audit_judgement_of(v);

		audit_judged(audit, v, &judgement, REBLOCK_OUTCOME_UNJUDGED, cause);
	}
	if (audit->options.policy)
		audit_predict_forget(v);
	v->phase = AUDIT_NOTHING_KNOWN;
	v->handler = PLANTED(103, no_handler, v->handler);
	v->livelock = no_livelock;
	v->delivered.known = PLANTED(104, false, v->delivered.known);
	/* What is not known may be an operation that was recorded before the next exit. */
	v->early = audit_records_early(audit) ? REBLOCK_BETWEEN_MASK_WRITE : 0;
	audit_witness_forget(v);
	v->pt.entry.kind = 0;
}
