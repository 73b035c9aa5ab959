/* SPDX-License-Identifier: BSD-2-Clause */
/* What a recorder leaves out that follows reblock/filter.h is not missed by the audit. */
#include <string.h>
#include "fuzz.h"
#include "meta/meta.h"
#include "sim/filter_stream.h"

/*
 * A filter gets what happened: nothing is lost before it, and nothing was left out by another one. And it is part of a
 * recorder that has a field in all records or in none: where some have it, what is taken for granted of the others
 * depends on those before them.
 */
static bool complete(const struct meta *m)
{
	const struct reblock_source *source = &m->run->source;
	unsigned carried = source->presence & REBLOCK_SOURCE_FIELDS ? source->fields : 0;
	unsigned assumed = (REBLOCK_HAS_L2 | REBLOCK_HAS_PIN) & ~carried;

	/* Intel PT is recorded with all exits and entries (docs/intel-pt.md): what it shows stands between these. */
	if (m->plain.losses || m->run->sim.config.view.pt.on)
		return false;
	for (size_t i = 0; i < m->n; i++) {
		const struct reblock_record *r = &m->records[i];

		if (r->kind != REBLOCK_EXIT && r->kind != REBLOCK_ENTRY)
			continue;
		if ((r->flags & REBLOCK_LEFT_OUT) || (r->presence & assumed))
			return false;
	}
	return true;
}

void meta_filtered(struct meta *m)
{
	static struct filter_stream filter;
	static size_t from[META_RECORDS_MOST];
	const struct run *run = m->run;
	struct reblock_audit_options options = run->options;

	if (!complete(m))
		return;
	memset(&filter, 0, sizeof(filter));
	filter.out = meta_records;
	filter.from = from;
	for (size_t i = 0; i < m->n; i++)
		filter_stream_take(&filter, &m->records[i], i);
	filter_stream_end(&filter);
	for (size_t i = 0; i < filter.n; i++)
		meta_from[i] = (uint32_t)from[i];
	result_of(&m->other, meta_records, filter.n, &run->source, &options, meta_from);
	result_order_by_vcpu(&m->plain);
	result_order_by_vcpu(&m->other);
	result_expect_same_findings(&m->plain, &m->other, false, "filtered");
	result_expect_same_counts(&m->plain, &m->other, "filtered");
}
