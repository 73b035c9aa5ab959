/* SPDX-License-Identifier: BSD-2-Clause */
/* What became of each IRET unblock: every one is counted exactly once. */
#include "state.h"

struct reblock_judgement audit_judgement_of(const struct audit_vcpu *v)
{
	struct reblock_judgement judgement = {
		.exit_number = v->exit.number,
		.entry_number = UINT64_MAX,
		.vm = v->summary.vm,
		.vcpu = v->summary.vcpu,
		.unblocked = v->exit.unblock.unblocked,
		.exit_kind = reblock_unblock_exit_of(&v->exit.record),
	};

	return judgement;
}

void audit_judged(struct reblock_audit *audit, struct audit_vcpu *v,
		  struct reblock_judgement *judgement, enum reblock_outcome outcome,
		  enum reblock_cause cause)
{
	struct reblock_summary *summary = &v->summary;

	judgement->outcome = outcome;
	judgement->cause = cause;
	if (judgement->unblocked == REBLOCK_UNKNOWN) {
		summary->possible[cause]++;
	} else {
		switch (outcome) {
		case REBLOCK_OUTCOME_REBLOCKED:
			summary->reblocked[judgement->exit_kind]++;
			break;
		case REBLOCK_OUTCOME_MISSED:
			summary->missed[judgement->exit_kind]++;
			break;
		case REBLOCK_OUTCOME_REFLECTED:
			summary->reflected[judgement->exit_kind]++;
			break;
		case REBLOCK_OUTCOME_UNJUDGED:
			summary->unjudged[cause]++;
			break;
		}
	}
	if (audit->options.judgement)
		audit->options.judgement(audit->options.context, judgement);
}
