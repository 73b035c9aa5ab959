/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit's short way for records that nothing can come of (audit/plain.h) gives what the whole way gives:
 * the same findings, judgements and counts. A pair callback makes every record go the whole way.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include <reblock/audit.h>
#include <reblock/input.h>
#include "sim/sim.h"
#include "stream.h"

#define RECORDS 2100
#define MOST (RECORDS * 4)

struct outcome {
	struct reblock_finding findings[MOST];
	struct reblock_judgement judgements[MOST];
	struct reblock_summary summaries[64];
	size_t n_findings, n_judgements, n_summaries;
	uint64_t losses, lost_records, pairs;
};

static struct outcome whole, plain;
static struct reblock_record records[RECORDS];
static uint64_t all_findings, all_judgements;

static int on_finding(void *context, const struct reblock_finding *finding)
{
	struct outcome *o = context;

	assert_true(o->n_findings < MOST);
	o->findings[o->n_findings++] = *finding;
	return 0;
}

static void on_judgement(void *context, const struct reblock_judgement *judgement)
{
	struct outcome *o = context;

	assert_true(o->n_judgements < MOST);
	o->judgements[o->n_judgements++] = *judgement;
}

static void on_pair(void *context, const struct reblock_pair *pair)
{
	struct outcome *o = context;

	(void)pair;
	o->pairs++;
}

static void run(const struct reblock_source *source, enum reblock_vnmi vnmi, bool pairs,
		struct outcome *o)
{
	struct reblock_audit_options options = { .vnmi = vnmi,
						 .finding = on_finding,
						 .judgement = on_judgement,
						 .pair = pairs ? on_pair : NULL,
						 .context = o };
	struct reblock_audit *audit = reblock_audit_new(source, &options);
	const struct reblock_summary *s;

	assert_non_null(audit);
	memset(o, 0, sizeof(*o));
	assert_int_equal(reblock_audit_feed(audit, 0, records, RECORDS), 0);
	assert_int_equal(reblock_audit_finish(audit), 0);
	while ((s = reblock_audit_summary(audit, o->n_summaries)))
		o->summaries[o->n_summaries++] = *s;
	o->losses = reblock_audit_losses(audit);
	o->lost_records = reblock_audit_lost_records(audit);
	reblock_audit_free(audit);
}

static bool equal_judgements(const struct reblock_judgement *a, const struct reblock_judgement *b)
{
	return a->exit_number == b->exit_number && a->entry_number == b->entry_number &&
	       a->vm == b->vm && a->vcpu == b->vcpu && a->unblocked == b->unblocked &&
	       a->exit_kind == b->exit_kind && a->outcome == b->outcome && a->cause == b->cause &&
	       memcmp(&a->verdict, &b->verdict, sizeof(a->verdict)) == 0;
}

static void both_ways(const struct reblock_source *source, enum reblock_vnmi vnmi, uint64_t seed)
{
	run(source, vnmi, true, &whole);
	run(source, vnmi, false, &plain);
	if (whole.n_findings != plain.n_findings || whole.n_judgements != plain.n_judgements)
		fail_msg("seed %llu: %zu findings and %zu judgements, by the short way %zu and %zu",
			 (unsigned long long)seed, whole.n_findings, whole.n_judgements,
			 plain.n_findings, plain.n_judgements);
	for (size_t i = 0; i < whole.n_findings; i++)
		assert_memory_equal(&whole.findings[i], &plain.findings[i],
				    sizeof(whole.findings[i]));
	for (size_t i = 0; i < whole.n_judgements; i++)
		if (!equal_judgements(&whole.judgements[i], &plain.judgements[i]))
			fail_msg("seed %llu: another judgement of exit %llu",
				 (unsigned long long)seed,
				 (unsigned long long)whole.judgements[i].exit_number);
	assert_int_equal(whole.n_summaries, plain.n_summaries);
	assert_memory_equal(whole.summaries, plain.summaries, sizeof(whole.summaries));
	assert_int_equal(whole.losses, plain.losses);
	assert_int_equal(whole.lost_records, plain.lost_records);
	all_findings += whole.n_findings;
	all_judgements += whole.n_judgements;
}

/* A record comes early, or is not there: what the short way must not be surprised by. */
static void disturb(uint64_t seed)
{
	uint64_t random = seed * 99 + 1;

	for (size_t i = 0; i + 1 < RECORDS; i++) {
		struct reblock_record r = records[i];
		unsigned how = stream_random(&random, 40);

		if (how < 4) {
			records[i] = records[i + 1];
			records[i + 1] = r;
		} else if (how < 6) {
			records[i] = records[i + 1];
		} else if (how < 10) { /* an exit or entry that is not recorded */
			records[i].kind = REBLOCK_BLOCKED_READ;
			assert_true(reblock_record_normalize(&records[i]));
		}
	}
	for (size_t i = 0; i < RECORDS; i++) {
		records[i].t = i;
		records[i].seq = 0;
		records[i].presence &= (uint16_t)~REBLOCK_HAS_SEQ;
	}
}

