/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle/witness.h"

/* The exit before entry N of the line is recorded. */
static bool is_paired(const struct line *line, size_t n)
{
	while (n && !(line->broken[n] & (LINE_LOST | LINE_LEFT_OUT))) {
		n--;
		if (line_at(line, n)->kind == REBLOCK_EXIT)
			return true;
		if (line_at(line, n)->kind == REBLOCK_ENTRY)
			return false;
	}
	return false;
}

/* Whether record K of the line shows that records are missing before it. */
static bool shows_loss(const struct line *line, size_t k)
{
	const struct reblock_record *r = line_at(line, k);

	return (line->broken[k] & LINE_SHOWN) ||
	       (r->kind == REBLOCK_ENTRY && !reblock_flag(r, REBLOCK_LEFT_OUT) &&
		!is_paired(line, k));
}

void witnesses_of(struct oracle *oracle, struct line *line, uint32_t vm, uint16_t vcpu)
{
	bool cut = false;
	size_t k = 0;

	line->series = oracle->series;
	line->cut = oracle->cut;
	line->place = oracle->place;
	line->in_line = oracle->in_line;
	line->n_series = 0;
	line->heard = line->carries_l2 = SIZE_MAX;
	for (size_t i = 0; i < line->n_all; i++) {
		const struct reblock_record *r = &line->all[i];

		if (line_loses(r, vm, vcpu)) {
			cut = true;
			continue;
		}
		if (r->vm != vm || r->vcpu != vcpu ||
		    (r->kind >= REBLOCK_LOST && r->kind != REBLOCK_WITNESS))
			continue;
		if (r->kind != REBLOCK_WITNESS)
			cut = cut || shows_loss(line, k);
		if (r->kind == REBLOCK_WITNESS && line->heard == SIZE_MAX)
			line->heard = line->n_series;
		if (line->carries_l2 == SIZE_MAX && reblock_has(r, REBLOCK_HAS_L2))
			line->carries_l2 = line->n_series;
		oracle->series[line->n_series] = (uint32_t)i;
		oracle->cut[line->n_series] = cut;
		cut = false;
		if (r->kind != REBLOCK_WITNESS) {
			oracle->in_line[line->n_series] = (uint32_t)k;
			oracle->place[k++] = (uint32_t)line->n_series;
			cut = line->broken[k] & LINE_BEHIND;
		}
		line->n_series++;
	}
	oracle->cut[line->n_series] = cut;
}

bool is_nmi_witness(const struct line *line, size_t i)
{
	const struct reblock_record *r = series_at(line, i);

	return saw(line, i, REBLOCK_SAW_INTERRUPT) && reblock_has(r, REBLOCK_HAS_INTR_INFO) &&
	       r->intr_info == REBLOCK_VECTOR_NMI;
}

bool is_handler_seen(const struct line *line, size_t i)
{
	const struct reblock_record *r = series_at(line, i);

	/* FRED's begin at a page, and 256 bytes on. */
	return reblock_has(r, REBLOCK_HAS_QUALIFICATION) && (r->qualification & 0xeff);
}

size_t witness_of_exit(const struct line *line, size_t i)
{
	for (; i && !line->cut[i]; i--) {
		uint8_t assumes = 0;

		if (saw(line, i - 1, REBLOCK_SAW_GAP) || saw(line, i - 1, REBLOCK_SAW_ENTRY) ||
		    series_at(line, i - 1)->kind == REBLOCK_EXIT)
			break;
		if (is_witness(line, i - 1) && shows_l2(line, i - 1, &assumes) != REBLOCK_NO)
			break;
		if (saw(line, i - 1, REBLOCK_SAW_EXIT))
			return i - 1;
	}
	return ORACLE_NONE;
}

bool is_blind(const struct line *line, size_t i)
{
	uint8_t assumes = 0;

	if (is_witness(line, i))
		return saw(line, i, REBLOCK_SAW_GAP) || shows_l2(line, i, &assumes) != REBLOCK_NO;
	return series_at(line, i)->kind == REBLOCK_EXIT && witness_of_exit(line, i) == ORACLE_NONE;
}

bool is_outside(const struct line *line, size_t i)
{
	for (; i && !line->cut[i] && !is_blind(line, i - 1); i--) {
		if (saw(line, i - 1, REBLOCK_SAW_EXIT))
			return true;
		if (saw(line, i - 1, REBLOCK_SAW_ENTRY))
			return false;
	}
	return false;
}

