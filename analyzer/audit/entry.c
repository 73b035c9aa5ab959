/* SPDX-License-Identifier: BSD-2-Clause */
/* The step at an entry: the rules decide on the exit before it. */
#include "state.h"
#include "planted.h"

#define OTHER_BITS \
	(REBLOCK_BLOCKING_STI | REBLOCK_BLOCKING_MOV_SS | REBLOCK_BLOCKING_SMI | \
	 REBLOCK_ENCLAVE_INTERRUPTION)

/* Where nothing but "blocking by NMI" may be written. */
#define CLOBBERED_ROWS (1u << 6 | 1u << 10 | 1u << 11)

/* What an entry alone shows to be wrong. AGAIN: it injects what the exit before it holds (row 4). */
static void check_entry_alone(struct reblock_audit *audit, struct audit_vcpu *v,
			      const struct reblock_record *entry, uint64_t number, bool again)
{
	struct reblock_finding finding;

	if (reblock_entry_reinjects_blocked(entry) == REBLOCK_YES) {
		finding = audit_finding(REBLOCK_REINJECT_BLOCKED, REBLOCK_DIRECT, entry->t,
					again ? "2, row 4" : "1.8", v->summary.assumes);
		if (again)
			audit_finding_record(&finding, v->exit.number);
		audit_finding_record(&finding, number);
		audit_emit(
			audit, v, &finding,
			"An NMI is injected%s with virtual NMIs and blocking by NMI 1: the VM entry fails.",
			again ? " again, after an exit interrupted its delivery," : "");
	}
	if (reblock_entry_reserved_bits(entry) == REBLOCK_YES) {
		finding = audit_finding(REBLOCK_RESERVED_BIT, REBLOCK_DIRECT, entry->t, "1.6", 0);
		audit_finding_record(&finding, number);
		audit_emit(
			audit, v, &finding,
			"VM-entry interruption information %#x is valid with reserved bits set: the VM entry fails.",
			entry->intr_info);
	}
}

static struct reblock_finding pair_finding(const struct audit_vcpu *v,
					   enum reblock_finding_kind kind,
					   enum reblock_evidence evidence, const char *rule,
					   const struct reblock_record *entry, uint64_t number)
{
	struct reblock_finding finding =
		audit_finding(kind, evidence, entry->t, rule, v->summary.assumes);

	audit_finding_record(&finding, v->exit.number);
	audit_finding_record(&finding, number);
	return finding;
}

/* Both ask for the same, so which of the two it is need not be known. */
static const char *rule_of_unchanged(unsigned row)
{
	return row == 10 ? "2, row 10" : row == 11 ? "2, row 11" : "2, rows 10 and 11";
}

/* Rows 10 and 11, where blocking is known before and after. */
static void check_unchanged(struct reblock_audit *audit, struct audit_vcpu *v,
			    const struct reblock_record *entry, uint64_t number, unsigned row)
{
	enum reblock_tri before = reblock_blocking(&v->exit.record);
	enum reblock_tri after = reblock_blocking(entry);
	const char *rule = rule_of_unchanged(row);
	struct reblock_finding finding;
	char words[AUDIT_EXIT_WORDS];

	if (before == REBLOCK_NO && after == REBLOCK_YES && PLANTED(79, row == 10, false)) {
		finding =
			pair_finding(v, REBLOCK_UNDEFINED_BIT, REBLOCK_DIRECT, rule, entry, number);
		audit_emit(
			audit, v, &finding,
			"Blocking by NMI went from 0 to 1 after an exit (%s) whose bit 12 is undefined: it must not be used.",
			audit_exit_words(&v->exit.record, words));
	} else if (before == REBLOCK_YES && after == REBLOCK_NO &&
		   PLANTED(80, reblock_injects(entry) != REBLOCK_INJECTS_NMI, true)) {
		/* An NMI that is injected blocks NMIs again by itself. */
		finding =
			pair_finding(v, REBLOCK_BLOCKING_LOST, REBLOCK_DIRECT, rule, entry, number);
		audit_emit(
			audit, v, &finding,
			"Blocking by NMI went from 1 to 0 between an exit (%s) and the entry, and nothing had ended it.",
			audit_exit_words(&v->exit.record, words));
	}
}

