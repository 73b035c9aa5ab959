/* SPDX-License-Identifier: BSD-2-Clause */
/* What Intel PT answers to the question that an exit with bit 12 leaves: what came first after the entry. */
#include "state.h"
#include "planted.h"

/* Whether what comes first after the entry can be an NMI that only blocking 1 would have held back. */
static bool nmi_proves(const struct audit_question *q, bool has_vector, bool has_rip, uint64_t rip)
{
	enum reblock_tri virtual_nmis = reblock_virtual_nmis(&q->entry);
	bool at_iret = has_rip && reblock_has(&q->exit, REBLOCK_HAS_RIP) && rip == q->exit.rip;

	if (has_rip && !at_iret)
		return false; /* the guest went on, or its CS base is not 0 */
	switch (q->injects) {
	case REBLOCK_INJECTS_NMI:
	case REBLOCK_INJECTS_NOTHING_OR_NMI:
	case REBLOCK_INJECTS_UNKNOWN:
		/* It can have come from this entry alone, which with blocking 1 would have failed. */
		return PLANTED(120, virtual_nmis == REBLOCK_YES, true);
	case REBLOCK_INJECTS_NOTHING:
		/* An NMI of the machine itself. At an IRET there is no INT 2. */
		return q->required && has_vector && at_iret && virtual_nmis == REBLOCK_NO &&
		       !(q->entry.pin & REBLOCK_PIN_NMI_EXITING);
	default:
		return false;
	}
}

void audit_question_nmi(struct audit_vcpu *v, uint64_t number, bool has_vector, bool has_rip,
			uint64_t rip)
{
	struct audit_question *q = &v->question;

	if (!q->open || q->shown || !nmi_proves(q, has_vector, has_rip, rip))
		return;
	q->shown = AUDIT_SHOWN_NMI;
	q->shown_by = number;
}

void audit_question_ran(struct audit_vcpu *v, bool first)
{
	struct audit_question *q = &v->question;
	bool nothing = q->injects == REBLOCK_INJECTS_NOTHING;

	/* Where an NMI may have come in with the entry it is that one's IRET, unless nothing came before it. */
	if (!q->open || q->shown ||
	    (!nothing && PLANTED(122, q->injects == REBLOCK_INJECTS_NMI || !first, false)))
		return;
	/* With NMIs open the NMI-window exit that was asked for would have come before the IRET. */
	if (q->required && nothing && first && !q->missed &&
	    reblock_has(&q->entry, REBLOCK_HAS_EXEC) &&
	    PLANTED(121, q->entry.exec & REBLOCK_EXEC_NMI_WINDOW, true))
		q->shown = AUDIT_SHOWN_REBLOCKED;
	else
		q->shown = AUDIT_SHOWN_RAN;
}

bool audit_question_shown(struct reblock_audit *audit, struct audit_vcpu *v)
{
	struct audit_question *q = &v->question;
	enum reblock_outcome outcome = REBLOCK_OUTCOME_UNJUDGED;

	switch (q->shown) {
	case AUDIT_SHOWN_NOTHING:
		return false;
	case AUDIT_SHOWN_NMI:
		/* What it injected is known now. */
		if (q->injects != REBLOCK_INJECTS_NOTHING)
			q->injects = REBLOCK_INJECTS_NMI;
		audit_question_found(
			q, REBLOCK_DELIVERED, q->shown_by,
			"Intel PT shows the handler of the next NMI entered before that IRET ran");
		break;
	case AUDIT_SHOWN_REBLOCKED:
		outcome = REBLOCK_OUTCOME_REBLOCKED;
		break;
	case AUDIT_SHOWN_RAN:
		break;
	}
	audit_question_close(audit, v, outcome,
			     q->required ? REBLOCK_CAUSE_NO_EVIDENCE : REBLOCK_CAUSE_NO_INJECTION);
	return true;
}
