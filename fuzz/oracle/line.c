/* SPDX-License-Identifier: BSD-2-Clause */
#include "oracle/witness.h"

static bool is_kind(const struct line *line, size_t i, enum reblock_kind kind)
{
	return line_at(line, i)->kind == kind;
}

bool line_loses(const struct reblock_record *r, uint32_t vm, uint16_t vcpu)
{
	return r->kind == REBLOCK_LOST &&
	       (r->vm == REBLOCK_NO_VM ||
		(r->vm == vm && (r->vcpu == REBLOCK_NO_VCPU || r->vcpu == vcpu)));
}

/* What the records of a vCPU are held against as they are picked out. */
struct order {
	const struct reblock_source *source;
	const struct reblock_record *last, *timed; /* the last record, the last with a time */
	uint16_t seq;                              /* of the next record */
	bool counted, entered;
};

static bool is_lost_by_number(struct order *o, const struct reblock_record *r)
{
	bool carries = (o->source->presence & REBLOCK_SOURCE_FIELDS) &&
		       (o->source->fields & REBLOCK_HAS_SEQ);
	bool lost;

	if (reblock_has(r, REBLOCK_HAS_SEQ)) {
		lost = o->counted && r->seq != o->seq;
		o->seq = (uint16_t)(r->seq + 1);
		o->counted = true;
		return lost;
	}
	/* It has no number though it should: how many are missing is not known. */
	o->seq++;
	return o->counted || carries;
}

/* Why R does not follow the record before it. */
static unsigned break_before(struct order *o, const struct reblock_record *r)
{
	bool left_out = (r->kind == REBLOCK_EXIT || r->kind == REBLOCK_ENTRY) &&
			reblock_flag(r, REBLOCK_LEFT_OUT);
	unsigned broken = left_out ? LINE_LEFT_OUT : 0;

	if (is_lost_by_number(o, r))
		broken |= LINE_LOST;
	if (r->t != REBLOCK_NO_TIME) {
		if (o->timed && r->t < o->timed->t)
			broken |= LINE_LOST;
		o->timed = r;
	}
	/* The exit between them was not recorded. */
	if (r->kind == REBLOCK_ENTRY && o->entered && !left_out)
		broken |= LINE_LOST;
	return broken & LINE_LOST ? broken | LINE_SHOWN : broken;
}

/* The guest runs, so these belong to an exit that was not recorded. */
static bool is_out_of_place(const struct order *o, const struct reblock_record *r)
{
	return o->entered && (r->kind == REBLOCK_EVENTS_WRITE || r->kind == REBLOCK_USER_EXIT);
}

struct line line_of(struct oracle *oracle, const struct reblock_source *source,
		    const struct reblock_audit_options *options,
		    const struct reblock_record *records, size_t n, uint32_t vm, uint16_t vcpu)
{
	struct line line = { .source = source,
			     .options = options,
			     .all = records,
			     .number = oracle->number,
			     .broken = oracle->broken };
	struct order order = { .source = source };
	size_t nested =
		SIZE_MAX; /* the first record that a witness of a nested guest comes before */
	bool exited = false;

	line.n_all = n;
	oracle->broken[0] = 0;
	for (size_t i = 0; i < n; i++) {
		const struct reblock_record *r = &records[i];
		bool out_of_place;

		if (line_loses(r, vm, vcpu)) {
			oracle->broken[line.n] |= LINE_LOST;
			order.entered = exited = false;
			continue;
		}
		if (r->vm != vm || r->vcpu != vcpu)
			continue;
		if (r->kind == REBLOCK_WITNESS) {
			line.witnessed = true;
			if (nested == SIZE_MAX && reblock_has(r, REBLOCK_HAS_L2) &&
			    reblock_flag(r, REBLOCK_L2))
				nested = line.n;
		}
		if (r->kind >= REBLOCK_LOST)
			continue;
		oracle->broken[line.n] |= (uint8_t)break_before(&order, r);
		if (oracle->broken[line.n])
			order.entered = exited = false;
		if (r->kind == REBLOCK_EXIT && exited)
			oracle->broken[line.n] |= LINE_NO_ENTRY;
		out_of_place = is_out_of_place(&order, r);
		oracle->number[line.n++] = (uint32_t)i;
		oracle->broken[line.n] = out_of_place ? LINE_LOST | LINE_BEHIND : 0;
		if (r->kind == REBLOCK_EXIT || r->kind == REBLOCK_ENTRY) {
			exited = r->kind == REBLOCK_EXIT;
			order.entered = !exited;
		} else if (out_of_place) {
			order.entered = exited = false;
		}
	}
	line.shows_l2 = 0;
	while (line.shows_l2 < line.n &&
	       !reblock_has(line_at(&line, line.shows_l2), REBLOCK_HAS_L2))
		line.shows_l2++;
	if (nested < line.shows_l2)
		line.shows_l2 = nested;
	for (size_t i = 0; i < line.n; i++)
		if (is_kind(&line, i, REBLOCK_EXIT) || is_kind(&line, i, REBLOCK_ENTRY))
			(void)line_filled(&line, i, &line.assumes);
	if (line.witnessed)
		witnesses_of(oracle, &line, vm, vcpu);
	return line;
}

