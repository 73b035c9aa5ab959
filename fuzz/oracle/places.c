/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle/places.h"
#include "oracle/worlds.h"

#define KEPT 4 /* places that an audit need remember */
#define KEPT_NS 100000000u

static bool is_entry(const struct line *line, size_t i)
{
	return line_at(line, i)->kind == REBLOCK_ENTRY;
}

static bool injects_nmi(const struct line *line, size_t i)
{
	return is_entry(line, i) && oracle_facts(NULL, line_at(line, i), 0, 0, FACT_NMI);
}

/* The last entry before record I that injects an NMI, with nothing lost since; ORACLE_NONE: none is known. */
static size_t last_nmi(const struct line *line, size_t i)
{
	while (i && !(line->broken[i] & LINE_LOST)) {
		i--;
		if (injects_nmi(line, i))
			return i;
	}
	return ORACLE_NONE;
}

/* An exit of an entry that failed, or may have: what that was to inject did not come in. */
static bool may_be_failed_entry(const struct line *line, size_t i)
{
	const struct reblock_record *r = line_at(line, i);

	return r->kind == REBLOCK_EXIT &&
	       (!reblock_has(r, REBLOCK_HAS_REASON) || (r->reason & REBLOCK_REASON_FAILED_ENTRY));
}

static bool address_of(const struct line *line, size_t entry, uint64_t *rip)
{
	const struct reblock_record *r = line_at(line, entry);
	size_t i = entry;

	if (reblock_has(r, REBLOCK_HAS_RIP)) {
		*rip = r->rip;
		return true;
	}
	if (!reblock_has(r, REBLOCK_HAS_RIP_SAME) || !reblock_flag(r, REBLOCK_RIP_SAME))
		return false;
	/* It resumes where its exit was. */
	while (i && !line->broken[i]) {
		i--;
		if (is_entry(line, i))
			return false;
		if (line_at(line, i)->kind == REBLOCK_EXIT) {
			*rip = line_at(line, i)->rip;
			return reblock_has(line_at(line, i), REBLOCK_HAS_RIP);
		}
	}
	return false;
}

/* Whether it went to another guest, or may have. */
static bool went_elsewhere(const struct line *line, size_t entry)
{
	uint8_t assumes = 0;
	struct reblock_record r = line_filled(line, entry, &assumes);

	return !reblock_has(&r, REBLOCK_HAS_L2) || reblock_flag(&r, REBLOCK_L2);
}

static bool is_late(uint64_t since, uint64_t t)
{
	return since != REBLOCK_NO_TIME && t != REBLOCK_NO_TIME && t > since && t - since > KEPT_NS;
}

enum came_in oracle_came_in(const struct line *line, size_t exit, uint64_t rip)
{
	size_t nmi = last_nmi(line, exit);
	uint64_t places[KEPT], place;
	unsigned n = 0;
	bool here = false;

	if (nmi == ORACLE_NONE || is_late(line_at(line, nmi)->t, line_at(line, exit)->t))
		return CAME_IN_UNKNOWN;
	for (size_t i = nmi; i < exit; i++) {
		unsigned known = 0;

		/* From here on it is not known any more, until the next NMI. */
		if (may_be_failed_entry(line, i) || (line->broken[i + 1] & LINE_NO_ENTRY))
			return CAME_IN_UNKNOWN;
		if (!is_entry(line, i))
			continue;
		if (went_elsewhere(line, i))
			return CAME_IN_UNKNOWN;
		if (oracle_facts(NULL, line_at(line, i), 0, 0, FACT_NOTHING) ||
		    is_late(line_at(line, nmi)->t, line_at(line, i)->t))
			continue;
		if (!address_of(line, i, &place))
			return CAME_IN_UNKNOWN;
		while (known < n && places[known] != place)
			known++;
		if (known == KEPT)
			return CAME_IN_UNKNOWN;
		if (known == n)
			places[n++] = place;
		here |= place == rip;
	}
	if (may_be_failed_entry(line, exit))
		return CAME_IN_UNKNOWN;
	return here ? CAME_IN_HERE : CAME_IN_ELSEWHERE;
}
