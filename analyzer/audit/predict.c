/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policy beside the audit: the trace's exits are replayed through the model of another
 * hypervisor, and what it would have got wrong is reported as predicted.
 */
#include <errno.h>
#include <stdlib.h>
#include "state.h"
#include "planted.h"

/* The kind of finding that a mistake is, and the rest of the sentence that tells it. */
static const struct {
	unsigned mistake;
	enum reblock_finding_kind kind;
	const char *rule; /* NULL: the row that decided */
	const char *text;
} mistakes[] = {
	{ REBLOCK_MISTAKE_MISSED, REBLOCK_MISSED_REBLOCK, NULL,
	  "would have entered the guest with blocking by NMI 0, where it had to be 1" },
	{ REBLOCK_MISTAKE_LOST, REBLOCK_BLOCKING_LOST, NULL,
	  "would have changed blocking by NMI from 1 to 0, which nothing had ended" },
	{ REBLOCK_MISTAKE_UNDEFINED_BIT, REBLOCK_UNDEFINED_BIT, NULL,
	  "would have set blocking by NMI for a bit 12 that is undefined here" },
	{ REBLOCK_MISTAKE_REINJECT_BLOCKED, REBLOCK_REINJECT_BLOCKED, NULL,
	  "would have injected the interrupted NMI again with blocking by NMI 1: the VM entry fails" },
	{ REBLOCK_MISTAKE_RESERVED_BIT, REBLOCK_RESERVED_BIT, "1.6",
	  "would have injected with reserved bits set in VM-entry interruption information: the VM entry fails" },
	{ REBLOCK_MISTAKE_STALE_MASK, REBLOCK_STALE_MASK, "4, derived",
	  "would have reported NMIs as not masked, where blocking by NMI had to be 1" },
	{ REBLOCK_MISTAKE_CLOBBERED, REBLOCK_FIELD_CLOBBERED, "kind field-clobbered",
	  "would have overwritten other bits of the interruptibility state when it set blocking by NMI" },
	{ REBLOCK_MISTAKE_LIVELOCK, REBLOCK_IRET_LIVELOCK, "kind iret-livelock",
	  "would have resumed the IRET without servicing what caused the exit: it takes that exit again for ever" },
	{ REBLOCK_MISTAKE_OVER_BLOCK, REBLOCK_OVER_BLOCK, NULL,
	  "would have given the fault to the guest with blocking by NMI 1: on bare metal that IRET has unblocked NMIs" },
};

_Static_assert(sizeof(mistakes) / sizeof(mistakes[0]) == REBLOCK_MISTAKES, "one line a mistake");

/* Where absent fields leave several rows open that ask for the same, the first of them. */
static const char *rule_of(const struct reblock_verdict *verdict)
{
	static const char *const rules[] = {
		[3] = "2, row 3", [4] = "2, row 4",   [6] = "2, row 6",  [7] = "2, row 7",
		[9] = "2, row 9", [10] = "2, row 10", [11] = "2, row 11"
	};
	unsigned row = 1;

	while (row < 12 && !(verdict->rows & 1u << row))
		row++;
	return row < sizeof(rules) / sizeof(rules[0]) && rules[row] ? rules[row] : "2";
}

void audit_predict_exit(struct reblock_audit *audit, struct audit_vcpu *v,
			const struct reblock_record *exit)
{
	if (!v->replay) {
		v->replay =
			aligned_alloc(_Alignof(struct reblock_policy_replay), sizeof(*v->replay));
		if (!v->replay) {
			audit->stop = -ENOMEM;
			return;
		}
		reblock_policy_replay_begin(v->replay, audit->options.policy);
	}
	/* Operations recorded before the exit they belong to came after what the policy would do now. */
	if (v->exit.between)
		reblock_policy_replay_forget(v->replay);
	else
		reblock_policy_replay_exit(v->replay, exit);
}

static enum reblock_tri masked_of(const struct reblock_record *r)
{
	if (!reblock_has(r, REBLOCK_HAS_MASKED))
		return REBLOCK_UNKNOWN;
	return reblock_tri_of(reblock_flag(r, REBLOCK_MASKED));
}

void audit_predict_operation(struct reblock_audit *audit, struct audit_vcpu *v,
			     const struct reblock_record *r)
{
	(void)audit;
	if (!v->replay)
		return;
	switch (r->kind) {
	case REBLOCK_MASK_WRITE:
		if (PLANTED(107, true, false))
			reblock_policy_replay_mask_write(v->replay, masked_of(r));
		break;
	case REBLOCK_EVENTS_WRITE:
		reblock_policy_replay_events_write(v->replay, masked_of(r));
		break;
	case REBLOCK_MASK_READ:
		if (masked_of(r) == REBLOCK_UNKNOWN)
			reblock_policy_replay_forget(v->replay);
		else
			reblock_policy_replay_mask_read(v->replay, v->exit.between);
		break;
	default:
		break;
	}
}

static uint64_t first_mask_read(const struct audit_vcpu *v)
{
	const struct audit_mask_read *reads = v->exit.mask_reads;

	if (reads[0].seen && reads[1].seen)
		return reads[0].number < reads[1].number ? reads[0].number : reads[1].number;
	return reads[reads[1].seen].number;
}

void audit_predict_entry(struct reblock_audit *audit, struct audit_vcpu *v,
			 const struct reblock_record *entry, uint64_t number)
{
	struct reblock_prediction p;
	char words[AUDIT_EXIT_WORDS];

	if (!v->replay)
		return;
	reblock_policy_replay_entry(v->replay, entry, v->exit.between, &p);
	if (p.certain && v->exit.unblock.unblocked == REBLOCK_YES)
		v->summary.predicted_unblocks++;
	for (unsigned i = 0; i < REBLOCK_MISTAKES; i++) {
		struct reblock_finding finding;

		if (!(p.mistakes & mistakes[i].mistake))
			continue;
		finding = audit_finding(mistakes[i].kind, REBLOCK_PREDICTED, entry->t,
					mistakes[i].rule ? mistakes[i].rule : rule_of(&p.verdict),
					v->summary.assumes);
		finding.policy = audit->options.policy->name;
		audit_finding_record(&finding, v->exit.number);
		if (mistakes[i].mistake == REBLOCK_MISTAKE_STALE_MASK)
			audit_finding_record(&finding, first_mask_read(v));
		audit_finding_record(&finding, number);
		audit_emit(audit, v, &finding, "After this exit (%s) the model %s %s.",
			   audit_exit_words(&v->exit.record, words), finding.policy,
			   mistakes[i].text);
	}
}

void audit_predict_forget(struct audit_vcpu *v)
{
	if (v->replay)
		reblock_policy_replay_forget(v->replay);
}

void audit_predict_free(struct audit_vcpu *v)
{
	free(v->replay);
}
