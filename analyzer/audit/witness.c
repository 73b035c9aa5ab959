/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What Intel PT shows of a vCPU (docs/rules.md, section 6). A witness stands beside the records and changes none of what
 * they say; it adds what only PT sees: IRETs that complete, events that are delivered, and what instruction an
 * exit came at.
 *
 * PT is complete between two gaps, and only there does "nothing came" mean anything.
 */
#include "state.h"
#include "planted.h"

/* The vector of what was delivered; -1: not known. */
static int vector_of(const struct reblock_record *r)
{
	return reblock_has(r, REBLOCK_HAS_INTR_INFO) ? (int)r->intr_info : -1;
}

/* Whose guest it is that PT shows; what had to be assumed for that goes to v->pt.assumed. */
static enum reblock_tri l2_of(const struct reblock_audit *audit, struct audit_vcpu *v,
			      const struct reblock_record *r)
{
	struct audit_pt *pt = &v->pt;

	pt->assumed = 0;
	if (reblock_has(r, REBLOCK_HAS_L2)) {
		pt->shows_l2 = true;
		/* That there is a nested guest takes the ground from assuming none; that this is none does not. */
		v->has_l2 = v->has_l2 || reblock_flag(r, REBLOCK_L2);
		return audit_l2(r);
	}
	/* The guest that the last entry went to. */
	if (pt->entry.kind == REBLOCK_ENTRY) {
		pt->assumed = v->summary.assumes & REBLOCK_ASSUMES_L2_0;
		return audit_l2(&pt->entry);
	}
	if (pt->shows_l2 || !audit_takes_l2_as_0(audit, v))
		return REBLOCK_UNKNOWN;
	pt->assumed = REBLOCK_ASSUMES_L2_0;
	return REBLOCK_NO;
}

/* What PT showed up to here holds no longer: neither is the next entry's witness the next thing that happened. */
static void nothing_since(struct audit_pt *pt)
{
	pt->entry_recorded = pt->entry_witnessed = false;
}

void audit_witness_forget(struct audit_vcpu *v)
{
	struct audit_pt *pt = &v->pt;

	if (!pt->on)
		return;
	nothing_since(pt);
	pt->outside = pt->exit_pending = false;
	pt->has_handler = false;
	audit_pt_unknown(v, REBLOCK_PT_BEGIN);
}

void audit_witness_left_out(struct audit_vcpu *v)
{
	nothing_since(&v->pt);
	v->pt.exit_direct = false;
}

/* No record came for the last exit: whether its bit 12 is defined, PT does not say. */
static void exit_alone(struct reblock_audit *audit, struct audit_vcpu *v)
{
	struct reblock_judgement judgement = {
		.exit_number = v->pt.exit_number,
		.entry_number = UINT64_MAX,
		.vm = v->summary.vm,
		.vcpu = v->summary.vcpu,
		.unblocked = REBLOCK_UNKNOWN,
		.exit_kind = reblock_unblock_exit_of(&v->pt.exit),
	};

	if (v->pt.exit_pending && v->pt.exit_bit12) {
		v->summary.pt.bit12++;
		audit_judged(audit, v, &judgement, REBLOCK_OUTCOME_UNJUDGED,
			     REBLOCK_CAUSE_NO_IDT_VECTORING);
	}
	v->pt.exit_pending = false;
}

/* As an exit, so that what is asked of those can be asked of it; faults say nothing of bit 12 in PT. */
static struct reblock_record as_exit(const struct reblock_record *r)
{
	struct reblock_record exit = *r;

	exit.kind = REBLOCK_EXIT;
	exit.error_code = 0;
	exit.presence &= (uint16_t)~REBLOCK_HAS_ERROR_CODE;
	return exit;
}

static void saw_exit(struct reblock_audit *audit, struct audit_vcpu *v,
		     const struct reblock_record *r, uint64_t number)
{
	struct audit_pt *pt = &v->pt;
	bool direct = pt->entry_witnessed && reblock_has(r, REBLOCK_HAS_REASON);

	exit_alone(audit, v);
	/* The entry between two exits was not seen. */
	if (pt->outside)
		audit_pt_unknown(v, REBLOCK_PT_UNKNOWN_EXIT);
	nothing_since(pt);
	pt->outside = pt->exit_pending = true;
	pt->exit_direct = direct;
	pt->exit = as_exit(r);
	pt->exit_number = number;
	v->summary.pt.exits++;
	pt->exit_bit12 = reblock_has(r, REBLOCK_HAS_REASON | REBLOCK_HAS_QUALIFICATION) &&
			 reblock_unblock_exit_of(&pt->exit) != REBLOCK_UNBLOCK_EXITS &&
			 (r->qualification & REBLOCK_NMI_UNBLOCKING);
}

