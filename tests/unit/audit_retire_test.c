/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vCPUs retired at random places of random streams:
 *  - nothing is found that the whole stream does not have, but for what names what it assumes instead;
 *  - every IRET unblock is counted once: in what is kept or in what was retired;
 *  - as many states are kept as were not retired.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <reblock/audit.h>
#include "stream.h"

#define RECORDS 400
#define VCPUS 4
#define STREAMS 1500
#define FINDINGS_MOST (4 * RECORDS)

struct found {
	struct reblock_finding list[FINDINGS_MOST];
	size_t n;
	uint64_t judged, unjudged;
};

static struct reblock_record stream[RECORDS];
static struct found whole, retired;

static int keep(void *context, const struct reblock_finding *finding)
{
	struct found *found = context;

	assert_true(found->n < FINDINGS_MOST);
	found->list[found->n++] = *finding;
	return 0;
}

static void judged(void *context, const struct reblock_judgement *judgement)
{
	struct found *found = context;

	found->judged += judgement->unblocked == REBLOCK_YES;
	found->unjudged += judgement->unblocked == REBLOCK_YES &&
			   judgement->outcome == REBLOCK_OUTCOME_UNJUDGED;
}

static struct reblock_audit *begin(struct found *found)
{
	const struct reblock_source source = stream_source();
	const struct reblock_audit_options options = { .finding = keep,
						       .judgement = judged,
						       .context = found };
	struct reblock_audit *audit = reblock_audit_new(&source, &options);

	assert_non_null(audit);
	memset(found, 0, sizeof(*found));
	return audit;
}

/* The same event: a finding's kind, and the exit or entry that it is about (as in audit_properties_test.c). */
static bool same_event(const struct reblock_finding *a, const struct reblock_finding *b)
{
	if (a->kind != b->kind || a->vm != b->vm || a->vcpu != b->vcpu)
		return false;
	if (a->kind == REBLOCK_REINJECT_BLOCKED || a->kind == REBLOCK_RESERVED_BIT)
		return a->records[a->n_records - 1] == b->records[b->n_records - 1];
	return a->records[0] == b->records[0];
}

static void assert_known(const struct reblock_finding *f, uint64_t seed)
{
	/* What was forgotten might have refuted it, and it says so. */
	if (f->assumes & REBLOCK_ASSUMES_RETURNS_ELSEWHERE)
		return;
	for (size_t i = 0; i < whole.n; i++)
		if (same_event(&whole.list[i], f))
			return;
	fail_msg("stream %llu: retiring has made up %s #%llu, vm %u vcpu %u: %s",
		 (unsigned long long)seed, reblock_finding_name(f->kind),
		 (unsigned long long)f->records[0], f->vm, f->vcpu, f->why);
}

static uint64_t unblocks_of(const struct reblock_summary *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < REBLOCK_UNBLOCK_EXITS; i++)
		n += s->unblocks[i];
	return n;
}

/* All that was counted, kept or retired. */
static void assert_counts(struct reblock_audit *audit, const struct found *found)
{
	struct reblock_summary total = { .records = 0 };
	const struct reblock_summary *s;
	uint64_t findings = 0, meta = 0;

	reblock_summary_add(&total, reblock_audit_retired(audit));
	for (size_t i = 0; (s = reblock_audit_summary(audit, i)); i++)
		reblock_summary_add(&total, s);
	for (unsigned i = 0; i < REBLOCK_FINDING_KINDS; i++)
		findings += total.findings[i];
	for (size_t i = 0; i < RECORDS; i++)
		meta += stream[i].kind == REBLOCK_META || stream[i].kind == REBLOCK_LOST;
	assert_int_equal(total.records, RECORDS - meta);
	assert_int_equal(findings, found->n);
	assert_int_equal(unblocks_of(&total), found->judged);
}