/* Mask writes may be recorded before their exit, and come between. */
static bool is_nothing(const struct line *line, size_t i)
{
	const struct reblock_record *r = series_at(line, i);

	return r->kind < REBLOCK_LOST && r->kind != REBLOCK_EXIT && r->kind != REBLOCK_ENTRY;
}

/* The address that entry N of the line goes to, if that is known. */
static bool address_of(const struct line *line, size_t n, uint64_t *rip)
{
	const struct reblock_record *r = line_at(line, n);
	struct pair pair;
	size_t e = n;

	*rip = r->rip;
	if (reblock_has(r, REBLOCK_HAS_RIP))
		return true;
	if (!is_paired(line, n))
		return false;
	while (line_at(line, e)->kind != REBLOCK_EXIT)
		e--;
	*rip = line_at(line, e)->rip;
	return reblock_has(line_at(line, e), REBLOCK_HAS_RIP) && pair_of(&pair, line, e) &&
	       pair_facts(&pair, 0, FACT_RIP_SAME);
}

size_t witness_of_entry(const struct line *line, size_t n)
{
	size_t i = line->place[n];
	uint8_t assumes = 0;
	uint64_t rip;

	if (i < line->heard)
		return ORACLE_NONE;
	for (i++; i < line->n_series && !line->cut[i] && is_nothing(line, i); i++)
		;
	if (i == line->n_series || line->cut[i] || !saw(line, i, REBLOCK_SAW_ENTRY) ||
	    shows_l2(line, i, &assumes) != REBLOCK_NO)
		return ORACLE_NONE;
	if (address_of(line, n, &rip) && reblock_has(series_at(line, i), REBLOCK_HAS_RIP) &&
	    series_at(line, i)->rip != rip)
		return ORACLE_NONE;
	return i;
}

size_t entry_of_witness(const struct line *line, size_t w)
{
	size_t n = w;

	while (n && !line->cut[n] && is_nothing(line, n - 1))
		n--;
	if (!n || line->cut[n] || series_at(line, n - 1)->kind != REBLOCK_ENTRY)
		return ORACLE_NONE;
	n = line->in_line[n - 1];
	return witness_of_entry(line, n) == w ? n : ORACLE_NONE;
}

size_t entry_before(const struct line *line, size_t i)
{
	const struct reblock_record *event = series_at(line, i), *entry;
	size_t w = i;

	while (w && !line->cut[w] && is_nothing(line, w - 1))
		w--;
	if (!w || line->cut[w] || !saw(line, w - 1, REBLOCK_SAW_ENTRY))
		return ORACLE_NONE;
	entry = series_at(line, --w);
	if (reblock_has(entry, REBLOCK_HAS_RIP) && reblock_has(event, REBLOCK_HAS_RIP) &&
	    entry->rip != event->rip)
		return ORACLE_NONE;
	return entry_of_witness(line, w);
}

/* What this vCPU's records and witnesses before place I said of nested guests: whether an absent word can be taken as "none". */
static bool is_l2_carried(const struct line *line, size_t i)
{
	if ((line->source->presence & REBLOCK_SOURCE_FIELDS) &&
	    (line->source->fields & REBLOCK_HAS_L2))
		return true;
	return i > line->carries_l2;
}

enum reblock_tri shows_l2(const struct line *line, size_t i, uint8_t *assumes)
{
	const struct reblock_record *r = series_at(line, i);

	if (!reblock_has(r, REBLOCK_HAS_L2)) {
		/* The guest that the last entry went to. */
		size_t n = i;

		while (n && !line->cut[n] && series_at(line, n - 1)->kind != REBLOCK_ENTRY)
			n--;
		if (n && !line->cut[n] && n - 1 > line->heard) {
			uint8_t filled = 0;
			struct reblock_record entry =
				line_filled(line, line->in_line[n - 1], &filled);

			*assumes |= filled & REBLOCK_ASSUMES_L2_0;
			if (!reblock_has(&entry, REBLOCK_HAS_L2))
				return REBLOCK_UNKNOWN;
			return reblock_flag(&entry, REBLOCK_L2) ? REBLOCK_YES : REBLOCK_NO;
		}
		if (is_l2_carried(line, i))
			return REBLOCK_UNKNOWN;
		*assumes |= REBLOCK_ASSUMES_L2_0;
		return REBLOCK_NO;
	}
	return reblock_flag(r, REBLOCK_L2) ? REBLOCK_YES : REBLOCK_NO;
}
