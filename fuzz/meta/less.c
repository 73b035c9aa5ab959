/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Who sees less finds less: with records lost, fields gone or vCPUs forgotten no finding comes that the whole run does
 * not have, but for those that name what they assume in place of what is gone.
 */
#include <errno.h>
#include <string.h>
#include <reblock/input.h>
#include "fuzz.h"
#include "meta/meta.h"

/* The entry that the NMI of a finding came with, or after: the last one up to its last record; SIZE_MAX: none. */
static size_t entry_of_nmi(const struct meta *m, const struct result *of,
			   const struct reblock_finding *f)
{
	size_t i = (size_t)result_number(of, f->records[f->n_records - 1]) + 1;
	bool passed = false; /* the last record itself */

	while (i--) {
		const struct reblock_record *r = &m->records[i];

		if (r->vm != f->vm || r->vcpu != f->vcpu)
			continue;
		if (r->kind == REBLOCK_ENTRY)
			return i;
		/* The entry is not there. */
		if (r->kind == REBLOCK_EXIT && passed)
			break;
		passed = true;
	}
	return SIZE_MAX;
}

/* An NMI that Intel PT shows can be found to nest by the records, or by PT alone, and is told once. */
static bool same_nmi(const struct meta *m, const struct reblock_finding *f)
{
	size_t entry = entry_of_nmi(m, &m->other, f);

	if (f->kind != REBLOCK_NMI_IN_NMI || entry == SIZE_MAX)
		return false;
	for (size_t k = 0; k < m->plain.n_findings; k++) {
		const struct reblock_finding *g = &m->plain.findings[k];

		if (g->kind == f->kind && g->vm == f->vm && g->vcpu == f->vcpu &&
		    entry_of_nmi(m, &m->plain, g) == entry)
			return true;
	}
	return false;
}

/* What the audit was told of "virtual NMIs" is not what a record shows: with that record's controls gone it counts. */
static bool is_told_wrong(const struct meta *m)
{
	enum reblock_tri told = m->run->options.vnmi == REBLOCK_VNMI_ON  ? REBLOCK_YES :
				m->run->options.vnmi == REBLOCK_VNMI_OFF ? REBLOCK_NO :
									   REBLOCK_UNKNOWN;

	for (size_t i = 0; told != REBLOCK_UNKNOWN && i < m->n; i++) {
		enum reblock_tri is = reblock_virtual_nmis(&m->records[i]);

		if (is != REBLOCK_UNKNOWN && is != told)
			return true;
	}
	return false;
}

/*
 * The same event: a finding's kind, and the exit or entry that it is about. Of a livelock it is any of its exits: behind one that
 * is not there they are counted anew.
 */
static bool same_event(const struct result *of_a, const struct reblock_finding *a,
		       const struct result *of_b, const struct reblock_finding *b)
{
	bool entry = a->kind == REBLOCK_REINJECT_BLOCKED || a->kind == REBLOCK_RESERVED_BIT;
	unsigned i = entry ? a->n_records - 1u : 0, k = entry ? b->n_records - 1u : 0;

	return a->kind == b->kind && a->vm == b->vm && a->vcpu == b->vcpu &&
	       (a->kind == REBLOCK_IRET_LIVELOCK ||
		result_number(of_a, a->records[i]) == result_number(of_b, b->records[k]));
}

