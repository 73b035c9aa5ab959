/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must hold for every policy on every stream, on random ones:
 *  - the SDM's policy does nothing wrong, ever;
 *  - a policy does not change what was seen: those findings are the same with and without it;
 *  - seeing less never predicts more: with records lost or fields absent, no prediction appears that
 *    the whole stream does not have.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <reblock/audit.h>
#include <reblock/input.h>
#include <reblock/policies.h>
#include "stream.h"

#define RECORDS 400
#define VCPUS 4
#define STREAMS 150
/* Of these are changed: each costs as much as ten. */
#ifdef __SANITIZE_ADDRESS__
#define CHANGED 30
#else
#define CHANGED 150
#endif
#define MUTANTS 4

struct findings {
	struct reblock_finding list[RECORDS * 6];
	size_t n;
};

static struct reblock_record base[RECORDS];
static struct findings with_policy, seen, less;

static int keep(void *context, const struct reblock_finding *finding)
{
	struct findings *findings = context;

	assert_true(findings->n < RECORDS * 6);
	findings->list[findings->n++] = *finding;
	return 0;
}

static void audit_with(const struct reblock_policy *policy, const struct reblock_record *records,
		       struct findings *findings, uint64_t predicted[REBLOCK_FINDING_KINDS])
{
	struct reblock_source source = stream_source();
	struct reblock_audit_options options = { .finding = keep,
						 .policy = policy,
						 .context = findings };
	struct reblock_audit *audit = reblock_audit_new(&source, &options);
	const struct reblock_summary *summary;
	size_t i;
	unsigned k;

	assert_non_null(audit);
	findings->n = 0;
	assert_int_equal(reblock_audit_feed(audit, 0, records, RECORDS), 0);
	assert_int_equal(reblock_audit_finish(audit), 0);
	for (i = 0; (summary = reblock_audit_summary(audit, i)); i++) {
		uint64_t unblocks = 0;

		for (k = 0; k < REBLOCK_UNBLOCK_EXITS; k++)
			unblocks += summary->unblocks[k];
		assert_true(summary->predicted_unblocks <= unblocks);
		for (k = 0; k < REBLOCK_FINDING_KINDS; k++)
			predicted[k] += summary->predicted[k];
	}
	reblock_audit_free(audit);
}

static bool same(const struct reblock_finding *a, const struct reblock_finding *b)
{
	return a->kind == b->kind && a->evidence == b->evidence && a->vm == b->vm &&
	       a->vcpu == b->vcpu && a->n_records == b->n_records && a->policy == b->policy &&
	       memcmp(a->records, b->records, a->n_records * sizeof(a->records[0])) == 0 &&
	       strcmp(a->why, b->why) == 0;
}

/* Takes the predictions away; what is left was seen. */
static size_t drop_predictions(struct findings *findings)
{
	size_t kept = 0;
	size_t i;

	for (i = 0; i < findings->n; i++)
		if (findings->list[i].evidence != REBLOCK_PREDICTED)
			findings->list[kept++] = findings->list[i];
	i = findings->n - kept;
	findings->n = kept;
	return i;
}

static void a_policy_adds_and_changes_nothing(void **state)
{
	uint64_t total[REBLOCK_FINDING_KINDS] = { 0 };
	uint64_t none[REBLOCK_FINDING_KINDS] = { 0 };
	const struct reblock_policy *policy;
	uint64_t seed;
	size_t i;
	size_t k;

	(void)state;
	for (seed = 1; seed <= STREAMS; seed++) {
		stream_make(seed, VCPUS, base, RECORDS);
		audit_with(NULL, base, &seen, none);
		for (i = 0; (policy = reblock_policy_at(i)); i++) {
			audit_with(policy, base, &with_policy, total);
			k = drop_predictions(&with_policy);
			if (i == 0 && k)
				fail_msg("stream %llu: the SDM's policy does something wrong",
					 (unsigned long long)seed);
			assert_int_equal(with_policy.n, seen.n);
			for (k = 0; k < seen.n; k++)
				assert_true(same(&seen.list[k], &with_policy.list[k]));
		}
	}
	for (k = 0; k < REBLOCK_FINDING_KINDS; k++) {
		assert_int_equal(none[k], 0);
		if (total[k])
			print_message("%s %llu  ",
				      reblock_finding_name((enum reblock_finding_kind)k),
				      (unsigned long long)total[k]);
	}
	print_message("predicted\n");
	/* The streams must have something for every kind that a policy can get wrong but blocking-lost. */
	assert_true(total[REBLOCK_MISSED_REBLOCK] && total[REBLOCK_UNDEFINED_BIT] &&
		    total[REBLOCK_REINJECT_BLOCKED] && total[REBLOCK_STALE_MASK] &&
		    total[REBLOCK_FIELD_CLOBBERED] && total[REBLOCK_IRET_LIVELOCK] &&
		    total[REBLOCK_OVER_BLOCK] && total[REBLOCK_RESERVED_BIT]);
}

static void lose(struct reblock_record *records, uint64_t *random, bool fields)
{
	unsigned one = 1u << stream_random(random, 15);
	bool everywhere = stream_random(random, 3) == 0;
	size_t i;

	for (i = 0; fields && i < RECORDS; i++) {
		unsigned gone = everywhere ? one : 1u << stream_random(random, 15);

		if (!everywhere && stream_random(random, 4))
			continue;
		records[i].presence &= (uint16_t)~gone;
		assert_true(reblock_record_normalize(&records[i]));
	}
	for (i = 0; !fields && i < 6; i++) {
		struct reblock_record *r = &records[stream_random(random, RECORDS)];
		struct reblock_record lost = { .kind = REBLOCK_LOST,
					       .t = r->t,
					       .vm = r->vm,
					       .vcpu = r->vcpu,
					       .cpu = REBLOCK_NO_CPU };

		*r = lost;
	}
}

static void expect_no_more(const struct reblock_policy *policy, uint64_t seed, unsigned mutant)
{
	size_t i;
	size_t k;

	for (i = 0; i < less.n; i++) {
		const struct reblock_finding *f = &less.list[i];

		if (f->evidence != REBLOCK_PREDICTED)
			continue;
		for (k = 0; k < with_policy.n; k++)
			if (with_policy.list[k].kind == f->kind &&
			    with_policy.list[k].evidence == REBLOCK_PREDICTED &&
			    with_policy.list[k].records[0] == f->records[0])
				break;
		if (k == with_policy.n)
			fail_msg(
				"stream %llu, mutant %u, policy %s: predicted only with less: %s #%llu",
				(unsigned long long)seed, mutant, policy->name,
				reblock_finding_name(f->kind), (unsigned long long)f->records[0]);
	}
}

static void seeing_less_predicts_no_more(void **state)
{
	static struct reblock_record records[RECORDS];
	uint64_t ignored[REBLOCK_FINDING_KINDS] = { 0 };
	const struct reblock_policy *policy;
	uint64_t seed;
	unsigned mutant;
	size_t i;

	(void)state;
	for (seed = 1; seed <= CHANGED; seed++) {
		uint64_t random = seed ^ 0x5eed;

		stream_make(seed, VCPUS, base, RECORDS);
		for (mutant = 0; mutant < MUTANTS; mutant++) {
			memcpy(records, base, sizeof(records));
			lose(records, &random, mutant % 2);
			for (i = 0; (policy = reblock_policy_at(i)); i++) {
				audit_with(policy, base, &with_policy, ignored);
				audit_with(policy, records, &less, ignored);
				expect_no_more(policy, seed, mutant);
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(a_policy_adds_and_changes_nothing),
					    cmocka_unit_test(seeing_less_predicts_no_more) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