/* Takes fields and records away, as recorders do. */
static void lose(uint64_t seed, unsigned of)
{
	uint64_t random = seed * 77 + 1;
	unsigned everywhere = stream_random(&random, 3) ? 0 : 1u << stream_random(&random, 15);

	for (size_t i = 0; i < RECORDS; i++) {
		struct reblock_record *r = &records[i];

		r->presence &= (uint16_t)~everywhere;
		if (stream_random(&random, of) == 0)
			r->presence &= (uint16_t)(0xffff ^ 1u << stream_random(&random, 16));
		if (stream_random(&random, of * 10) == 0) {
			r->kind = REBLOCK_LOST;
			if (stream_random(&random, 2))
				r->vcpu = REBLOCK_NO_VCPU;
		}
		assert_true(reblock_record_normalize(r));
	}
}

static void random_streams(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 600; seed++) {
		struct reblock_source source = stream_source();

		stream_make(seed, 1 + seed % 6, records, RECORDS);
		if (seed % 3 == 0)
			source.presence = 0;
		if (seed % 3 == 1)
			source.fields &= ~(unsigned)(REBLOCK_HAS_PIN | REBLOCK_HAS_L2);
		if (seed % 4 == 2) {
			disturb(seed);
			source.fields &= ~(unsigned)REBLOCK_HAS_SEQ;
		}
		if (seed % 2)
			lose(seed, seed % 4 == 1 ? 5 : 100);
		both_ways(&source, (enum reblock_vnmi)(seed % 3), seed);
	}
}

static void simulated_streams(void **state)
{
	static const struct sim_view *const views[] = { &sim_view_all, &sim_view_perf,
							&sim_view_perf_old, &sim_view_two };
	static struct sim sim;
	struct sim_seeded seeded;
	struct sim_config config;

	(void)state;
	for (uint64_t seed = 1; seed <= 600; seed++) {
		struct reblock_source source;

		sim_config_default(&config, 2, 2);
		config.view = *views[seed % 4];
		config.policy.miss = 200;
		config.policy.careless = seed % 5 ? 0 : 200;
		config.view.lost = seed % 7 ? 0 : 20;
		source = sim_source(&config.view);
		sim_seed(&seeded, seed);
		sim_start(&sim, &config, &seeded.random);
		for (size_t i = 0; i < RECORDS; i++)
			(void)sim_next(&sim, &records[i]);
		if (seed % 3 == 0)
			lose(seed, 50);
		both_ways(&source, (enum reblock_vnmi)(seed % 3), seed);
	}
}

/* 1,000 exits with bit 12 at one RIP are a livelock, but not with an exit elsewhere among them. */
static void a_livelock_and_none(void **state)
{
	struct reblock_source source = stream_source();

	(void)state;
	for (unsigned elsewhere = 0; elsewhere < 2; elsewhere++) {
		for (size_t i = 0; i < RECORDS; i++) {
			struct reblock_record *r = &records[i];

			memset(r, 0, sizeof(*r));
			r->t = i;
			r->vm = 1;
			r->rip = 0x1000;
			r->presence = REBLOCK_HAS_RIP | REBLOCK_HAS_SEQ | REBLOCK_HAS_L2 |
				      REBLOCK_HAS_PIN;
			r->seq = (uint16_t)i;
			r->pin = 0x3f;
			r->kind = i % 2 ? REBLOCK_ENTRY : REBLOCK_EXIT;
			if (i % 2) {
				r->presence |= REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_INTERRUPTIBILITY;
				r->interruptibility = REBLOCK_BLOCKING_NMI;
				continue;
			}
			r->presence |= REBLOCK_HAS_REASON | REBLOCK_HAS_QUALIFICATION |
				       REBLOCK_HAS_IDT_VECTORING;
			r->reason = REBLOCK_REASON_EPT_VIOLATION;
			r->qualification = 0x1181;
			if (i == 500 && elsewhere) {
				r->qualification = 0x181;
				r->rip = 0x2000;
			}
		}
		both_ways(&source, REBLOCK_VNMI_ON, elsewhere);
		assert_int_equal(plain.summaries[0].findings[REBLOCK_IRET_LIVELOCK], !elsewhere);
	}
}

static int enough(void **state)
{
	(void)state;
	print_message("%llu findings, %llu judgements compared\n", (unsigned long long)all_findings,
		      (unsigned long long)all_judgements);
	return all_findings > 1000 && all_judgements > 1000 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(random_streams),
					    cmocka_unit_test(simulated_streams),
					    cmocka_unit_test(a_livelock_and_none) };

	return cmocka_run_group_tests(tests, NULL, enough);
}
