/* SPDX-License-Identifier: BSD-2-Clause */
/* vCPUs that an audit without end no longer keeps: their counts go into one sum, their state is freed. */
#include <errno.h>
#include "state.h"

static void add_pt(struct reblock_pt_summary *total, const struct reblock_pt_summary *s)
{
	total->witnesses += s->witnesses;
	total->gaps += s->gaps;
	total->exits += s->exits;
	total->matched += s->matched;
	total->disagree += s->disagree;
	total->unwitnessed += s->unwitnessed;
	total->confirmed += s->confirmed;
	total->contradicted += s->contradicted;
	total->unconfirmed += s->unconfirmed;
	total->bit12 += s->bit12;
	total->nmis += s->nmis;
	total->assumes |= s->assumes;
	for (unsigned i = 0; i < REBLOCK_PT_CAUSES; i++)
		total->unjudged_nmis[i] += s->unjudged_nmis[i];
}

void reblock_summary_add(struct reblock_summary *total, const struct reblock_summary *s)
{
	total->records += s->records;
	total->exits += s->exits;
	total->entries += s->entries;
	total->nmi_reinjections += s->nmi_reinjections;
	total->lost += s->lost;
	total->lost_records += s->lost_records;
	total->out_of_order += s->out_of_order;
	total->left_out += s->left_out;
	total->assumes |= s->assumes;
	for (unsigned i = 0; i < REBLOCK_UNBLOCK_EXITS; i++) {
		total->unblocks[i] += s->unblocks[i];
		total->reblocked[i] += s->reblocked[i];
		total->missed[i] += s->missed[i];
		total->reflected[i] += s->reflected[i];
	}
	for (unsigned i = 0; i < REBLOCK_CAUSES; i++) {
		total->unjudged[i] += s->unjudged[i];
		total->possible[i] += s->possible[i];
	}
	for (unsigned i = 0; i < REBLOCK_FINDING_KINDS; i++) {
		total->findings[i] += s->findings[i];
		total->predicted[i] += s->predicted[i];
	}
	total->predicted_unblocks += s->predicted_unblocks;
	add_pt(&total->pt, &s->pt);
}

/*
 * Not as at the end of a stream, where the last entry may be taken to have held: this guest may well
 * run on, and what it does next is not looked at. What evidence there is already is told.
 */
static void retire(struct reblock_audit *audit, struct audit_vcpu *v)
{
	audit_question_drop(audit, v,
			    v->question.required ? REBLOCK_CAUSE_NO_EVIDENCE :
						   REBLOCK_CAUSE_NO_INJECTION);
	audit_witness_finish(audit, v);
	audit_forget(audit, v, REBLOCK_CAUSE_NO_ENTRY);
	reblock_summary_add(&audit->retired, &v->summary);
	audit->retired_l2 |= v->has_l2;
	audit->missed_some = true;
	audit_vcpu_remove(audit, v);
}

int reblock_audit_retire(struct reblock_audit *audit, uint32_t vm, uint16_t vcpu)
{
	struct audit_vcpu *v = audit_vcpu_known(audit, audit_key(vm, vcpu));

	if (!v)
		return -ENOENT;
	audit->sorted = false;
	retire(audit, v);
	return audit->stop;
}

int reblock_audit_retire_vm(struct reblock_audit *audit, uint32_t vm)
{
	size_t i = 0;

	audit->sorted = false;
	while (i < audit->n_vcpus) {
		/* The last one takes the place of the one that goes. */
		if (audit->vcpus[i]->summary.vm == vm)
			retire(audit, audit->vcpus[i]);
		else
			i++;
	}
	audit_vm_remove(audit, vm);
	return audit->stop;
}

const struct reblock_summary *reblock_audit_retired(const struct reblock_audit *audit)
{
	return &audit->retired;
}

size_t reblock_audit_vcpus(const struct reblock_audit *audit)
{
	return audit->n_vcpus;
}
