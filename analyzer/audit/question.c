/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The question that an exit with bit 12 leaves: was blocking 1 again at the entry?
 *
 * Some evidence is there at the entry; some comes only with the first exit after it. Any later
 * exit says nothing: the guest may have executed that IRET and come back to it.
 */
#include "state.h"
#include "planted.h"

static void report(struct reblock_audit *audit, struct audit_vcpu *v)
{
	struct audit_question *q = &v->question;
	struct reblock_finding finding;
	char words[AUDIT_EXIT_WORDS];

	if (!q->missed || PLANTED(87, q->told, false))
		return;
	q->told = true;
	finding = audit_finding(REBLOCK_MISSED_REBLOCK, q->evidence, q->entry.t,
				q->injects == REBLOCK_INJECTS_NMI ? "2, row 9" : "2, row 6",
				q->assumes);
	audit_finding_record(&finding, q->judgement.exit_number);
	audit_finding_record(&finding, q->judgement.entry_number);
	audit_finding_record(&finding, q->witness);
	audit_emit(
		audit, v, &finding,
		"The IRET that took an exit (%s) had unblocked NMIs, and the guest resumed at it without blocking by NMI: %s.",
		audit_exit_words(&q->exit, words), q->saw);
}

void audit_question_close(struct reblock_audit *audit, struct audit_vcpu *v,
			  enum reblock_outcome outcome, enum reblock_cause cause)
{
	struct audit_question *q = &v->question;

	report(audit, v);
	q->open = false;
	if (q->missed)
		outcome = REBLOCK_OUTCOME_MISSED;
	audit_judged(audit, v, &q->judgement, outcome, cause);
}

void audit_question_found(struct audit_question *q, enum reblock_evidence evidence,
			  uint64_t witness, const char *saw)
{
	if (q->missed && q->evidence >= evidence)
		return;
	q->missed = true;
	q->evidence = evidence;
	q->witness = witness;
	q->saw = saw;
}

