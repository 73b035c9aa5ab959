/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz.h"
#include "oracle/truth.h"

/* Bits of what is true of any of the records it rests on. */
static unsigned truth_of(const struct run *run, const struct reblock_finding *f)
{
	unsigned truth = 0;

	for (unsigned i = 0; i < f->n_records; i++)
		truth |= run->truth[f->records[i]];
	return truth;
}

/* What stands in for absent fields in the records it rests on: by no other assumption is it excused. */
static unsigned stood_in_for(const struct run *run, const struct reblock_finding *f)
{
	unsigned assumes = 0;

	for (unsigned i = 0; i < f->n_records; i++) {
		const struct reblock_record *r = &run->seen[f->records[i]];

		if (r->kind != REBLOCK_EXIT && r->kind != REBLOCK_ENTRY &&
		    r->kind != REBLOCK_WITNESS)
			continue;
		if (!reblock_has(r, REBLOCK_HAS_L2))
			assumes |= REBLOCK_ASSUMES_L2_0;
		if (r->kind == REBLOCK_WITNESS)
			continue;
		if (!reblock_has(r, REBLOCK_HAS_PIN))
			assumes |= REBLOCK_ASSUMES_VNMI_ON | REBLOCK_ASSUMES_VNMI_OFF;
	}
	return assumes;
}

/* Which of the assumptions that it names do not hold. */
static unsigned untrue_assumptions(const struct run *run, const struct reblock_finding *f)
{
	unsigned truth = truth_of(run, f), untrue = run->untrue & stood_in_for(run, f);

	/* "Still at that RIP" proves nothing where the guest was away. */
	if (truth & SIM_CAME_BACK)
		untrue |= REBLOCK_ASSUMES_NO_HANDLER | REBLOCK_ASSUMES_RETURNS_ELSEWHERE;
	if (truth & SIM_RETURNS_TO_ITSELF)
		untrue |= REBLOCK_ASSUMES_RETURNS_ELSEWHERE;
	if (truth & SIM_FAILED)
		untrue |= REBLOCK_ASSUMES_ENTERED;
	return f->assumes & untrue;
}

/*
 * What an IRET returns to is told by where events came in since the last NMI, as it is the NMI's handler, or one inside, that
 * NMIs are blocked for. A hypervisor that has set blocking for nothing, where no record shows it, has it return elsewhere:
 * nothing that is visible tells this from a missed re-block.
 */
static bool blocked_for_nothing(const struct run *run, const struct reblock_finding *f)
{
	const struct reblock_record *of = &run->seen[f->records[0]];
	const struct reblock_record *exit = NULL;

	if (!(truth_of(run, f) & (SIM_CAME_BACK | SIM_RETURNS_TO_ITSELF)))
		return false;
	for (size_t i = 0; i < f->records[0]; i++) {
		const struct reblock_record *r = &run->whole[i];

		if (r->vm != of->vm || r->vcpu != of->vcpu)
			continue;
		if (r->kind == REBLOCK_EXIT)
			exit = r;
		if (r->kind == REBLOCK_ENTRY && exit && !(run->truth[i] & SIM_DID_RIGHT) &&
		    (r->interruptibility & ~exit->interruptibility & REBLOCK_BLOCKING_NMI))
			return true;
	}
	return false;
}

void truth_of_finding(const struct run *run, const struct reblock_finding *f)
{
	for (unsigned i = 0; i < f->n_records; i++)
		if (f->records[i] >= run->n)
			fuzz_fail("%s rests on a record that is none",
				  reblock_finding_name(f->kind));
	/* What is seen is all that this one says, so the oracle alone checks it: another IRET may have that address, too. */
	if (f->kind == REBLOCK_IRET_LIVELOCK)
		return;
	/* All but one kind is concluded of a processor that does what the SDM says. */
	if ((run->sim.config.odd & SIM_ODD_CONTRADICTS) && f->kind != REBLOCK_HARDWARE)
		return;
	if (!(truth_of(run, f) & run_truth_for(f->kind)) && !untrue_assumptions(run, f) &&
	    !blocked_for_nothing(run, f))
		fuzz_fail("%s at record %llu is not true", reblock_finding_name(f->kind),
			  (unsigned long long)f->records[0]);
}

static bool of_vcpu(const struct reblock_record *r, const struct reblock_record *of)
{
	return r->vm == of->vm && r->vcpu == of->vcpu;
}

static bool may_cover(const struct reblock_record *lost, const struct reblock_record *of)
{
	return lost->kind == REBLOCK_LOST &&
	       (lost->vm == REBLOCK_NO_VM ||
		(lost->vm == of->vm && (lost->vcpu == of->vcpu || lost->vcpu == REBLOCK_NO_VCPU)));
}

