/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle/pair.h"

static bool captures(const struct line *line, enum reblock_kind kind)
{
	return (line->source->presence & REBLOCK_SOURCE_CAPTURES) &&
	       (line->source->captures >> kind & 1);
}

bool pair_same_vmcs(const struct pair *p)
{
	return reblock_has(&p->exit, REBLOCK_HAS_L2) && reblock_has(&p->entry, REBLOCK_HAS_L2) &&
	       reblock_flag(&p->exit, REBLOCK_L2) == reblock_flag(&p->entry, REBLOCK_L2);
}

/* Row 2: an operation that lies between, up to record UPTO, or that nothing excludes. */
static bool operation(const struct pair *p, size_t upto)
{
	bool events_seen = captures(p->line, REBLOCK_EVENTS_WRITE);
	size_t first = line_first_of(p->line, p->e);

	if (!pair_same_vmcs(p) || !captures(p->line, REBLOCK_USER_EXIT))
		return true;
	/* One that came before its exit may be among what is missing. */
	if ((p->line->broken[first] & LINE_LOST) && captures(p->line, REBLOCK_MASK_WRITE) &&
	    !line_shows_saved_state(p->line))
		return true;
	for (size_t i = first; i < upto; i++) {
		switch (line_at(p->line, i)->kind) {
		case REBLOCK_MASK_WRITE:
		case REBLOCK_EVENTS_WRITE:
			return true;
		case REBLOCK_USER_EXIT:
			if (!events_seen)
				return true;
			break;
		default:
			break;
		}
	}
	return false;
}

bool pair_has_operation(const struct pair *p)
{
	return operation(p, p->n);
}

bool pair_of(struct pair *pair, const struct line *line, size_t e)
{
	size_t n = line_entry_of(line, e);

	if (n == ORACLE_NONE)
		return false;
	*pair = (struct pair){ .line = line, .e = e, .n = n };
	pair->exit = line_filled(line, e, &pair->assumes);
	pair->entry = line_filled(line, n, &pair->assumes);
	pair->only_world = oracle_only_world(&pair->exit, &pair->entry, operation(pair, n));
	return true;
}

unsigned pair_facts(const struct pair *p, int nmi, unsigned wanted)
{
	if (p->only_world && !nmi)
		return p->only_world & wanted;
	return oracle_facts(&p->exit, &p->entry, operation(p, p->n), nmi, wanted);
}

unsigned pair_facts_upto(const struct pair *p, size_t upto, unsigned wanted)
{
	return oracle_facts(&p->exit, &p->entry, operation(p, upto), 0, wanted);
}

uint8_t pair_needs(const struct pair *p, int nmi, unsigned wanted)
{
	const struct reblock_record *exit = line_at(p->line, p->e), *entry = line_at(p->line, p->n);
	uint8_t needs = p->assumes & REBLOCK_ASSUMES_L2_0;

	if (oracle_facts(exit, entry, 0, nmi, wanted) != wanted)
		needs |= p->assumes & (REBLOCK_ASSUMES_VNMI_ON | REBLOCK_ASSUMES_VNMI_OFF);
	return needs;
}

size_t pair_operation(const struct pair *p, enum reblock_kind kind, bool value)
{
	size_t found = ORACLE_NONE;

	for (size_t i = p->e + 1; i < p->n; i++) {
		const struct reblock_record *r = line_at(p->line, i);

		if (r->kind != kind || !reblock_has(r, REBLOCK_HAS_MASKED) ||
		    (reblock_flag(r, REBLOCK_MASKED) != 0) != value)
			continue;
		/* The mask was wrong from the first report on; what the VMCS held is best told by the last look. */
		if (found == ORACLE_NONE || kind == REBLOCK_BLOCKED_READ)
			found = i;
	}
	return found;
}