static void saw_entry(struct reblock_audit *audit, struct audit_vcpu *v,
		      const struct reblock_record *r, uint64_t number)
{
	struct audit_pt *pt = &v->pt;
	uint64_t rip = pt->entry.rip;
	bool recorded = pt->entry_recorded, known = reblock_has(&pt->entry, REBLOCK_HAS_RIP);

	exit_alone(audit, v);
	if (pt->outside)
		audit_pt_passed(v, r);
	else
		audit_pt_unknown(v, REBLOCK_PT_UNKNOWN_EXIT);
	nothing_since(pt);
	pt->outside = false;
	if (!known && v->phase == AUDIT_ENTERED &&
	    reblock_rip_same(&v->exit.record, &pt->entry) == REBLOCK_YES &&
	    reblock_has(&v->exit.record, REBLOCK_HAS_RIP)) {
		known = true;
		rip = v->exit.record.rip;
	}
	/* Another address is another CS base than 0, or another entry. */
	pt->entry_witnessed = recorded && (!known || !reblock_has(r, REBLOCK_HAS_RIP) ||
					   PLANTED(108, r->rip == rip, true));
	pt->entry_witness = number;
	pt->entry_at = reblock_has(r, REBLOCK_HAS_RIP);
	pt->entry_rip = r->rip;
}

/* Whether R is the first thing after the entry, and came before any instruction: what that entry injected. */
static bool is_first(const struct audit_pt *pt, const struct reblock_record *r)
{
	return pt->entry_witnessed &&
	       (!pt->entry_at || !reblock_has(r, REBLOCK_HAS_RIP) || r->rip == pt->entry_rip);
}

/* Learns where the handler of NMIs begins. */
static void learn(struct audit_pt *pt, const struct reblock_record *r, uint64_t number)
{
	if (!reblock_has(r, REBLOCK_HAS_QUALIFICATION) || audit_pt_may_be_fred(r->qualification))
		return;
	pt->has_handler = true;
	pt->handler = r->qualification;
	pt->handler_number = number;
}

/* Whether this first thing after the recorded entry is the NMI that it is known to inject. */
static bool is_injected_nmi(const struct audit_pt *pt, bool first)
{
	return first && reblock_injects(&pt->entry) == REBLOCK_INJECTS_NMI;
}

static void saw_interrupt(struct reblock_audit *audit, struct audit_vcpu *v,
			  const struct reblock_record *r, uint64_t number)
{
	struct audit_pt *pt = &v->pt;
	int vector = vector_of(r);
	bool first = is_first(pt, r), told = false;
	bool done = reblock_has(r, REBLOCK_HAS_QUALIFICATION) &&
		    !audit_pt_may_be_fred(r->qualification);

	nothing_since(pt);
	if (vector != REBLOCK_VECTOR_NMI) {
		/* An external interrupt comes between two instructions; anything below may be the IRET's fault. */
		if (PLANTED(116, vector < 32, false))
			audit_pt_unknown(v, REBLOCK_PT_EXCEPTION);
		return;
	}
	learn(pt, r, number);
	if (first && done) {
		told = audit_handler_witness(v, r, number);
		audit_question_nmi(v, number, true, reblock_has(r, REBLOCK_HAS_RIP), r->rip);
	}
	audit_pt_nmi(audit, v, r, number, is_injected_nmi(pt, first), told);
}

/* Without Event Trace an event has no vector; where its handler begins may tell. */
static void saw_async(struct audit_vcpu *v, const struct reblock_record *r, uint64_t number)
{
	struct audit_pt *pt = &v->pt;
	bool first = is_first(pt, r), has_to = reblock_has(r, REBLOCK_HAS_QUALIFICATION);
	bool at_entry = first && has_to && !audit_pt_may_be_fred(r->qualification) &&
			reblock_virtual_nmis(&pt->entry) == REBLOCK_YES;

	nothing_since(pt);
	audit_pt_unknown(v, REBLOCK_PT_EXCEPTION);
	if (!at_entry)
		return;
	if (is_injected_nmi(pt, first))
		learn(pt, r, number);
	if (PLANTED(110, !pt->has_handler || pt->handler != r->qualification, false))
		return;
	(void)audit_handler_witness(v, r, number);
	audit_question_nmi(v, number, false, reblock_has(r, REBLOCK_HAS_RIP), r->rip);
}