static void check_clobbered(struct reblock_audit *audit, struct audit_vcpu *v,
			    const struct reblock_record *entry, uint64_t number)
{
	const struct reblock_record *exit = &v->exit.record;
	struct reblock_finding finding;
	uint32_t lost;

	if (reblock_blocking(exit) != REBLOCK_NO || reblock_blocking(entry) != REBLOCK_YES ||
	    reblock_injects(entry) != REBLOCK_INJECTS_NOTHING)
		return;
	lost = exit->interruptibility & ~entry->interruptibility &
	       PLANTED(81, OTHER_BITS, (unsigned)REBLOCK_BLOCKING_MOV_SS);
	if (!lost)
		return;
	finding = pair_finding(v, REBLOCK_FIELD_CLOBBERED, REBLOCK_DIRECT, "kind field-clobbered",
			       entry, number);
	audit_emit(
		audit, v, &finding,
		"Setting blocking by NMI overwrote the interruptibility state: %#x at the exit, %#x at the entry, bits %#x lost.",
		exit->interruptibility, entry->interruptibility, lost);
}

/* Row 3: the one place outside of IRETs where blocking must be 1. */
static void check_task_gate(struct reblock_audit *audit, struct audit_vcpu *v,
			    const struct reblock_record *entry, uint64_t number)
{
	bool read = v->exit.has_unblocked_read && audit_l2(&v->exit.record) == REBLOCK_NO &&
		    reblock_virtual_nmis(&v->exit.record) == REBLOCK_YES;
	struct reblock_finding finding;

	if (PLANTED(82, reblock_blocking(entry) == REBLOCK_YES,
		    reblock_blocking(entry) == REBLOCK_NO) ||
	    (reblock_blocking(entry) == REBLOCK_UNKNOWN && !read))
		return;
	finding =
		pair_finding(v, REBLOCK_MISSED_REBLOCK, REBLOCK_DIRECT, "2, row 3", entry, number);
	if (reblock_blocking(entry) == REBLOCK_UNKNOWN)
		audit_finding_record(&finding, v->exit.unblocked_read);
	audit_emit(
		audit, v, &finding,
		"An NMI was delivered through a task gate, and its task is entered with blocking by NMI 0.");
}

/* "Not masked" was reported where the rules ask for blocking 1. */
static bool check_unmasked_read(struct reblock_audit *audit, struct audit_vcpu *v,
				const struct reblock_record *entry, uint64_t number)
{
	const struct audit_mask_read *read = &v->exit.mask_reads[0];
	/* Operations after the read cannot have made it right. */
	unsigned between = read->between | (v->exit.between & (REBLOCK_BETWEEN_OTHER_VMCS |
							       REBLOCK_BETWEEN_L2_UNKNOWN |
							       REBLOCK_BETWEEN_UNRECORDED));
	struct reblock_verdict verdict;
	struct reblock_finding finding;
	char words[AUDIT_EXIT_WORDS];

	if (!read->seen)
		return false;
	reblock_rules(&v->exit.record, &v->exit.unblock, between, entry, &verdict);
	/* Rows 6 and 9, or one of the two. */
	if (v->exit.unblock.unblocked != REBLOCK_YES || verdict.must != REBLOCK_MUST_BE_1)
		return false;
	finding = pair_finding(v, REBLOCK_STALE_MASK, REBLOCK_DERIVED, "4, derived", entry, number);
	audit_finding_record(&finding, read->number);
	audit_emit(
		audit, v, &finding,
		"The hypervisor reported NMIs as not masked after an exit (%s) whose IRET had to be re-blocked: who restores that value opens NMIs inside the handler.",
		audit_exit_words(&v->exit.record, words));
	return true;
}

