/* SPDX-License-Identifier: BSD-2-Clause */
/* What came first after an entry, as Intel PT shows it (docs/rules.md, section 6, 3). */
#include "oracle/witness.h"

static bool has_virtual_nmis(const struct line *line, size_t n)
{
	uint8_t assumes = 0;
	struct reblock_record entry = line_filled(line, n, &assumes);

	return oracle_facts(NULL, &entry, 0, 0, FACT_ENTRY_VIRTUAL_NMIS);
}

/* Without Event Trace: the first thing after an entry, and whether it is what that entry is known to inject as an NMI. */
static bool is_first_async(const struct line *line, size_t i, bool *injected)
{
	size_t n;

	if (!saw(line, i, REBLOCK_SAW_ASYNC) || is_blind(line, i) || is_outside(line, i) ||
	    !is_handler_seen(line, i))
		return false;
	n = entry_before(line, i);
	if (n == ORACLE_NONE || !has_virtual_nmis(line, n))
		return false;
	*injected = oracle_facts(NULL, line_at(line, n), 0, 0, FACT_NMI);
	return true;
}

/* Whether the event at I begins where the last NMI's handler did. */
static bool is_at_nmi_handler(const struct line *line, size_t i)
{
	uint64_t address = series_at(line, i)->qualification;
	size_t k = i + 1;
	bool injected;

	while (k-- && !is_blind(line, k)) {
		if ((is_nmi_witness(line, k) && !is_outside(line, k) && is_handler_seen(line, k)) ||
		    (is_first_async(line, k, &injected) && injected))
			return series_at(line, k)->qualification == address;
		if (line->cut[k])
			break;
	}
	return false;
}

static bool is_nmi_first(const struct line *line, size_t i)
{
	bool injected;

	if (is_nmi_witness(line, i))
		return !is_blind(line, i) && is_handler_seen(line, i) && !is_outside(line, i);
	return is_first_async(line, i, &injected) && is_at_nmi_handler(line, i);
}

/* What is right after the witness of entry N. */
static size_t first_after(const struct line *line, size_t n)
{
	size_t i = line->witnessed ? witness_of_entry(line, n) : ORACLE_NONE;

	if (i == ORACLE_NONE)
		return ORACLE_NONE;
	for (i++; i < line->n_series && !line->cut[i]; i++)
		if (is_witness(line, i) || series_at(line, i)->kind == REBLOCK_EXIT ||
		    series_at(line, i)->kind == REBLOCK_ENTRY)
			return is_witness(line, i) && entry_before(line, i) == n ? i : ORACLE_NONE;
	return ORACLE_NONE;
}

size_t nmi_first_after(const struct line *line, size_t n)
{
	size_t i = first_after(line, n);

	return i != ORACLE_NONE && is_nmi_first(line, i) ? i : ORACLE_NONE;
}

/* Whether the NMI at I, first after the entry of the pair, can only have come in because blocking was 0. */
static bool nmi_proves(const struct pair *p, size_t i)
{
	const struct reblock_record *r = series_at(p->line, i);
	bool has_rip = reblock_has(r, REBLOCK_HAS_RIP);
	bool here = has_rip && reblock_has(&p->exit, REBLOCK_HAS_RIP) && r->rip == p->exit.rip;

	if (has_rip && !here)
		return false;
	if (pair_facts(p, 0, FACT_NOTHING))
		/* The machine's own, which comes to a guest without "NMI exiting" alone. */
		return pair_facts(p, 0, FACT_MUST_BE_1) && is_nmi_witness(p->line, i) && here &&
		       reblock_has(&p->entry, REBLOCK_HAS_PIN) &&
		       !(p->entry.pin & (REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS));
	return !pair_facts(p, 0, FACT_NO_NMI) &&
	       pair_facts(p, 1, FACT_ROW_9 | FACT_ENTRY_VIRTUAL_NMIS) ==
		       (FACT_ROW_9 | FACT_ENTRY_VIRTUAL_NMIS);
}

/* Whether an IRET that has completed at I, or SMM and the like, is that of the pair, or leaves it open no longer. */
static bool has_run(const struct pair *p, bool first)
{
	if (pair_facts(p, 0, FACT_NOTHING))
		return true;
	/* It may be the IRET of what came in with the entry, unless nothing came before it. */
	return first && !pair_facts(p, 0, FACT_NMI);
}

bool witness_counts(const struct line *line, size_t n, uint8_t *needs)
{
	if (line_exit_after(line, n) != ORACLE_NONE)
		return has_entered(line, n, needs) == REBLOCK_YES;
	*needs |= REBLOCK_ASSUMES_ENTERED;
	return line_ends_after(line, n);
}

enum answer answer_of(const struct pair *p, size_t *witness, uint8_t *needs)
{
	const unsigned asked = FACT_MUST_BE_1 | FACT_NOTHING;
	const struct line *line = p->line;
	size_t first, i;

	*needs = 0;
	if (!line->witnessed || !witness_counts(line, p->n, needs))
		return ANSWER_NONE;
	first = first_after(line, p->n);
	for (i = line->place[p->n] + 1; i < line->n_series && !line->cut[i]; i++) {
		if (series_at(line, i)->kind == REBLOCK_EXIT ||
		    series_at(line, i)->kind == REBLOCK_ENTRY)
			break;
		*witness = i;
		if (i == first && is_nmi_first(line, i) && nmi_proves(p, i))
			return ANSWER_NMI;
		if (!(saw(line, i, REBLOCK_SAW_IRET) || saw(line, i, REBLOCK_SAW_OTHER)) ||
		    is_blind(line, i) || !has_run(p, i == first && saw(line, i, REBLOCK_SAW_IRET)))
			continue;
		/* With NMIs open the NMI-window exit that was asked for would have come before the IRET. */
		return !*needs && saw(line, i, REBLOCK_SAW_IRET) && i == first &&
				       pair_facts(p, 0, asked) == asked &&
				       reblock_has(&p->entry, REBLOCK_HAS_EXEC) &&
				       (p->entry.exec & REBLOCK_EXEC_NMI_WINDOW) ?
			       ANSWER_RAN_REBLOCKED :
			       ANSWER_RAN;
	}
	return ANSWER_NONE;
}
