/* SPDX-License-Identifier: BSD-2-Clause */
/* The same records, given to audits in other ways: in pieces, by vCPU, and without the short way. */
#include "fuzz.h"
#include "meta/meta.h"

void meta_in_pieces(struct meta *m)
{
	const struct run *run = m->run;
	struct reblock_audit *audit = result_begin(&m->other, &run->source, &m->options, NULL);
	unsigned most = 1 + dice(&m->dice, 64);

	for (size_t at = 0; at < m->n;) {
		size_t n = 1 + dice(&m->dice, most);

		if (n > m->n - at)
			n = m->n - at;
		if (reblock_audit_feed(audit, at, &m->records[at], n))
			fuzz_fail("out of memory");
		at += n;
		/* Who looks at the counts in between changes where vCPUs are kept. */
		if (dice(&m->dice, 16) == 0)
			(void)reblock_audit_summary(audit, 0);
	}
	if (reblock_audit_finish(audit))
		fuzz_fail("out of memory");
	result_take(&m->other, audit);
	/* What is found at the end comes in the order in which the vCPUs are kept. */
	result_order(&m->other);
	result_expect_same(&m->whole, &m->other, true, "fed in pieces");
}

static unsigned part_of(const struct reblock_record *r, unsigned parts, unsigned salt)
{
	return (((r->vm * 31 + r->vcpu) ^ salt) * 0x9e3779b1u >> 16) % parts;
}

void meta_by_vcpu(struct meta *m)
{
	static uint16_t which[RUN_RECORDS_MOST];
	const struct run *run = m->run;
	unsigned parts = 2 + dice(&m->dice, 3), salt = dice(&m->dice, 1 << 16);
	struct reblock_audit *audits[4] = { NULL };

	result_empty(&m->other, NULL);
	for (unsigned part = 0; part < parts; part++) {
		size_t n = 0;

		audits[part] = result_audit(&m->other, &run->source, &m->options);
		for (size_t i = 0; i < m->n; i++)
			if (m->records[i].vcpu == REBLOCK_NO_VCPU ||
			    part_of(&m->records[i], parts, salt) == part)
				which[n++] = (uint16_t)i;
		for (size_t at = 0, some; at < n; at += some) {
			some = 1 + dice(&m->dice, 512);
			some = some < n - at ? some : n - at;
			if (reblock_audit_feed_some(audits[part], 0, m->records, which + at, some))
				fuzz_fail("out of memory");
		}
		if (reblock_audit_finish(audits[part]))
			fuzz_fail("out of memory");
	}
	for (unsigned part = 1; part < parts; part++)
		if (reblock_audit_join(audits[0], audits[part]))
			fuzz_fail("out of memory");
	result_take(&m->other, audits[0]);
	result_order(&m->other);
	result_expect_same(&m->whole, &m->other, true, "audited by vCPU and joined");
}
_Static_assert(RUN_RECORDS_MOST <= UINT16_MAX, "places of records");

static void look_at_pair(void *context, const struct reblock_pair *pair)
{
	const struct reblock_record *exit = pair->exit, *entry = pair->entry;

	(void)context;
	if (exit->kind != REBLOCK_EXIT || entry->kind != REBLOCK_ENTRY || exit->vm != entry->vm ||
	    exit->vcpu != entry->vcpu || pair->exit_number >= pair->entry_number)
		fuzz_fail("whole way: a pair that is none");
}

void meta_whole_way(struct meta *m)
{
	struct reblock_audit_options options = m->run->options;

	options.pair = look_at_pair;
	result_of(&m->other, m->records, m->n, &m->run->source, &options, NULL);
	result_expect_same(&m->plain, &m->other, true, "the whole way");
}