/* A mask was reported that the VMCS did not hold, neither before nor after. */
static void check_mask_read(struct reblock_audit *audit, struct audit_vcpu *v,
			    const struct reblock_record *entry, uint64_t number,
			    const struct reblock_verdict *verdict)
{
	enum reblock_tri blocking = reblock_blocking(&v->exit.record);
	const struct audit_mask_read *read;
	struct reblock_finding finding;
	char words[AUDIT_EXIT_WORDS];

	/* Without virtual NMIs the mask is the hypervisor's own, not the VMCS's. */
	if (PLANTED(83, reblock_virtual_nmis(&v->exit.record) != REBLOCK_YES, false) ||
	    check_unmasked_read(audit, v, entry, number))
		return;
	if (verdict->must != REBLOCK_MUST_NOT_CHANGE || blocking == REBLOCK_UNKNOWN ||
	    blocking != reblock_blocking(entry))
		return;
	read = &v->exit.mask_reads[blocking == REBLOCK_NO];
	if (!read->seen)
		return;
	finding = pair_finding(v, REBLOCK_STALE_MASK, REBLOCK_DIRECT,
			       rule_of_unchanged(verdict->row), entry, number);
	audit_finding_record(&finding, read->number);
	audit_emit(
		audit, v, &finding,
		"The hypervisor reported its NMI mask as %d after an exit (%s), while blocking by NMI was %d in the VMCS before and after.",
		blocking == REBLOCK_NO, audit_exit_words(&v->exit.record, words),
		blocking == REBLOCK_YES);
}

static void check_vmcs(struct audit_vcpu *v, const struct reblock_record *entry)
{
	enum reblock_tri at_exit = audit_l2(&v->exit.record);
	enum reblock_tri at_entry = audit_l2(entry);

	if (at_exit == REBLOCK_UNKNOWN || at_entry == REBLOCK_UNKNOWN)
		v->exit.between |= REBLOCK_BETWEEN_L2_UNKNOWN;
	else if (PLANTED(84, at_exit != at_entry, false))
		v->exit.between |= REBLOCK_BETWEEN_OTHER_VMCS;
}

void audit_step_entry(struct reblock_audit *audit, struct audit_vcpu *v,
		      const struct reblock_record *entry, uint64_t number)
{
	struct reblock_verdict verdict;

	v->summary.entries++;
	if (reblock_flag(entry, REBLOCK_LEFT_OUT))
		audit_left_out(audit, v);
	if (v->phase != AUDIT_EXITED) {
		check_entry_alone(audit, v, entry, number, false);
		/* Nor is the last exit that was recorded its own. */
		v->exit.record.presence = 0;
		/* The exit between two entries was not recorded. */
		if (!reblock_flag(entry, REBLOCK_LEFT_OUT))
			audit_forget(audit, v, REBLOCK_CAUSE_LOST);
		audit_delivered_entry(v, entry);
		/* What is missing came before this entry, and so before what belongs to the next exit. */
		v->early = PLANTED(86, 0, v->early);
		v->phase = AUDIT_ENTERED;
		return;
	}
	check_vmcs(v, entry);
	if (!(audit->source.presence & REBLOCK_SOURCE_CAPTURES) ||
	    !(audit->source.captures & 1u << REBLOCK_USER_EXIT))
		v->exit.between |= PLANTED(85, REBLOCK_BETWEEN_UNRECORDED, 0);
	reblock_rules(&v->exit.record, &v->exit.unblock, v->exit.between, entry, &verdict);
	if (audit->options.pair) {
		struct reblock_pair pair = { v->exit.number, number,          &v->exit.record,
					     entry,          v->exit.between, verdict };

		audit->options.pair(audit->options.context, &pair);
	}
	check_entry_alone(audit, v, entry, number, verdict.row == 4);
	check_mask_read(audit, v, entry, number, &verdict);
	if (verdict.row == 3)
		check_task_gate(audit, v, entry, number);
	if (verdict.must == REBLOCK_MUST_NOT_CHANGE)
		check_unchanged(audit, v, entry, number, verdict.row);
	if (!(verdict.rows & ~CLOBBERED_ROWS))
		check_clobbered(audit, v, entry, number);
	if (audit->options.policy)
		audit_predict_entry(audit, v, entry, number);
	audit_handler_entry(v, entry, number);
	if (v->exit.unblock.unblocked == REBLOCK_YES)
		audit_question_ask(audit, v, entry, number, &verdict);
	audit_delivered_entry(v, entry);
	v->phase = AUDIT_ENTERED;
}
