/* SPDX-License-Identifier: BSD-2-Clause */
/* What an exit of an IRET that had unblocked NMIs did not say (docs/rules.md, section 6, 4 and 5). */
#include "oracle/witness.h"

enum access { ACCESS_OTHER, ACCESS_FETCH, ACCESS_READ };

/* What the exit came from. An EPT misconfiguration does not say. */
static enum access access_of(const struct reblock_record *exit)
{
	uint64_t q = exit->qualification;

	if (!reblock_has(exit, REBLOCK_HAS_QUALIFICATION))
		return (exit->reason & REBLOCK_REASON_BASIC) == REBLOCK_REASON_EPT_MISCONFIG ?
			       ACCESS_OTHER :
			       ACCESS_FETCH; /* it may be */
	switch (exit->reason & REBLOCK_REASON_BASIC) {
	case REBLOCK_REASON_EPT_VIOLATION:
		if (q & 4)
			return ACCESS_FETCH;
		/* By a linear address, not of a paging structure, not asynchronous; a read alone. */
		return (q & 0x10187) == 0x181 ? ACCESS_READ : ACCESS_OTHER;
	case REBLOCK_REASON_APIC_ACCESS:
		return (q >> 12 & 15) == 2 ? ACCESS_FETCH :
		       (q >> 12 & 15) == 0 ? ACCESS_READ :
					     ACCESS_OTHER;
	default:
		return ACCESS_OTHER;
	}
}

/* Whether witness W of an exit and its record are of the same one. */
static bool agrees(const struct reblock_record *w, const struct reblock_record *exit)
{
	const uint32_t told = REBLOCK_REASON_BASIC | REBLOCK_REASON_FAILED_ENTRY;

	return reblock_has(w, REBLOCK_HAS_REASON | REBLOCK_HAS_RIP) &&
	       reblock_has(exit, REBLOCK_HAS_REASON | REBLOCK_HAS_RIP) && w->rip == exit->rip &&
	       !((w->reason ^ exit->reason) & told);
}

/* Whether an access of an IRET made this exit: blocking was 1 before it, and nothing else has come in between. */
static bool had_begun(const struct reblock_record *entry, const struct reblock_record *exit)
{
	switch (blocking_at(exit)) {
	case REBLOCK_NO:
		if (access_of(exit) == ACCESS_FETCH)
			return false;
		break;
	case REBLOCK_UNKNOWN:
		if (access_of(exit) != ACCESS_READ)
			return false;
		break;
	default:
		return false;
	}
	return blocking_at(entry) == REBLOCK_YES && oracle_facts(NULL, entry, 0, 0, FACT_NOTHING) &&
	       reblock_has(entry, REBLOCK_HAS_L2) && !reblock_flag(entry, REBLOCK_L2) &&
	       reblock_has(exit, REBLOCK_HAS_L2) && !reblock_flag(exit, REBLOCK_L2);
}

/* IRET is known to unblock at this exit, and no event was on its way. */
static bool is_plain(const struct reblock_record *exit)
{
	return !(exit->reason & REBLOCK_REASON_FAILED_ENTRY) &&
	       reblock_has(exit, REBLOCK_HAS_PIN) &&
	       (!(exit->pin & REBLOCK_PIN_NMI_EXITING) || (exit->pin & REBLOCK_PIN_VIRTUAL_NMIS)) &&
	       reblock_has(exit, REBLOCK_HAS_IDT_VECTORING) &&
	       !(exit->idt_vectoring & REBLOCK_INTR_VALID);
}

/* The entry of the line whose witness, which goes to *FIRST, is right before exit witness W; ORACLE_NONE. */
static size_t entry_right_before(const struct line *line, size_t w, size_t *first)
{
	size_t i = w;

	while (i && !line->cut[i] && !is_witness(line, i - 1) &&
	       series_at(line, i - 1)->kind != REBLOCK_ENTRY)
		i--;
	if (!i || line->cut[i] || !saw(line, i - 1, REBLOCK_SAW_ENTRY))
		return ORACLE_NONE;
	*first = i - 1;
	return entry_of_witness(line, i - 1);
}

bool has_stood_still(const struct line *line, size_t n, size_t x)
{
	size_t w = line->witnessed ? witness_of_exit(line, line->place[x]) : ORACLE_NONE, first;

	return w != ORACLE_NONE && agrees(series_at(line, w), line_at(line, x)) &&
	       entry_right_before(line, w, &first) == n;
}

void witnessed_exit(struct oracle *oracle, const struct line *line, size_t e)
{
	struct proof proof = { .grade = REBLOCK_DIRECT };
	uint8_t assumes = 0;
	struct reblock_record exit = line_filled(line, e, &assumes), entry;
	size_t w, first, n;
	bool ept = (exit.reason & REBLOCK_REASON_BASIC) == REBLOCK_REASON_EPT_VIOLATION;
	struct oracle_finding *f;

	if (!line_shows_saved_state(line) || reblock_flag(line_at(line, e), REBLOCK_LEFT_OUT))
		return;
	w = witness_of_exit(line, line->place[e]);
	if (w == ORACLE_NONE || !agrees(series_at(line, w), &exit) ||
	    !reblock_has(series_at(line, w), REBLOCK_HAS_MASKED) ||
	    !reblock_flag(series_at(line, w), REBLOCK_MASKED))
		return;
	n = entry_right_before(line, w, &first);
	if (n == ORACLE_NONE)
		return;
	entry = line_filled(line, n, &assumes);
	if (!is_plain(&exit) || !had_begun(&entry, &exit))
		return;
	if (ept ? !reblock_has(&exit, REBLOCK_HAS_QUALIFICATION) ||
			    (exit.qualification & REBLOCK_NMI_UNBLOCKING) :
		  (exit.reason & REBLOCK_REASON_BASIC) != REBLOCK_REASON_APIC_ACCESS &&
			    (exit.reason & REBLOCK_REASON_BASIC) != REBLOCK_REASON_EPT_MISCONFIG)
		return;
	if (oracle->n_findings == ORACLE_RECORDS_MOST)
		return;
	if (!reblock_has(line_at(line, e), REBLOCK_HAS_PIN))
		proof.needs |= assumes & (REBLOCK_ASSUMES_VNMI_ON | REBLOCK_ASSUMES_VNMI_OFF);
	proof.needs |= assumes & REBLOCK_ASSUMES_L2_0;
	f = &oracle->findings[oracle->n_findings++];
	*f = (struct oracle_finding){ .kind = ept ? REBLOCK_HARDWARE : REBLOCK_UNREPORTABLE,
				      .evidence = REBLOCK_DIRECT,
				      .needs = proof.needs,
				      .may = line->assumes,
				      .n_records = 4,
				      .records = { line->number[n], line->series[first],
						   line->series[w], line->number[e] } };
}