static void saw_iret(struct audit_vcpu *v, const struct reblock_record *r)
{
	struct audit_pt *pt = &v->pt;

	audit_question_ran(v, is_first(pt, r));
	nothing_since(pt);
	pt->nmi = AUDIT_PT_NMI_FINISHED;
}

/* SMM saves and restores what is blocked, and INIT clears it. */
static void saw_other(struct audit_vcpu *v)
{
	audit_question_ran(v, false);
	nothing_since(&v->pt);
	audit_pt_unknown(v, REBLOCK_PT_OTHER);
}

void audit_witness(struct reblock_audit *audit, struct audit_vcpu *v,
		   const struct reblock_record *r, uint64_t number)
{
	v->pt.on = true;
	v->summary.pt.witnesses++;
	if (r->error_code != REBLOCK_SAW_GAP &&
	    PLANTED(111, l2_of(audit, v, r) != REBLOCK_NO, false)) {
		/* A nested guest has NMIs of its own, and its exits are records of their own. */
		audit_witness_forget(v);
		audit_pt_unknown(v, REBLOCK_PT_NESTED);
		return;
	}
	v->pt.nmi_assumes |= v->pt.assumed;
	switch (r->error_code) {
	case REBLOCK_SAW_INTERRUPT:
		v->summary.pt.nmis += vector_of(r) == REBLOCK_VECTOR_NMI;
		/* Whether it came in before the exit or at the next entry is not known. */
		if (PLANTED(112, v->pt.outside, false)) {
			v->summary.pt.unjudged_nmis[REBLOCK_PT_DELIVERY] += vector_of(r) ==
									    REBLOCK_VECTOR_NMI;
			nothing_since(&v->pt);
			audit_pt_unknown(v, REBLOCK_PT_DELIVERY);
			break;
		}
		saw_interrupt(audit, v, r, number);
		break;
	case REBLOCK_SAW_ASYNC:
		saw_async(v, r, number);
		break;
	case REBLOCK_SAW_IRET:
		saw_iret(v, r);
		break;
	case REBLOCK_SAW_EXIT:
		saw_exit(audit, v, r, number);
		break;
	case REBLOCK_SAW_ENTRY:
		saw_entry(audit, v, r, number);
		break;
	case REBLOCK_SAW_OTHER:
		saw_other(v);
		break;
	default:
		v->summary.pt.gaps++;
		exit_alone(audit, v);
		if (PLANTED(109, true, false))
			audit_witness_forget(v);
		break;
	}
}

/* Whether the witness and the record of an exit are of the same one. */
static bool agree(const struct reblock_record *witness, const struct reblock_record *exit)
{
	if (reblock_has(witness, REBLOCK_HAS_REASON) && reblock_has(exit, REBLOCK_HAS_REASON) &&
	    (witness->reason ^ exit->reason) & (REBLOCK_REASON_BASIC | REBLOCK_REASON_FAILED_ENTRY))
		return false;
	/* PT's addresses are linear: with a CS base other than 0 they differ. */
	return reblock_has(witness, REBLOCK_HAS_RIP) && reblock_has(exit, REBLOCK_HAS_RIP) &&
	       PLANTED(113, witness->rip == exit->rip, true);
}

void audit_witness_at_exit(struct reblock_audit *audit, struct audit_vcpu *v,
			   const struct reblock_record *exit, uint64_t number)
{
	struct audit_pt *pt = &v->pt;
	struct reblock_pt_summary *count = &v->summary.pt;
	bool unblocked = v->exit.unblock.unblocked == REBLOCK_YES;

	if (pt->exit_pending && agree(&pt->exit, exit)) {
		count->matched++;
		audit_pt_exit(audit, v, exit, number);
	} else if (pt->exit_pending) {
		count->disagree++;
		count->unconfirmed += unblocked;
	} else {
		/* PT shows nothing of the guest before this exit. */
		count->unwitnessed++;
		count->unconfirmed += unblocked;
		audit_witness_forget(v);
	}
	pt->exit_pending = false;
	pt->entry_recorded = false;
	/* A mask write that was recorded before this exit came after what PT has shown up to it. */
	if (v->exit.between & REBLOCK_BETWEEN_MASK_WRITE)
		audit_pt_unknown(v, REBLOCK_PT_HYPERVISOR);
}

void audit_witness_at_entry(struct audit_vcpu *v, const struct reblock_record *entry,
			    uint64_t number)
{
	struct audit_pt *pt = &v->pt;

	nothing_since(pt);
	pt->entry_recorded = true;
	pt->entry = *entry;
	pt->entry_number = number;
}

void audit_witness_finish(struct reblock_audit *audit, struct audit_vcpu *v)
{
	exit_alone(audit, v);
}
