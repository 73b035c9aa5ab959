/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The audit against a simulated host that knows the truth:
 *  - with everything visible, exactly the entries that missed a re-block are found, none where the
 *    hypervisor is right, and each entry that fails;
 *  - whatever a recorder sees or loses, nothing is found that is not true.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include <reblock/audit.h>
#include <reblock/input.h>
#include "run.h"

#define RECORDS 20000
#define SEEDS 40

static struct sim sim;
static struct sim_seeded seeded;
static uint32_t truth[RECORDS];
static struct reblock_record records[RECORDS];

static struct {
	const char *view;
	uint64_t seed;
	uint16_t found
		[RECORDS]; /* bits 1 << enum reblock_finding_kind, at the last entry of the finding */
	uint64_t total[REBLOCK_FINDING_KINDS];
	unsigned truth_total[SIM_TRUTHS];
	unsigned assumed; /* findings whose named assumption does not hold */
} now;

/*
 * Where an NMI came in right at an IRET, its own handler's IRET can have the same address and return to
 * it. Then "the first exit after the entry is an NMI-window exit at the same RIP" does not say that the
 * guest has not moved. Where what entries inject is not seen, the audit can but assume it, and says so.
 */
static bool is_assumed(const struct reblock_finding *f)
{
	if (!(f->assumes & REBLOCK_ASSUMES_RETURNS_ELSEWHERE))
		return false;
	for (unsigned i = 0; i < f->n_records; i++)
		if (truth[f->records[i]] & (SIM_RETURNS_TO_ITSELF | SIM_CAME_BACK))
			return true;
	return false;
}

static int on_finding(void *context, const struct reblock_finding *f)
{
	uint32_t wanted = run_truth_for(f->kind);

	(void)context;
	now.total[f->kind]++;
	for (unsigned i = 0; i < f->n_records; i++) {
		uint64_t n = f->records[i];

		assert_true(n < RECORDS);
		if (truth[n] & wanted) {
			now.found[n] |= (uint16_t)(1u << f->kind);
			return 0;
		}
	}
	if (is_assumed(f)) {
		now.assumed++;
		return 0;
	}
	fail_msg("view \"%s\", seed %llu: not true: %s at record %llu: %s", now.view,
		 (unsigned long long)now.seed, reblock_finding_name(f->kind),
		 (unsigned long long)f->records[0], f->why);
	return 0;
}

static void simulate(const struct sim_config *config, uint64_t seed, enum reblock_vnmi vnmi)
{
	struct reblock_audit_options options = { .vnmi = vnmi, .finding = on_finding };
	struct reblock_source source = sim_source(&config->view);
	struct reblock_audit *audit = reblock_audit_new(&source, &options);

	assert_non_null(audit);
	memset(&now, 0, sizeof(now));
	now.view = config->view.name;
	now.seed = seed;
	sim_seed(&seeded, seed);
	sim_start(&sim, config, &seeded.random);
	for (size_t i = 0; i < RECORDS; i++) {
		struct reblock_record copy;

		truth[i] = sim_next(&sim, &records[i]);
		for (unsigned bit = 0; bit < SIM_TRUTHS; bit++)
			now.truth_total[bit] += truth[i] >> bit & 1;
		copy = records[i];
		assert_true(reblock_record_normalize(&copy));
		assert_memory_equal(&copy, &records[i], sizeof(copy));
	}
	assert_int_equal(reblock_audit_feed(audit, 0, records, RECORDS), 0);
	assert_int_equal(reblock_audit_finish(audit), 0);
	reblock_audit_free(audit);
}

/* A host with far more NMIs, and IRETs that exit, than any has. */
static void busy(struct sim_config *config, unsigned vms, unsigned vcpus)
{
	sim_config_default(config, vms, vcpus);
	config->policy.nmi = 350;
	config->habits.iret_exits = 400;
}