static void expect_no_more(const struct meta *m, const char *how)
{
	const unsigned told = REBLOCK_ASSUMES_VNMI_ON | REBLOCK_ASSUMES_VNMI_OFF;
	bool told_wrong = is_told_wrong(m);

	for (size_t i = 0; i < m->other.n_findings; i++) {
		const struct reblock_finding *f = &m->other.findings[i];
		bool known = same_nmi(m, f);

		/* What is gone might have refuted it, and it says so. */
		if (f->assumes & REBLOCK_ASSUMES_RETURNS_ELSEWHERE ||
		    (told_wrong && f->assumes & told))
			continue;
		/*
		 * Of an NMI that Intel PT shows the records are to tell, where they can; where they then show that some are missing,
		 * nothing is told of it.
		 */
		if (f->kind == REBLOCK_NMI_IN_NMI && m->plain.losses && strcmp(f->rule, "6.1") == 0)
			continue;
		for (size_t k = 0; k < m->plain.n_findings && !known; k++)
			known = same_event(&m->plain, &m->plain.findings[k], &m->other, f);
		if (!known)
			fuzz_fail("%s: a finding that the whole run does not have: %s (%s)", how,
				  reblock_finding_name(f->kind),
				  reblock_evidence_name(f->evidence));
	}
}

/* Each unblock that is certain is judged once, whatever is gone. */
static void expect_judged(const struct result *result, const struct reblock_summary *more,
			  const char *how)
{
	uint64_t unblocks = 0;

	for (unsigned k = 0; k < REBLOCK_UNBLOCK_EXITS; k++) {
		for (size_t i = 0; i < result->n_summaries; i++)
			unblocks += result->summaries[i].unblocks[k];
		unblocks += more ? more->unblocks[k] : 0;
	}
	if (unblocks != result->judged)
		fuzz_fail("%s: IRET unblocks that are not judged, or twice", how);
}

static struct reblock_record lost_like(const struct reblock_record *r)
{
	return (struct reblock_record){
		.kind = REBLOCK_LOST, .t = r->t, .vm = r->vm, .vcpu = r->vcpu, .cpu = REBLOCK_NO_CPU
	};
}

/* Where what is left of a stream goes, and where each came from. */
struct left {
	struct reblock_record *records;
	uint32_t *from;
	size_t n;
};

/* A record is gone. */
static void lose(struct meta *m, const struct reblock_record *r, size_t i, struct left *left)
{
	struct reblock_record lost = lost_like(r);
	unsigned how = dice(&m->dice, 4);

	/* The next record's number tells. */
	if ((r->presence & REBLOCK_HAS_SEQ) && how)
		return;
	how = dice(&m->dice, 4);
	if (how > 1)
		lost.vcpu = REBLOCK_NO_VCPU;
	if (how > 2)
		lost.vm = REBLOCK_NO_VM;
	left->from[left->n] = (uint32_t)i;
	left->records[left->n++] = lost;
}

/* Of the N records, LOST of 1000 are gone, and of FIELDS of 1000 some fields; or one field of all. */
static void take_less(struct meta *m, const struct reblock_record *records, size_t n, unsigned lost,
		      unsigned fields, struct left *left)
{
	unsigned one = fields && dice(&m->dice, 3) == 0 ? 1u << dice(&m->dice, 15) : 0;

	left->n = 0;
	for (size_t i = 0; i < n; i++) {
		struct reblock_record *r = &left->records[left->n];
		unsigned gone = one;

		if (lost && reblock_kind_of_vcpu(records[i].kind) && dice(&m->dice, 1000) < lost) {
			lose(m, &records[i], i, left);
			continue;
		}
		*r = records[i];
		left->from[left->n++] = (uint32_t)i;
		if (!reblock_kind_of_vcpu(r->kind))
			continue;
		if (fields && dice(&m->dice, 1000) < fields) {
			gone |= 1u << dice(&m->dice, 15);
			gone |= 1u << dice(&m->dice, 15);
		}
		if (r->kind == REBLOCK_WITNESS)
			gone &= ~REBLOCK_HAS_ERROR_CODE; /* it is what was seen */
		r->presence &= (uint16_t)~gone;
		if (gone && !reblock_record_normalize(r))
			fuzz_fail("with fields gone a record is none any more");
	}
}

void meta_seen(struct meta *m)
{
	static struct reblock_record records[RUN_RECORDS_MOST];
	struct left left = { .records = records, .from = meta_from };
	unsigned what = dice(&m->dice, 8), often = dice(&m->dice, 2) ? 10 : 200;

	m->records = m->run->seen;
	m->n = m->run->n;
	if (what < 4)
		return;
	take_less(m, m->run->seen, m->run->n, what & 1 ? often : 0, what & 2 ? often : 0, &left);
	m->records = records;
	m->n = left.n;
}

