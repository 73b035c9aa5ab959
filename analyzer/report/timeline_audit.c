/* SPDX-License-Identifier: BSD-2-Clause */
/* What the audit says, put to the records it speaks of. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include "report/timeline.h"

static struct timeline_case *add_case(struct timeline *t)
{
	if (t->n_cases == TIMELINE_CASES)
		return NULL;
	if (!t->cases) {
		t->cases = calloc(TIMELINE_CASES, sizeof(*t->cases));
		t->failed = t->failed || !t->cases;
	}
	return t->cases ? &t->cases[t->n_cases++] : NULL;
}

static struct timeline_case *pair_of(struct timeline_lane *lane, uint64_t exit_number)
{
	for (unsigned i = 0; i < TIMELINE_PAIRS; i++)
		if (lane->pairs[i].has_entry && lane->pairs[i].exit_number == exit_number)
			return &lane->pairs[i];
	return NULL;
}

/* The case of an exit that is still in the ring: with its entry, where that has come. */
static struct timeline_case *case_of(struct timeline *t, uint16_t number, uint64_t exit_number)
{
	struct timeline_lane *lane = t->lanes[number];
	struct timeline_record *exit = timeline_find(lane, exit_number);
	const struct timeline_case *pair = pair_of(lane, exit_number);
	struct timeline_case *c;

	if (!exit || exit->record.kind != REBLOCK_EXIT)
		return NULL;
	if (exit->case_number)
		return &t->cases[exit->case_number - 1];
	c = add_case(t);
	if (!c)
		return NULL;
	exit->case_number = (uint16_t)t->n_cases;
	timeline_changed(lane, exit);
	if (pair) {
		*c = *pair;
	} else {
		c->exit = exit->record;
		c->exit_number = exit_number;
		c->lane = number;
	}
	return c;
}

void timeline_pair(struct timeline *t, const struct reblock_pair *pair)
{
	uint16_t number;
	struct timeline_lane *lane =
		timeline_lane_of(t, pair->exit->vm, pair->exit->vcpu, false, &number);
	struct timeline_case *c;
	struct timeline_record *exit;

	if (!lane)
		return;
	exit = timeline_find(lane, pair->exit_number);
	c = &lane->pairs[lane->next_pair++ % TIMELINE_PAIRS];
	memset(c, 0, sizeof(*c));
	c->exit = *pair->exit;
	c->entry = *pair->entry;
	c->exit_number = pair->exit_number;
	c->entry_number = pair->entry_number;
	c->between = pair->between;
	c->verdict = pair->verdict;
	c->has_entry = c->has_verdict = true;
	c->lane = number;
	c->assumed_pin = exit && reblock_has(pair->exit, REBLOCK_HAS_PIN) &&
			 !reblock_has(&exit->record, REBLOCK_HAS_PIN);
	if (!exit)
		return;
	if (exit->case_number)
		t->cases[exit->case_number - 1] = *c;
	exit->paired = 1;
	exit->row = pair->verdict.row;
	exit->must = pair->verdict.must;
	timeline_changed(lane, exit);
}

/* The evidence that an entry's blocking was judged by. */
static void entry_judged(struct timeline_lane *lane, uint64_t number, enum reblock_tri blocking)
{
	struct timeline_record *entry = timeline_find(lane, number);

	if (!entry || entry->before != REBLOCK_UNKNOWN)
		return;
	entry->before = (uint8_t)blocking;
	if (entry->after == REBLOCK_UNKNOWN)
		entry->after = (uint8_t)blocking;
	if (entry->known == TIMELINE_NOT_KNOWN)
		entry->known = TIMELINE_JUDGED;
	timeline_changed(lane, entry);
}

static void judge(struct timeline_case *c, const struct reblock_judgement *j)
{
	c->has_judgement = true;
	c->judgement = *j;
}

void timeline_judgement(struct timeline *t, const struct reblock_judgement *j)
{
	uint16_t number;
	struct timeline_lane *lane = timeline_lane_of(t, j->vm, j->vcpu, false, &number);
	struct timeline_record *exit;
	struct timeline_case *c;

	if (!lane)
		return;
	exit = timeline_find(lane, j->exit_number);
	if (exit) {
		exit->judged = (uint8_t)(1 + j->outcome);
		exit->cause = (uint8_t)j->cause;
		timeline_changed(lane, exit);
	}
	if (j->outcome == REBLOCK_OUTCOME_REBLOCKED)
		entry_judged(lane, j->entry_number, REBLOCK_YES);
	else if (j->outcome == REBLOCK_OUTCOME_MISSED)
		entry_judged(lane, j->entry_number, REBLOCK_NO);
	c = pair_of(lane, j->exit_number);
	if (c)
		judge(c, j);
	/* Explained are those whose records are shown. */
	if (exit && (exit->kept || exit->case_number)) {
		c = case_of(t, number, j->exit_number);
		if (c)
			judge(c, j);
	}
}

/* The exit that a finding is about: one of its records, or the one before its entry. */
static unsigned case_of_finding(struct timeline *t, uint16_t number,
				const struct reblock_finding *f)
{
	struct timeline_lane *lane = t->lanes[number];
	struct timeline_case *c = NULL;

	for (unsigned i = 0; i < f->n_records && !c; i++)
		c = case_of(t, number, f->records[i]);
	for (unsigned i = 0; i < TIMELINE_PAIRS && !c; i++)
		for (unsigned k = 0; k < f->n_records && !c; k++)
			if (lane->pairs[i].has_entry &&
			    lane->pairs[i].entry_number == f->records[k])
				c = case_of(t, number, lane->pairs[i].exit_number);
	return c ? (unsigned)(c - t->cases) : UINT_MAX;
}

static struct timeline_finding *add_finding(struct timeline *t)
{
	if (t->n_findings == t->findings_room) {
		size_t room = t->findings_room ? 2 * t->findings_room : 64;
		struct timeline_finding *more = realloc(t->findings, room * sizeof(*more));

		if (!more) {
			t->failed = true;
			return NULL;
		}
		t->findings = more;
		t->findings_room = room;
	}
	return &t->findings[t->n_findings++];
}

void timeline_finding(struct timeline *t, const struct reblock_finding *f)
{
	uint16_t number;
	struct timeline_lane *lane = timeline_lane_of(t, f->vm, f->vcpu, false, &number);
	struct timeline_finding *into;
	struct timeline_record *r;
	uint64_t back = 0;

	t->found[f->kind]++;
	if (lane && (r = timeline_last(lane, 0)))
		timeline_bucket_at(t, lane, r->at)->findings++;
	if (t->listed[f->kind] >= TIMELINE_PER_KIND ||
	    (lane && lane->listed[f->kind] >= TIMELINE_PER_VCPU))
		return;
	into = add_finding(t);
	if (!into)
		return;
	t->listed[f->kind]++;
	into->finding = *f;
	into->lane = number;
	into->case_index = UINT_MAX;
	if (!lane)
		return;
	lane->listed[f->kind]++;
	for (uint64_t i = 0; (r = timeline_last(lane, i)); i++)
		for (unsigned k = 0; k < f->n_records; k++)
			if (r->number == f->records[k])
				back = i;
	timeline_keep_around(t, lane, back + TIMELINE_CONTEXT + 1, true);
	into->case_index = case_of_finding(t, number, f);
}