static void the_right_one_is_left_alone(void **state)
{
	static const struct sim_view *const views[] = { &sim_view_all, &sim_view_perf,
							&sim_view_perf_old, &sim_view_two };
	struct sim_config config;
	unsigned assumed = 0;

	(void)state;
	for (unsigned v = 0; v < 4; v++) {
		for (uint64_t seed = 1; seed <= SEEDS; seed++) {
			uint64_t found = 0;

			/* The first VM has virtual NMIs, so to assume them is right. */
			busy(&config, seed % 2 ? 4 : 1, 2);
			config.view = *views[v];
			simulate(&config, seed,
				 seed % 2 ? REBLOCK_VNMI_NOT_ASSUMED : REBLOCK_VNMI_ON);
			assumed += now.assumed;
			for (unsigned kind = 0; kind < REBLOCK_FINDING_KINDS; kind++)
				/* An exit that cannot tell of its unblock lets NMIs nest, too. */
				if (kind != REBLOCK_NMI_IN_NMI)
					found += now.total[kind];
			assert_true(found <= now.assumed);
			for (size_t i = 0; i < RECORDS; i++)
				if (truth[i] & (SIM_MISSED | SIM_MISSED_MASK))
					fail_msg("seed %llu: a miss at entry %zu",
						 (unsigned long long)seed, i);
		}
	}
	print_message("%u findings whose assumption does not hold, of a hypervisor that is right\n",
		      assumed);
	assert_true(assumed > 0);
}

static void every_miss_is_found(void **state)
{
	unsigned missed = 0, failed = 0, nested = 0, nested_found = 0;
	struct sim_config config;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		unsigned due = 0;

		busy(&config, 4, 2);
		config.policy.miss = seed % 2 ? 100 : 1000;
		config.policy.careless = seed % 3 ? 0 : 300;
		simulate(&config, seed, REBLOCK_VNMI_NOT_ASSUMED);
		for (size_t i = 0; i < RECORDS; i++) {
			bool miss = (truth[i] & (SIM_MISSED | SIM_WRITTEN)) == SIM_MISSED;

			due += miss || (truth[i] & SIM_TASK_OPEN);
			if (miss && !(now.found[i] & 1u << REBLOCK_MISSED_REBLOCK))
				fail_msg("seed %llu: the miss at entry %zu is not found",
					 (unsigned long long)seed, i);
			if ((truth[i] & SIM_FAILED) &&
			    !(now.found[i] & 1u << REBLOCK_REINJECT_BLOCKED))
				fail_msg("seed %llu: the failed entry %zu is not found",
					 (unsigned long long)seed, i);
		}
		assert_int_equal(now.total[REBLOCK_MISSED_REBLOCK], due);
		assert_int_equal(now.total[REBLOCK_REINJECT_BLOCKED], now.truth_total[6]);
		missed += due;
		nested += now.truth_total[3];
		failed += now.truth_total[6];
		nested_found += (unsigned)now.total[REBLOCK_NMI_IN_NMI];
	}
	print_message("%u misses, %u failed entries, %u of %u nested NMIs\n", missed, failed,
		      nested_found, nested);
	assert_true(missed > 1000 && failed > 50 && nested > 100 && nested_found > 100);
}

static void nothing_untrue_with_less(void **state)
{
	static const struct sim_view *const views[] = { &sim_view_all, &sim_view_perf,
							&sim_view_perf_old, &sim_view_two };
	struct sim_config config;
	unsigned found[4] = { 0 };

	(void)state;
	for (uint64_t seed = 1; seed <= 4 * SEEDS; seed++) {
		unsigned v = seed % 4;
		uint64_t fields = seed * 0x9e3779b97f4a7c15u >> 40;

		busy(&config, 1, 4);
		config.view = *views[v];
		config.policy.miss = 300;
		config.view.lost = seed % 8 < 4 ? 0 : 5;
		/* Every other run, one field of three is not seen. */
		if (seed % 16 >= 8) {
			config.view.exit &= (uint16_t)(fields | fields >> 1) | REBLOCK_HAS_SEQ;
			config.view.entry &= (uint16_t)(fields | fields >> 2) | REBLOCK_HAS_SEQ;
		}
		simulate(&config, seed, v ? REBLOCK_VNMI_ON : REBLOCK_VNMI_NOT_ASSUMED);
		found[v] += (unsigned)now.total[REBLOCK_MISSED_REBLOCK];
	}
	print_message("misses found: everything %u, perf %u, before Linux 6.14 %u, two events %u\n",
		      found[0], found[1], found[2], found[3]);
	assert_true(found[0] && found[1] && found[2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_right_one_is_left_alone),
					    cmocka_unit_test(every_miss_is_found),
					    cmocka_unit_test(nothing_untrue_with_less) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
