/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz.h"
#include "oracle/truth.h"

/* What must be true of one of its entries for a finding to be. */
static unsigned truth_for(enum reblock_finding_kind kind)
{
	switch (kind) {
	case REBLOCK_MISSED_REBLOCK:
		return SIM_MISSED;
	case REBLOCK_STALE_MASK: /* reported as "not masked" where it had to be, and was not */
		return SIM_MISSED | SIM_MISSED_MASK;
	case REBLOCK_NMI_IN_NMI:
		return SIM_NESTED;
	case REBLOCK_REINJECT_BLOCKED:
		return SIM_FAILED;
	default:
		return 0;
	}
}

/*
 * Where an NMI came in right at an IRET, its own handler's IRET can have the same address and return to
 * it. Then "the first exit after the entry is at the same RIP" does not say that the guest has not moved.
 */
static bool is_assumed(const struct run *run, const struct reblock_finding *f)
{
	if (!(f->assumes & REBLOCK_ASSUMES_RETURNS_ELSEWHERE))
		return false;
	for (unsigned i = 0; i < f->n_records; i++)
		if (run->truth[f->records[i]] & SIM_RETURNS_TO_ITSELF)
			return true;
	return false;
}

void truth_of_finding(const struct run *run, const struct reblock_finding *f)
{
	unsigned wanted = truth_for(f->kind);

	for (unsigned i = 0; i < f->n_records; i++) {
		uint64_t n = f->records[i];

		if (n >= run->n)
			fuzz_fail("truth: %s rests on record %llu, which is none",
				  reblock_finding_name(f->kind), (unsigned long long)n);
		if (run->seen[n].kind == REBLOCK_ENTRY && (run->truth[n] & wanted))
			return;
	}
	if (!is_assumed(run, f))
		fuzz_fail("truth: %s at record %llu is not true", reblock_finding_name(f->kind),
			  (unsigned long long)f->records[0]);
}

/* The entry of exit E, if it was recorded. */
static size_t entry_of(const struct run *run, size_t e)
{
	for (size_t i = e + 1; i < run->n; i++) {
		if (run->seen[i].vm != run->seen[e].vm || run->seen[i].vcpu != run->seen[e].vcpu)
			continue;
		if (run->seen[i].kind == REBLOCK_ENTRY)
			return i;
		if (run->seen[i].kind == REBLOCK_EXIT)
			break;
	}
	return run->n;
}

void truth_of_outcome(const struct run *run, size_t e, enum reblock_outcome outcome)
{
	size_t n = entry_of(run, e);

	if (outcome == REBLOCK_OUTCOME_REBLOCKED &&
	    (n == run->n || (run->truth[n] & (SIM_MISSED | SIM_MISSED_MASK))))
		fuzz_fail("truth: the re-block after record %zu is not true", e);
}
