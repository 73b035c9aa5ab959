/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a filter has left out before an exit or entry. Nothing was lost, and of those pairs alone nothing
 * can come; but the record before this one is not the event before it, so what was open ends here.
 */
#include "state.h"
#include "planted.h"

void audit_left_out(struct reblock_audit *audit, struct audit_vcpu *v)
{
	static const struct audit_handler no_handler;
	static const struct audit_livelock no_livelock;

	v->summary.left_out++;
	audit_question_drop(audit, v,
			    v->question.required ? REBLOCK_CAUSE_NO_EVIDENCE :
						   REBLOCK_CAUSE_NO_INJECTION);
	if (v->phase == AUDIT_EXITED && v->exit.unblock.unblocked == REBLOCK_YES) {
		struct reblock_judgement judgement = audit_judgement_of(v);

		audit_judged(audit, v, &judgement, REBLOCK_OUTCOME_UNJUDGED,
			     REBLOCK_CAUSE_NO_EVIDENCE);
	}
	if (audit->options.policy)
		audit_predict_forget(v);
	v->phase = PLANTED(105, AUDIT_NOTHING_KNOWN, v->phase);
	v->handler = no_handler;
	audit_witness_left_out(v);
	v->livelock = no_livelock;
}