size_t line_next(const struct line *line, size_t i)
{
	for (i++; i < line->n && !(line->broken[i] & (LINE_LOST | LINE_LEFT_OUT)); i++)
		if (is_kind(line, i, REBLOCK_EXIT) || is_kind(line, i, REBLOCK_ENTRY))
			return i;
	return ORACLE_NONE;
}

size_t line_entry_of(const struct line *line, size_t exit)
{
	size_t next = line_next(line, exit);

	return next != ORACLE_NONE && is_kind(line, next, REBLOCK_ENTRY) ? next : ORACLE_NONE;
}

size_t line_exit_after(const struct line *line, size_t entry)
{
	size_t next = line_next(line, entry);

	return next != ORACLE_NONE && is_kind(line, next, REBLOCK_EXIT) ? next : ORACLE_NONE;
}

bool line_ends_after(const struct line *line, size_t entry)
{
	return entry + 1 == line->n && !line->broken[line->n];
}

size_t line_first_of(const struct line *line, size_t exit)
{
	while (exit && !line->broken[exit] && is_kind(line, exit - 1, REBLOCK_MASK_WRITE))
		exit--;
	return exit;
}

/*
 * Whether this source can carry l2, going by what it says, or else by what it has shown of this vCPU up to
 * record I.
 */
static bool carries_l2(const struct line *line, size_t i)
{
	if ((line->source->presence & REBLOCK_SOURCE_FIELDS) &&
	    (line->source->fields & REBLOCK_HAS_L2))
		return true;
	return i >= line->shows_l2;
}

struct reblock_record line_filled(const struct line *line, size_t i, uint8_t *assumes)
{
	struct reblock_record r = *line_at(line, i);
	bool carries_pin = (line->source->presence & REBLOCK_SOURCE_FIELDS) &&
			   (line->source->fields & REBLOCK_HAS_PIN);

	if (!reblock_has(&r, REBLOCK_HAS_L2) && !carries_l2(line, i)) {
		r.presence |= REBLOCK_HAS_L2;
		*assumes |= REBLOCK_ASSUMES_L2_0;
	}
	/* The user's word, for each record where the source does not say that it carries them. */
	if (!reblock_has(&r, REBLOCK_HAS_PIN) && line->options->vnmi && !carries_pin) {
		bool on = line->options->vnmi == REBLOCK_VNMI_ON;

		r.presence |= REBLOCK_HAS_PIN;
		r.pin = REBLOCK_PIN_NMI_EXITING | (on ? REBLOCK_PIN_VIRTUAL_NMIS : 0);
		*assumes |= on ? REBLOCK_ASSUMES_VNMI_ON : REBLOCK_ASSUMES_VNMI_OFF;
	}
	return r;
}