/* A vCPU's last records may be among what was lost, and no number after them tells. */
static size_t tell_ends(const struct meta *m, size_t n)
{
	for (size_t i = 0; i < m->plain.n_summaries; i++, n++) {
		meta_records[n] = (struct reblock_record){ .kind = REBLOCK_LOST,
							   .t = REBLOCK_NO_TIME,
							   .vm = m->plain.summaries[i].vm,
							   .vcpu = m->plain.summaries[i].vcpu,
							   .cpu = REBLOCK_NO_CPU };
		meta_from[n] = UINT32_MAX;
	}
	return n;
}

void meta_lossy(struct meta *m)
{
	struct left left = { .records = meta_records, .from = meta_from };
	unsigned what = dice(&m->dice, 3), often = dice(&m->dice, 2) ? 10 : 200;
	const char *how = what == 0 ? "records lost" : what == 1 ? "fields gone" : "both lost";

	take_less(m, m->records, m->n, what != 1 ? often : 0, what != 0 ? 1 + often : 0, &left);
	if (what != 1)
		left.n = tell_ends(m, left.n);
	result_of(&m->other, meta_records, left.n, &m->run->source, &m->run->options, meta_from);
	if (!result_complete(&m->other))
		return;
	expect_judged(&m->other, NULL, how);
	expect_no_more(m, how);
}

static void retire_one(struct meta *m, struct reblock_audit *audit, const struct reblock_record *r)
{
	size_t before = reblock_audit_vcpus(audit);

	if (dice(&m->dice, 8)) {
		if (reblock_audit_retire(audit, r->vm, r->vcpu) ||
		    reblock_audit_vcpus(audit) != before - 1)
			fuzz_fail("retired: a vCPU cannot be");
		if (reblock_audit_retire(audit, r->vm, r->vcpu) != -ENOENT)
			fuzz_fail("retired: a vCPU that is gone can be again");
	} else if (reblock_audit_retire_vm(audit, r->vm) || reblock_audit_vcpus(audit) >= before) {
		fuzz_fail("retired: a VM cannot be");
	}
	if (dice(&m->dice, 2))
		(void)reblock_audit_summary(audit, 0);
}

void meta_retired(struct meta *m)
{
	const struct run *run = m->run;
	struct reblock_audit *audit = result_begin(&m->other, &run->source, &run->options, NULL);
	unsigned seldom = 1 + dice(&m->dice, 60);
	struct reblock_summary retired, total = { 0 };
	uint64_t records = 0;
	size_t fed = 0;

	for (size_t i = 0; i < m->n; i++) {
		const struct reblock_record *r = &m->records[i];
		bool retires = r->vcpu != REBLOCK_NO_VCPU && dice(&m->dice, seldom) == 0;

		if (!retires && i + 1 < m->n)
			continue;
		if (reblock_audit_feed(audit, fed, &m->records[fed], i + 1 - fed))
			fuzz_fail("out of memory");
		fed = i + 1;
		if (retires)
			retire_one(m, audit, r);
	}
	if (reblock_audit_finish(audit))
		fuzz_fail("out of memory");
	retired = *reblock_audit_retired(audit);
	result_take(&m->other, audit);
	if (!result_complete(&m->other))
		return;
	expect_judged(&m->other, &retired, "retired");
	expect_no_more(m, "retired");
	reblock_summary_add(&total, &retired);
	for (size_t i = 0; i < m->other.n_summaries; i++)
		reblock_summary_add(&total, &m->other.summaries[i]);
	for (size_t i = 0; i < m->plain.n_summaries; i++)
		records += m->plain.summaries[i].records;
	if (total.records != records)
		fuzz_fail("retired: records are not counted, or twice");
}
