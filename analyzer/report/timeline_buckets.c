/* SPDX-License-Identifier: BSD-2-Clause */
/* Counts by time. When time goes on beyond the last bucket, each becomes twice as wide. */
#include <string.h>
#include "report/timeline.h"

void timeline_bucket_add(struct timeline_bucket *into, const struct timeline_bucket *from)
{
	into->exits += from->exits;
	into->entries += from->entries;
	into->unblocks += from->unblocks;
	into->nmis += from->nmis;
	into->user_exits += from->user_exits;
	into->operations += from->operations;
	into->witnesses += from->witnesses;
	into->losses += from->losses;
	into->findings += from->findings;
	into->blocked += from->blocked;
	into->open += from->open;
	for (unsigned i = 0; i < TIMELINE_REASONS; i++)
		into->reasons[i] += from->reasons[i];
}

static void fold(struct timeline_bucket *b)
{
	static const struct timeline_bucket empty;

	for (size_t i = 0; i < TIMELINE_BUCKETS / 2; i++) {
		struct timeline_bucket both = b[2 * i];

		timeline_bucket_add(&both, &b[2 * i + 1]);
		b[i] = both;
	}
	for (size_t i = TIMELINE_BUCKETS / 2; i < TIMELINE_BUCKETS; i++)
		b[i] = empty;
}

void timeline_reach(struct timeline *t, uint64_t at)
{
	while (at / t->width >= TIMELINE_BUCKETS) {
		for (unsigned i = 0; i < t->n_lanes; i++)
			fold(t->lanes[i]->buckets);
		t->width *= 2;
	}
}

struct timeline_bucket *timeline_bucket_at(struct timeline *t, struct timeline_lane *lane,
					   uint64_t at)
{
	timeline_reach(t, at);
	return &lane->buckets[at / t->width];
}

static unsigned reason_slot(struct timeline *t, const struct reblock_record *x)
{
	uint32_t basic = x->reason & REBLOCK_REASON_BASIC;

	if (!reblock_has(x, REBLOCK_HAS_REASON))
		return TIMELINE_REASONS - 1;
	for (unsigned i = 0; i < t->n_reasons; i++)
		if (t->reasons[i] == basic)
			return i;
	if (t->n_reasons == TIMELINE_REASONS - 1)
		return TIMELINE_REASONS - 1;
	t->reasons[t->n_reasons] = basic;
	return t->n_reasons++;
}

void timeline_count(struct timeline *t, struct timeline_lane *lane, const struct timeline_record *r)
{
	struct timeline_bucket *b = timeline_bucket_at(t, lane, r->at);

	b->nmis += r->nmi;
	switch (r->record.kind) {
	case REBLOCK_EXIT:
		b->exits++;
		b->reasons[reason_slot(t, &r->record)]++;
		b->unblocks += r->known == TIMELINE_UNBLOCK;
		break;
	case REBLOCK_ENTRY:
		b->entries++;
		break;
	case REBLOCK_USER_EXIT:
		b->user_exits++;
		break;
	case REBLOCK_WITNESS:
		b->witnesses++;
		break;
	case REBLOCK_LOST:
		b->losses++;
		break;
	default:
		b->operations++;
		break;
	}
}

void timeline_span(struct timeline *t, struct timeline_lane *lane,
		   const struct timeline_record *from, const struct timeline_record *to)
{
	uint64_t at = from->at;

	/* A value that changed somewhere in between counts as not known. */
	if (from->after != to->before || from->after == REBLOCK_UNKNOWN)
		return;
	timeline_reach(t, to->at);
	while (at < to->at) {
		struct timeline_bucket *b = &lane->buckets[at / t->width];
		uint64_t end = (at / t->width + 1) * t->width;

		/* The end of the last bucket may be beyond what 64 bits hold. */
		if (end > to->at || end < at)
			end = to->at;
		if (from->after == REBLOCK_YES)
			b->blocked += end - at;
		else
			b->open += end - at;
		at = end;
	}
}