/* Why a pair of exit and entry that no evidence can decide is not judged. */
static enum reblock_cause cause_of(const struct audit_vcpu *v, unsigned between,
				   const struct reblock_record *entry,
				   const struct reblock_verdict *verdict)
{
	static const struct {
		unsigned bit;
		enum reblock_cause cause;
	} causes[] = {
		{ REBLOCK_BETWEEN_EVENTS_WRITE, REBLOCK_CAUSE_EVENTS_WRITE },
		{ REBLOCK_BETWEEN_MASK_WRITE, REBLOCK_CAUSE_MASK_WRITE },
		{ REBLOCK_BETWEEN_USER_SPACE, REBLOCK_CAUSE_USER_SPACE },
		{ REBLOCK_BETWEEN_OTHER_VMCS, REBLOCK_CAUSE_OTHER_VMCS },
		{ REBLOCK_BETWEEN_L2_UNKNOWN, REBLOCK_CAUSE_L2_UNKNOWN },
		{ REBLOCK_BETWEEN_UNRECORDED, REBLOCK_CAUSE_UNRECORDED },
	};
	enum reblock_tri same = reblock_rip_same(&v->exit.record, entry);
	unsigned i;

	for (i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (between & causes[i].bit)
			return causes[i].cause;
	if (same == REBLOCK_UNKNOWN)
		return REBLOCK_CAUSE_NO_RIP;
	if (same == REBLOCK_NO && verdict->row != 8)
		return REBLOCK_CAUSE_MOVED;
	return verdict->row == 0 ? REBLOCK_CAUSE_NO_INJECTION : REBLOCK_CAUSE_OTHER_EVENT;
}

/* Evidence that is there at the entry itself; rows 6 and 9. */
static void look_at_entry(struct audit_vcpu *v)
{
	struct audit_question *q = &v->question;
	const struct audit_exit *exit = &v->exit;
	const struct reblock_record *r = &exit->record;

	if (reblock_blocking(&q->entry) == REBLOCK_NO) {
		audit_question_found(q, REBLOCK_DIRECT, q->judgement.entry_number,
				     "the VMCS at the entry says so");
		return;
	}
	if (exit->has_unblocked_read &&
	    PLANTED(88, reblock_virtual_nmis(r) == REBLOCK_YES && audit_l2(r) == REBLOCK_NO, true))
		audit_question_found(q, REBLOCK_DIRECT, exit->unblocked_read,
				     "the hypervisor's own VMCS read returned \"not blocked\"");
	if (PLANTED(89, exit->unblock.field == REBLOCK_BIT12_IN_INTR_INFO, true) &&
	    reblock_has(r, REBLOCK_HAS_NMI_KNOWN_UNMASKED) &&
	    reblock_flag(r, REBLOCK_NMI_KNOWN_UNMASKED))
		audit_question_found(
			q, REBLOCK_DERIVED, exit->number,
			"KVM took NMIs to be unmasked (nmi_known_unmasked) and returned before re-blocking");
}

static void over_block(struct reblock_audit *audit, struct audit_vcpu *v,
		       const struct reblock_record *entry, uint64_t number, uint8_t assumes)
{
	struct reblock_finding finding =
		audit_finding(REBLOCK_OVER_BLOCK, REBLOCK_DIRECT, entry->t, "2, row 7", assumes);
	char words[AUDIT_EXIT_WORDS];

	audit_finding_record(&finding, v->exit.number);
	audit_finding_record(&finding, number);
	audit_emit(
		audit, v, &finding,
		"The fault of the IRET (%s) was reflected to the guest with blocking by NMI 1: on bare metal that IRET has unblocked NMIs.",
		audit_exit_words(&v->exit.record, words));
}

/* A fresh NMI at the very entry that should have blocked NMIs: it nests, unless the entry fails. */
static void nmi_at_entry(struct audit_vcpu *v, uint64_t number, bool known)
{
	const struct reblock_record *exit = &v->exit.record;
	struct audit_handler handler = { .nmi_injected = known,
					 .nmi_possible = !known,
					 .evidence = REBLOCK_DELIVERED,
					 .assumes = v->question.assumes,
					 .n_records = 2,
					 .records = { v->exit.number, number },
					 .rip = exit->rip,
					 .has_rip = reblock_has(exit, REBLOCK_HAS_RIP),
					 .l2 = audit_l2(&v->question.entry),
					 .blocking_shown = reblock_blocking(&v->question.entry) !=
							   REBLOCK_UNKNOWN,
					 .nmi_t = v->question.entry.t,
					 .fails = audit_entry_may_fail(&v->question.entry) };

	v->handler = handler;
}

void audit_question_ask(struct reblock_audit *audit, struct audit_vcpu *v,
			const struct reblock_record *entry, uint64_t number,
			const struct reblock_verdict *verdict)
{
	const struct reblock_record *exit = &v->exit.record;
	enum reblock_tri blocking = reblock_blocking(entry);
	enum reblock_injects injects = reblock_injects(entry);
	struct audit_question q = { .judgement = audit_judgement_of(v),
				    .exit = *exit,
				    .entry = *entry,
				    .injects = injects,
				    .assumes = v->summary.assumes,
				    .returns_to_itself = audit_delivered_at(v, exit) };
	unsigned between = v->exit.between;

	q.judgement.entry_number = number;
	q.judgement.verdict = *verdict;
	v->question = q;
	if (verdict->row == 7) {
		if (blocking == REBLOCK_YES)
			over_block(audit, v, entry, number, q.assumes);
		audit_question_close(audit, v, REBLOCK_OUTCOME_REFLECTED, REBLOCK_CAUSES);
		return;
	}
	/* Blocking is 1 where row 6 or 9 would want it: whoever else may have set it, it was not missed. */
	if (blocking == REBLOCK_YES &&
	    PLANTED(90, !(between & (REBLOCK_BETWEEN_OTHER_VMCS | REBLOCK_BETWEEN_L2_UNKNOWN)),
		    true) &&
	    reblock_rip_same(exit, entry) == REBLOCK_YES &&
	    (injects == REBLOCK_INJECTS_NOTHING || injects == REBLOCK_INJECTS_EXTERNAL_INTERRUPT ||
	     injects == REBLOCK_INJECTS_NMI || injects == REBLOCK_INJECTS_NOTHING_OR_NMI)) {
		if (verdict->row == 9)
			nmi_at_entry(v, number, true);
		audit_question_close(audit, v, REBLOCK_OUTCOME_REBLOCKED, REBLOCK_CAUSES);
		return;
	}
	/* Row 6 or 9, or one of the two. */
	if (verdict->must == REBLOCK_MUST_BE_1) {
		v->question.open = v->question.required = true;
		look_at_entry(v);
		if (verdict->row != 6)
			nmi_at_entry(v, number, verdict->row == 9);
		/* Stronger evidence cannot come. */
		if (v->question.evidence == REBLOCK_DIRECT)
			report(audit, v);
		return;
	}
	if (verdict->row == 0 && injects == REBLOCK_INJECTS_UNKNOWN &&
	    reblock_rip_same(exit, entry) == REBLOCK_YES) {
		v->question.open = true;
		nmi_at_entry(v, number, false);
		return;
	}
	audit_question_close(audit, v, REBLOCK_OUTCOME_UNJUDGED,
			     cause_of(v, between, entry, verdict));
}

/* An exit that comes between two instructions, not from the IRET itself. */
static bool asynchronous(const struct reblock_record *exit)
{
	if (!reblock_has(exit, REBLOCK_HAS_REASON))
		return false;
	switch (exit->reason & REBLOCK_REASON_BASIC) {
	case REBLOCK_REASON_EXTERNAL_INTERRUPT:
	case REBLOCK_REASON_INTERRUPT_WINDOW:
	case REBLOCK_REASON_NMI_WINDOW:
	case REBLOCK_REASON_PREEMPTION_TIMER:
		return true;
	case REBLOCK_REASON_EXCEPTION_NMI:
		return reblock_has(exit, REBLOCK_HAS_INTR_INFO) &&
		       (exit->intr_info & (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE)) ==
			       (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI);
	default:
		return false;
	}
}

static bool is_nmi_window(const struct reblock_record *exit)
{
	return (exit->reason & REBLOCK_REASON_BASIC) == REBLOCK_REASON_NMI_WINDOW;
}

/* What blocking is at an asynchronous exit. */
static enum reblock_tri blocking_at(const struct reblock_audit *audit,
				    const struct reblock_record *exit)
{
	if (is_nmi_window(exit))
		return REBLOCK_NO; /* rule 1.10 */
	/* What was read after a hypervisor's own steps at this exit is not what blocking was before them. */
	return audit_sees_saved_state(audit) ? reblock_blocking(exit) : REBLOCK_UNKNOWN;
}

/* Whether a posted interrupt's handler cannot have come and gone since the entry. */
static bool no_handler_between(const struct audit_vcpu *v, const struct reblock_record *entry)
{
	return reblock_has(entry, REBLOCK_HAS_PIN) &&
	       !(entry->pin & REBLOCK_PIN_POSTED_INTERRUPTS) &&
	       !(v->summary.assumes & (REBLOCK_ASSUMES_VNMI_ON | REBLOCK_ASSUMES_VNMI_OFF));
}

/* The NMI-window exit proves the handler unfinished: what follows at this RIP is still in it. */
static void handler_is_open(struct audit_vcpu *v, uint64_t number, enum reblock_evidence evidence,
			    uint8_t assumes)
{
	const struct audit_question *q = &v->question;
	struct audit_handler handler = { .unfinished = true,
					 .evidence = evidence,
					 .assumes = q->assumes | assumes,
					 .n_records = 3,
					 .records = { q->judgement.exit_number,
						      q->judgement.entry_number, number },
					 .rip = q->exit.rip,
					 .has_rip = true,
					 .l2 = audit_l2(&q->entry) };

	v->handler = handler;
}

/*
 * Blocking was read as 0 at the entry, and nothing else holds NMIs back: an NMI-window exit that is the first
 * after it came before any instruction.
 */
static bool comes_at_once(const struct audit_question *q)
{
	return q->missed && reblock_blocking(&q->entry) == REBLOCK_NO &&
	       !(q->entry.interruptibility & (REBLOCK_BLOCKING_STI | REBLOCK_BLOCKING_MOV_SS));
}

/*
 * The first exit after an entry that injected nothing, at the IRET's RIP, between two instructions:
 * nothing has run. What blocking is here, it was at the entry. Where that entry may have injected an
 * NMI, blocking 1 says nothing; 0 still does: an NMI's handler that came and went was let in by it.
 * Nor does 1 without virtual NMIs: an NMI that no exit tells of may have come in, and its handler ends here, too.
 */
static enum reblock_tri still_at_iret(const struct reblock_audit *audit, struct audit_vcpu *v,
				      const struct reblock_record *exit, uint64_t number)
{
	struct audit_question *q = &v->question;
	enum reblock_tri blocking = blocking_at(audit, exit);
	enum reblock_evidence evidence = REBLOCK_DIRECT;
	bool window = is_nmi_window(exit),
	     stood_still = PLANTED(123, audit_pt_nothing_ran(v, exit), true);
	uint8_t assumes = 0;

	if (blocking != REBLOCK_NO)
		return q->injects == REBLOCK_INJECTS_NOTHING &&
				       reblock_virtual_nmis(&q->entry) == REBLOCK_YES ?
			       blocking :
			       REBLOCK_UNKNOWN;
	/* One that came at once proves the handler open, whatever its IRET returns to; the miss was told at the entry. */
	if (window && comes_at_once(q)) {
		handler_is_open(v, number, q->evidence, 0);
		return REBLOCK_NO;
	}
	/* It may have run, and this is the next one. */
	if (!stood_still && PLANTED(91, q->returns_to_itself == REBLOCK_YES, false))
		return REBLOCK_UNKNOWN;
	/*
	 * An NMI window opens as soon as that IRET has run; at any other exit the guest may have run on, to where another
	 * handler ends at that address.
	 */
	if (!stood_still && (q->returns_to_itself == REBLOCK_UNKNOWN || !window))
		assumes = REBLOCK_ASSUMES_RETURNS_ELSEWHERE;
	if (!stood_still && !no_handler_between(v, &q->entry)) {
		evidence = REBLOCK_DERIVED;
		assumes |= REBLOCK_ASSUMES_NO_HANDLER;
	}
	if (window)
		handler_is_open(v, number, evidence, assumes);
	/* A miss that is proven already needs no assumption. */
	if (!q->missed)
		q->assumes |= assumes;
	audit_question_found(
		q, evidence, number,
		window ?
			"the first exit after the entry is an NMI-window exit at the same RIP" :
			"the VMCS at the next exit, between two instructions and still at that RIP, says so");
	return REBLOCK_NO;
}

/* The next exit interrupted the delivery of an NMI at that RIP, so the entry had injected it. */
static bool nmi_was_injected(const struct audit_question *q, const struct reblock_record *exit)
{
	return (q->injects == REBLOCK_INJECTS_UNKNOWN ||
		q->injects == REBLOCK_INJECTS_NOTHING_OR_NMI) &&
	       reblock_idtv_is_nmi(exit) == REBLOCK_YES &&
	       reblock_virtual_nmis(exit) == REBLOCK_YES && reblock_has(exit, REBLOCK_HAS_RIP) &&
	       reblock_has(&q->exit, REBLOCK_HAS_RIP) && exit->rip == q->exit.rip;
}

/* The entry asked for an exit as soon as NMIs are open, and the guest got past the IRET first. */
static bool window_waited(const struct audit_question *q, const struct reblock_record *exit)
{
	return q->injects == REBLOCK_INJECTS_NOTHING && reblock_has(&q->entry, REBLOCK_HAS_EXEC) &&
	       PLANTED(97, q->entry.exec & REBLOCK_EXEC_NMI_WINDOW, true) &&
	       reblock_has(exit, REBLOCK_HAS_RIP) && reblock_has(&q->exit, REBLOCK_HAS_RIP) &&
	       exit->rip != q->exit.rip;
}

/*
 * Exit at the RIP of the IRET, between two instructions, and no event on its way into the guest: an NMI-window
 * exit never comes with one.
 */
static bool at_iret(const struct audit_question *q, const struct reblock_record *exit)
{
	return reblock_has(exit, REBLOCK_HAS_RIP) && reblock_has(&q->exit, REBLOCK_HAS_RIP) &&
	       PLANTED(93, exit->rip == q->exit.rip, true) &&
	       PLANTED(92, asynchronous(exit), true) &&
	       (reblock_has(exit, REBLOCK_HAS_IDT_VECTORING) || is_nmi_window(exit)) &&
	       !(exit->idt_vectoring & REBLOCK_INTR_VALID);
}

/* The entry injected an NMI. */
static void nmi_went_in(struct audit_vcpu *v)
{
	struct audit_question *q = &v->question;

	/* With virtual NMIs and blocking 1 this entry would have failed. */
	if (PLANTED(94, reblock_virtual_nmis(&q->entry) != REBLOCK_YES, false))
		return;
	audit_question_found(q, REBLOCK_DELIVERED, q->judgement.entry_number,
			     "an NMI was injected at that entry, and the entry did not fail");
}

void audit_question_answer(struct reblock_audit *audit, struct audit_vcpu *v,
			   const struct reblock_record *exit, uint64_t number)
{
	struct audit_question *q = &v->question;
	enum reblock_outcome outcome = REBLOCK_OUTCOME_UNJUDGED;
	bool same_vmcs;

	if (!q->open)
		return;
	if (!reblock_has(exit, REBLOCK_HAS_REASON) ||
	    PLANTED(95, exit->reason & REBLOCK_REASON_FAILED_ENTRY, false)) {
		audit_question_close(audit, v, outcome, REBLOCK_CAUSE_FAILED_ENTRY);
		return;
	}
	if (audit_question_shown(audit, v))
		return;
	same_vmcs =
		PLANTED(96,
			audit_l2(exit) != REBLOCK_UNKNOWN && audit_l2(exit) == audit_l2(&q->entry),
			true);
	if (q->injects == REBLOCK_INJECTS_NMI) {
		nmi_went_in(v);
	} else if (same_vmcs && nmi_was_injected(q, exit)) {
		audit_question_found(
			q, REBLOCK_DELIVERED, number,
			"the next exit interrupted the delivery of an NMI at the same RIP");
	} else if (same_vmcs && q->required && q->injects != REBLOCK_INJECTS_EXTERNAL_INTERRUPT) {
		if (at_iret(q, exit)) {
			if (still_at_iret(audit, v, exit, number) == REBLOCK_YES)
				outcome = REBLOCK_OUTCOME_REBLOCKED;
		} else if (!q->missed && window_waited(q, exit)) {
			outcome = REBLOCK_OUTCOME_REBLOCKED;
		}
	}
	if (outcome == REBLOCK_OUTCOME_REBLOCKED && !q->told)
		q->missed = false; /* the processor's word is stronger than what was derived */
	audit_question_close(audit, v, outcome,
			     q->required ? REBLOCK_CAUSE_NO_EVIDENCE : REBLOCK_CAUSE_NO_INJECTION);
}

void audit_question_drop(struct reblock_audit *audit, struct audit_vcpu *v,
			 enum reblock_cause cause)
{
	if (v->question.open)
		audit_question_close(audit, v, REBLOCK_OUTCOME_UNJUDGED, cause);
}

void audit_question_finish(struct reblock_audit *audit, struct audit_vcpu *v)
{
	struct audit_question *q = &v->question;

	if (q->open && q->shown == AUDIT_SHOWN_NMI && !q->missed) {
		q->assumes |= REBLOCK_ASSUMES_ENTERED;
		(void)audit_question_shown(audit, v);
		return;
	}
	if (q->open && q->injects == REBLOCK_INJECTS_NMI && audit_last_entry_held(audit, v) &&
	    reblock_virtual_nmis(&q->entry) == REBLOCK_YES && !q->missed) {
		q->assumes |= REBLOCK_ASSUMES_ENTERED;
		audit_question_found(q, REBLOCK_DELIVERED, q->judgement.entry_number,
				     "an NMI was injected at that entry");
	}
	audit_question_drop(audit, v,
			    q->required ? REBLOCK_CAUSE_NO_EVIDENCE : REBLOCK_CAUSE_NO_INJECTION);
}