static void nothing_is_made_up(void **state)
{
	uint64_t found = 0, total = 0, gone = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= STREAMS; seed++) {
		struct reblock_audit *audit = begin(&whole);
		uint64_t random = seed * 77;

		stream_make(seed, VCPUS, stream, RECORDS);
		assert_int_equal(reblock_audit_feed(audit, 0, stream, RECORDS), 0);
		assert_int_equal(reblock_audit_finish(audit), 0);
		reblock_audit_free(audit);

		audit = begin(&retired);
		for (size_t i = 0; i < RECORDS; i++) {
			size_t before = reblock_audit_vcpus(audit);

			assert_int_equal(reblock_audit_feed(audit, i, &stream[i], 1), 0);
			assert_true(reblock_audit_vcpus(audit) <= before + 1);
			if (stream_random(&random, 20) || stream[i].vcpu == REBLOCK_NO_VCPU ||
			    stream[i].vm == REBLOCK_NO_VM)
				continue;
			before = reblock_audit_vcpus(audit);
			if (stream_random(&random, 8)) {
				assert_int_equal(reblock_audit_retire(audit, stream[i].vm,
								      stream[i].vcpu),
						 0);
				assert_int_equal(reblock_audit_vcpus(audit), before - 1);
				assert_int_equal(reblock_audit_retire(audit, stream[i].vm,
								      stream[i].vcpu),
						 -ENOENT);
			} else {
				assert_int_equal(reblock_audit_retire_vm(audit, stream[i].vm), 0);
				assert_true(reblock_audit_vcpus(audit) < before);
			}
			gone += before - reblock_audit_vcpus(audit);
			/* The order of the summaries changes where the vCPUs are. */
			if (stream_random(&random, 2))
				(void)reblock_audit_summary(audit, 0);
		}
		assert_int_equal(reblock_audit_finish(audit), 0);
		assert_counts(audit, &retired);
		for (size_t i = 0; i < retired.n; i++)
			assert_known(&retired.list[i], seed);
		found += retired.n;
		total += whole.n;
		reblock_audit_free(audit);
	}
	/* It is no proof if nothing was found, or nothing retired. */
	assert_true(found > total / 2 && found < total);
	assert_true(gone > 5 * STREAMS);
}

/* An exit that unblocked, and then nothing more of that vCPU. */
static void what_is_open_is_counted(void **state)
{
	struct reblock_record exit = { .kind = REBLOCK_EXIT,
				       .t = 1000,
				       .vm = 1,
				       .reason = REBLOCK_REASON_EPT_VIOLATION,
				       .qualification = 0x1181,
				       .pin = 0x3f,
				       .rip = 0x1000,
				       .presence = STREAM_ALL_FIELDS & ~REBLOCK_HAS_SEQ };
	struct reblock_audit *audit = begin(&retired);

	(void)state;
	assert_int_equal(reblock_audit_feed(audit, 0, &exit, 1), 0);
	assert_int_equal(retired.judged, 0);
	assert_int_equal(reblock_audit_retire(audit, 1, 0), 0);
	assert_int_equal(retired.judged, 1);
	assert_int_equal(retired.unjudged, 1);
	assert_int_equal(reblock_audit_retired(audit)->unjudged[REBLOCK_CAUSE_NO_ENTRY], 1);
	assert_int_equal(reblock_audit_vcpus(audit), 0);
	assert_int_equal(reblock_audit_retire(audit, 1, 0), -ENOENT);
	assert_int_equal(reblock_audit_retire(audit, 7, 3), -ENOENT);
	assert_null(reblock_audit_summary(audit, 0));
	reblock_audit_free(audit);
}

/* In an input without a list of fields an absent l2 is 0, unless a record had one: also one that was forgotten. */
static void l2_stays_known(void **state)
{
	struct reblock_source source = { .presence = 0 };
	const struct reblock_audit_options options = { .finding = keep,
						       .judgement = judged,
						       .context = &retired };
	struct reblock_audit *audit = reblock_audit_new(&source, &options);
	struct reblock_record r = { .kind = REBLOCK_EXIT, .t = 1, .vm = 1 };

	(void)state;
	memset(&retired, 0, sizeof(retired));
	r.presence = REBLOCK_HAS_REASON | REBLOCK_HAS_L2;
	r.reason = 12;
	assert_int_equal(reblock_audit_feed(audit, 0, &r, 1), 0);
	assert_int_equal(reblock_audit_retire(audit, 1, 0), 0);
	r.presence = REBLOCK_HAS_REASON;
	r.t = 2;
	assert_int_equal(reblock_audit_feed(audit, 1, &r, 1), 0);
	assert_int_equal(reblock_audit_summary(audit, 0)->assumes & REBLOCK_ASSUMES_L2_0, 0);
	reblock_audit_free(audit);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_made_up),
		cmocka_unit_test(what_is_open_is_counted),
		cmocka_unit_test(l2_stays_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
