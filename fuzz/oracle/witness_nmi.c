/* SPDX-License-Identifier: BSD-2-Clause */
/* NMIs inside the handler of the one before, by witnesses alone (docs/rules.md, section 6, 1). */
#include "oracle/witness.h"

/* Exits whose instruction is no IRET, and after which the guest goes on behind it (SDM volume 3D, appendix C). */
static bool is_instruction(unsigned basic)
{
	static const uint8_t reasons[] = { 10, 12, 14, 15, 16, 18, 28, 29, 30,
					   31, 32, 36, 39, 40, 51, 54, 55, 58 };

	for (size_t i = 0; i < sizeof(reasons); i++)
		if (reasons[i] == basic)
			return true;
	return false;
}

/* Exits around which what is blocked is another: triple fault, INIT, SIPI, SMI, task switch, RSM, VMXOFF, failed entries ... */
static bool changes_state(unsigned basic)
{
	static const uint8_t reasons[] = { 2, 3, 4, 5, 6, 9, 17, 20, 24, 26, 33, 34, 41 };

	for (size_t i = 0; i < sizeof(reasons); i++)
		if (reasons[i] == basic)
			return true;
	return false;
}

/* Whether from this exit to that entry nothing can have ended a handler. */
static bool keeps_handler(const struct reblock_record *exit, const struct reblock_record *entry)
{
	unsigned basic = exit->reason & REBLOCK_REASON_BASIC;
	bool no_iret;

	if (!reblock_has(exit, REBLOCK_HAS_REASON | REBLOCK_HAS_RIP) ||
	    !reblock_has(entry, REBLOCK_HAS_RIP) || (exit->reason & REBLOCK_REASON_FAILED_ENTRY) ||
	    changes_state(basic))
		return false;
	no_iret = reblock_has(exit, REBLOCK_HAS_MASKED) ? !reblock_flag(exit, REBLOCK_MASKED) :
							  is_instruction(basic);
	if (basic == 0 && !no_iret)
		return false;
	return entry->rip == exit->rip || (entry->rip - exit->rip <= 15 && no_iret);
}

/* What the entry is known to inject is that NMI: it is no INT 2. */
static bool is_injected(const struct line *line, size_t i)
{
	size_t n = entry_before(line, i);

	return n != ORACLE_NONE && oracle_facts(NULL, line_at(line, n), 0, 0, FACT_NMI) == FACT_NMI;
}

/* Whether the mask may have been written right after exit E of the line, and that be recorded before it. */
static bool is_mask_early(const struct line *line, size_t e)
{
	size_t first = line_first_of(line, e);
	bool captured = (line->source->presence & REBLOCK_SOURCE_CAPTURES) &&
			(line->source->captures & 1u << REBLOCK_MASK_WRITE);

	return first != e ||
	       ((line->broken[first] & LINE_LOST) && captured && !line_shows_saved_state(line));
}

/* Whether record I of the series can have ended the handler of an NMI that came before it, by itself. */
static bool may_end(const struct line *line, size_t i)
{
	const struct reblock_record *r = series_at(line, i);
	bool events = (line->source->presence & REBLOCK_SOURCE_CAPTURES) &&
		      (line->source->captures & 1u << REBLOCK_EVENTS_WRITE);

	if (is_blind(line, i))
		return true;
	switch (r->kind) {
	case REBLOCK_MASK_WRITE:
	case REBLOCK_EVENTS_WRITE:
		return true;
	case REBLOCK_USER_EXIT:
		return !events;
	case REBLOCK_EXIT:
		return is_mask_early(line, line->in_line[i]);
	case REBLOCK_WITNESS:
		break;
	default:
		return false;
	}
	switch (r->error_code) {
	case REBLOCK_SAW_INTERRUPT:
		return is_outside(line, i) || !reblock_has(r, REBLOCK_HAS_INTR_INFO) ||
		       r->intr_info < 32;
	case REBLOCK_SAW_EXIT:
	case REBLOCK_SAW_ENTRY:
		return false; /* by itself */
	default:
		return true;
	}
}

/* The NMI whose handler NMI I came into for certain; ORACLE_NONE. */
static size_t nests_in(const struct line *line, size_t i)
{
	size_t entry = ORACLE_NONE; /* the next one */

	for (; i && !line->cut[i]; i--) {
		size_t k = i - 1;

		if (is_nmi_witness(line, k) && !is_blind(line, k) && !is_outside(line, k) &&
		    is_handler_seen(line, k))
			return entry == ORACLE_NONE ? k : ORACLE_NONE;
		if (may_end(line, k))
			break;
		if (saw(line, k, REBLOCK_SAW_ENTRY)) {
			if (entry != ORACLE_NONE)
				break;
			entry = k;
		} else if (saw(line, k, REBLOCK_SAW_EXIT)) {
			if (entry == ORACLE_NONE ||
			    !keeps_handler(series_at(line, k), series_at(line, entry)))
				break;
			entry = ORACLE_NONE;
		}
	}
	return ORACLE_NONE;
}

/* The NMI whose handler is open when NMI I comes in; ORACLE_NONE. */
static size_t nesting(const struct line *line, size_t i)
{
	if (!is_nmi_witness(line, i) || is_blind(line, i) || is_outside(line, i) ||
	    !is_handler_seen(line, i))
		return ORACLE_NONE;
	return nests_in(line, i);
}

static struct oracle_finding found(const struct line *line, size_t of, size_t i)
{
	uint8_t needs = 0;

	for (size_t k = of; k <= i; k++)
		if (is_witness(line, k))
			(void)shows_l2(line, k, &needs);
	if (!is_injected(line, of) || !is_injected(line, i))
		needs |= REBLOCK_ASSUMES_NO_INT_2;
	return (struct oracle_finding){ .kind = REBLOCK_NMI_IN_NMI,
					.evidence = REBLOCK_DELIVERED,
					.needs = needs,
					.may = line->assumes,
					.n_records = 2,
					.records = { line->series[of], line->series[i] } };
}

void witnessed_nmis(struct oracle *oracle, const struct line *line, const bool *told)
{
	for (size_t i = 0; i < line->n_series; i++) {
		size_t of = nesting(line, i), n;

		if (of == ORACLE_NONE || oracle->n_findings == ORACLE_RECORDS_MOST)
			continue;
		/* One finding for each NMI: what the record of its entry shows comes first. */
		n = entry_before(line, i);
		if (n == ORACLE_NONE || !told[n])
			oracle->findings[oracle->n_findings++] = found(line, of, i);
	}
}

bool is_nesting_witnessed(const struct line *line, size_t n)
{
	if (!line->witnessed)
		return false;
	for (size_t i = line->place[n] + 1; i < line->n_series && !line->cut[i]; i++) {
		if (series_at(line, i)->kind == REBLOCK_EXIT ||
		    series_at(line, i)->kind == REBLOCK_ENTRY)
			break;
		if (nesting(line, i) != ORACLE_NONE)
			return true;
	}
	return false;
}
