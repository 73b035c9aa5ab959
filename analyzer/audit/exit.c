/* SPDX-License-Identifier: BSD-2-Clause */
/* The step at an exit. */
#include <inttypes.h>
#include "state.h"
#include "planted.h"

#define LIVELOCK_EXITS 1000

/* Why it is not known whether this exit unblocked NMIs. */
static enum reblock_cause unknown_because(const struct reblock_record *exit,
					  const struct reblock_unblock *unblock)
{
	if (!reblock_has(exit, REBLOCK_HAS_REASON))
		return REBLOCK_CAUSE_NO_REASON;
	if (unblock->bit12 == REBLOCK_UNKNOWN)
		return REBLOCK_CAUSE_NO_BIT12;
	if (unblock->idtv_valid == REBLOCK_UNKNOWN)
		return REBLOCK_CAUSE_NO_IDT_VECTORING;
	return REBLOCK_CAUSE_NO_CONTROLS;
}

/* Bit 12 says "this IRET has unblocked", the state saved by the same exit "NMIs are blocked". */
static void check_hardware(struct reblock_audit *audit, struct audit_vcpu *v,
			   const struct reblock_record *exit, uint64_t number)
{
	struct reblock_finding finding;
	char words[AUDIT_EXIT_WORDS];

	if (PLANTED(77, !audit_sees_saved_state(audit), false) ||
	    reblock_blocking(exit) != REBLOCK_YES)
		return;
	finding =
		audit_finding(REBLOCK_HARDWARE, REBLOCK_DIRECT, exit->t, "1.2", v->summary.assumes);
	audit_finding_record(&finding, number);
	audit_emit(
		audit, v, &finding,
		"The processor reports that the IRET unblocked NMIs (%s, bit 12), and saved blocking by NMI as 1 at the same exit.",
		audit_exit_words(exit, words));
}

static void check_livelock(struct reblock_audit *audit, struct audit_vcpu *v,
			   const struct reblock_record *exit, uint64_t number, bool unblocked)
{
	struct audit_livelock *l = &v->livelock;
	struct reblock_finding finding;

	if (!reblock_has(exit, REBLOCK_HAS_RIP)) {
		l->count = 0;
		return;
	}
	if (l->count && PLANTED(78, l->rip != exit->rip, false))
		l->count = 0;
	if (!unblocked)
		return;
	if (l->count++ == 0) {
		l->rip = exit->rip;
		l->first = number;
	}
	if (l->count != LIVELOCK_EXITS)
		return;
	finding = audit_finding(REBLOCK_IRET_LIVELOCK, REBLOCK_DIRECT, exit->t,
				"kind iret-livelock", v->summary.assumes);
	audit_finding_record(&finding, l->first);
	audit_finding_record(&finding, number);
	audit_emit(audit, v, &finding,
		   "%d exits in a row report an IRET at RIP %#" PRIx64
		   " that never completes: the cause of its fault is not serviced.",
		   LIVELOCK_EXITS, exit->rip);
}

void audit_step_exit(struct reblock_audit *audit, struct audit_vcpu *v,
		     const struct reblock_record *r, uint64_t number)
{
	static const struct audit_handler no_handler;
	struct audit_exit exit = { .record = *r, .number = number, .between = v->early };
	bool unblocked;

	v->summary.exits++;
	if (reblock_flag(r, REBLOCK_LEFT_OUT))
		audit_left_out(audit, v);
	if (v->phase == AUDIT_ENTERED) {
		audit_handler_exit(audit, v, r, number);
		audit_question_answer(audit, v, r, number);
	} else if (v->phase == AUDIT_EXITED) {
		if (v->exit.unblock.unblocked == REBLOCK_YES) {
			struct reblock_judgement judgement = audit_judgement_of(v);

			audit_judged(audit, v, &judgement, REBLOCK_OUTCOME_UNJUDGED,
				     REBLOCK_CAUSE_NO_ENTRY);
		}
		v->handler = no_handler;
		/* What came in at the entry between them was not recorded. */
		v->delivered.known = false;
	}
	reblock_unblock_of(r, &exit.unblock);
	unblocked = exit.unblock.unblocked == REBLOCK_YES;
	v->exit = exit;
	v->early = 0;
	v->phase = AUDIT_EXITED;
	/* What that entry was to inject did not come in, or it is not known whether it did. */
	if (PLANTED(76, exit.unblock.failed_entry != REBLOCK_NO, false))
		v->delivered.known = false;
	if (reblock_idtv_is_nmi(r) == REBLOCK_YES && exit.unblock.failed_entry == REBLOCK_NO)
		v->summary.nmi_reinjections++;
	if (unblocked) {
		v->summary.unblocks[reblock_unblock_exit_of(r)]++;
		check_hardware(audit, v, r, number);
	} else if (exit.unblock.unblocked == REBLOCK_UNKNOWN) {
		struct reblock_judgement judgement = audit_judgement_of(v);

		audit_judged(audit, v, &judgement, REBLOCK_OUTCOME_UNJUDGED,
			     unknown_because(r, &exit.unblock));
	}
	check_livelock(audit, v, r, number, unblocked);
	if (audit->options.policy)
		audit_predict_exit(audit, v, r);
}