/* The entry after exit E, if it was recorded. */
static size_t entry_after(const struct run *run, size_t e)
{
	for (size_t i = e + 1; i < run->n; i++) {
		if (!of_vcpu(&run->seen[i], &run->seen[e]))
			continue;
		if (run->seen[i].kind == REBLOCK_ENTRY)
			return i;
		if (run->seen[i].kind == REBLOCK_EXIT)
			break;
	}
	return run->n;
}

void truth_of_outcome(const struct run *run, size_t e, enum reblock_outcome outcome,
		      uint8_t assumes)
{
	size_t n = entry_after(run, e);

	/* An audit that takes what is not so for granted may be wrong here, too. */
	if (outcome != REBLOCK_OUTCOME_REBLOCKED || (assumes & run->untrue) ||
	    (run->sim.config.odd & SIM_ODD_CONTRADICTS))
		return;
	/* MOV SS or STI right before an NMI handler's IRET is left out of account (docs/rules.md, section 4). */
	if (n < run->n &&
	    (run->whole[n].interruptibility &
	     (REBLOCK_BLOCKING_MOV_SS |
	      (run->sim.config.odd & SIM_ODD_WINDOW_WAITS ? REBLOCK_BLOCKING_STI : 0))))
		return;
	if (n == run->n || (run->truth[n] & (SIM_MISSED | SIM_MISSED_MASK)))
		fuzz_fail("the re-block after record %zu is not true", e);
}

static bool all_there(const struct reblock_record *exit, const struct reblock_record *entry)
{
	const unsigned of_exit = REBLOCK_HAS_REASON | REBLOCK_HAS_RIP | REBLOCK_HAS_QUALIFICATION |
				 REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_IDT_VECTORING |
				 REBLOCK_HAS_PIN | REBLOCK_HAS_L2;
	const unsigned of_entry = REBLOCK_HAS_RIP | REBLOCK_HAS_INTR_INFO |
				  REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_L2;

	return reblock_has(exit, of_exit) && reblock_has(entry, of_entry);
}

/* Whether nothing can be missing between R and LATER, the next record of the same vCPU. */
static bool follows(const struct run *run, const struct reblock_record *r,
		    const struct reblock_record *later)
{
	if (r->t > later->t)
		return false;
	return !(run->source.fields & REBLOCK_HAS_SEQ) ||
	       (reblock_has(r, REBLOCK_HAS_SEQ) && reblock_has(later, REBLOCK_HAS_SEQ) &&
		(uint16_t)(r->seq + 1) == later->seq);
}

/* Whether a mask write can be recorded before its exit. */
static bool records_early(const struct run *run)
{
	return (run->source.captures & 1u << REBLOCK_MASK_WRITE) &&
	       !((run->source.presence & REBLOCK_SOURCE_BARE_METAL) && run->source.bare_metal);
}

/* Whether the exit before entry N is seen, with all that the rules need and nothing between that row 2 names. */
static bool is_plain_to_see(const struct run *run, size_t n)
{
	const unsigned needed = 1u << REBLOCK_EVENTS_WRITE | 1u << REBLOCK_USER_EXIT;
	const struct reblock_record *entry = &run->seen[n], *later = entry;
	bool exited = false;

	if (!(run->source.presence & REBLOCK_SOURCE_CAPTURES) ||
	    (run->source.captures & needed) != needed || reblock_flag(entry, REBLOCK_LEFT_OUT))
		return false;
	for (size_t i = n; i-- > 0;) {
		const struct reblock_record *r = &run->seen[i];

		if (may_cover(r, entry))
			return exited && !records_early(run);
		if (!of_vcpu(r, entry) || r->kind == REBLOCK_META || r->kind == REBLOCK_WITNESS)
			continue;
		/* Operations can be recorded before their exit. */
		if (exited)
			return (r->kind == REBLOCK_EXIT || r->kind == REBLOCK_ENTRY) &&
			       (!records_early(run) || follows(run, r, later));
		if (!follows(run, r, later))
			return false;
		later = r;
		if (r->kind == REBLOCK_ENTRY || r->kind == REBLOCK_MASK_WRITE ||
		    r->kind == REBLOCK_EVENTS_WRITE)
			return false;
		if (r->kind == REBLOCK_EXIT) {
			if (!all_there(r, entry))
				return false;
			exited = true;
		}
	}
	return exited;
}

void truth_of_silence(const struct run *run, const struct reblock_finding *findings, size_t n)
{
	static bool found[RUN_RECORDS_MOST];

	for (size_t i = 0; i < run->n; i++)
		found[i] = false;
	for (size_t i = 0; i < n; i++)
		if (findings[i].kind == REBLOCK_MISSED_REBLOCK)
			for (unsigned k = 0; k < findings[i].n_records; k++)
				found[findings[i].records[k]] = true;
	for (size_t i = 0; i < run->n; i++)
		if ((run->truth[i] & SIM_MISSED) && run->seen[i].kind == REBLOCK_ENTRY &&
		    !found[i] && is_plain_to_see(run, i))
			fuzz_fail(
				"the missed re-block at record %zu is in plain sight and was not found",
				i);
}
