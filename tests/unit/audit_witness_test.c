/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel PT beside the records, on a simulated host that knows what its guests did. PT with and without Event Trace, with
 * and without a memory image, with gaps, with parts that could not be matched, and alone, without any record:
 *  - nothing is found that is not true;
 *  - what is found without PT is found with it, and what does not rest on it is found just so;
 *  - fed in pieces, by vCPU, or with vCPUs retired and back, it is found alike.
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
#include <reblock/json.h>
#include <reblock/policies.h>
#include "run.h"

#define RECORDS 3000
#ifndef SEEDS
#define SEEDS 400
#endif
#define FINDINGS 2000

static uint64_t dice;

static struct {
	struct reblock_record record;
	uint32_t truth;
	bool mov_ss; /* blocks at this entry: an NMI handler's IRET never follows it (docs/rules.md, section 4) */
} stream[RECORDS];
static size_t n_stream;

static struct sim sim;
static uint64_t seed_now;

static unsigned random_below(unsigned limit)
{
	dice ^= dice << 13;
	dice ^= dice >> 7;
	dice ^= dice << 17;
	return (unsigned)((dice >> 11) % limit);
}

struct mixed {
	struct sim_random random;
	struct sim_seeded seeded;
};

/* Turns that are likely, and turns that are anything. */
static void turn(struct sim_random *random, const struct sim_config *config, struct sim_turn *out)
{
	struct mixed *m = (struct mixed *)random;
	uint8_t bytes[sizeof(*out)];

	m->seeded.random.turn(&m->seeded.random, config, out);
	if (random_below(10) == 0)
		out->between |= (uint8_t)(random_below(4) << 6);
	out->mistake |= (uint8_t)(random_below(16) << 4);
	if (random_below(4))
		return;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)random_below(256);
	memcpy(out, bytes, sizeof(*out));
	out->who &= 127;
}

static void configure(struct sim_config *config)
{
	sim_config_default(config, 2, 2);
	config->view = sim_views[random_below(SIM_VIEWS)];
	config->view.lost = random_below(3) ? 0 : 20;
	config->nested = random_below(4) == 0;
	config->guests = (uint8_t)random_below(4);
	config->odd = random_below(4) ? 0 : SIM_ODD_ERRATUM;
	config->caches = random_below(4) == 0;
	config->habits.iret_exits = 400;
	config->habits.nmi = 200;
	config->policy.nmi = 250;
	config->policy.miss = 200;
	for (unsigned i = 0; i < 2; i++)
		config->pin[i] = (uint16_t)(0x16 | run_pins[random_below(8)]);
	if (random_below(3) == 0)
		config->hypervisor = reblock_policy_at(random_below(32));
	config->view.pt = (struct sim_pt){ .on = true,
					   .event_trace = random_below(4) != 0,
					   .image = random_below(2),
					   .l2 = random_below(2),
					   .alone = random_below(4) == 0,
					   .lossy = random_below(2) };
}

static void make(void)
{
	struct mixed m = { .random = { .turn = turn } };
	struct sim_config config;

	dice = (seed_now + 1) * 0x9e3779b97f4a7c15u | 1;
	configure(&config);
	sim_seed(&m.seeded, seed_now);
	sim_start(&sim, &config, &m.random);
	n_stream = 0;
	while (n_stream + sim_turn_most(&sim) < RECORDS) {
		unsigned n = sim_turn(&sim);

		for (unsigned i = 0; i < n; i++) {
			stream[n_stream].record = sim.seen[i];
			stream[n_stream].mov_ss = sim.whole[i].interruptibility &
						  REBLOCK_BLOCKING_MOV_SS;
			stream[n_stream++].truth = sim.truth[i];
		}
	}
}

struct result {
	size_t n;
	struct reblock_finding list[FINDINGS];
	uint8_t outcome
		[RECORDS]; /* enum reblock_outcome + 1, by the exit's number in the whole stream */
};

static struct result whole, plain, other;
static struct reblock_record records[RECORDS], without[RECORDS];
static uint32_t number_of[RECORDS]; /* of those without PT, in the whole stream */
static size_t n_without;

static int keep(void *context, const struct reblock_finding *f)
{
	struct result *result = context;

	assert_true(result->n < FINDINGS);
	result->list[result->n] = *f;
	for (unsigned i = 0; result == &plain && i < f->n_records; i++)
		result->list[result->n].records[i] = number_of[f->records[i]];
	result->n++;
	return 0;
}

static void judged(void *context, const struct reblock_judgement *j)
{
	struct result *result = context;

	if (j->unblocked == REBLOCK_YES)
		result->outcome[result == &plain ? number_of[j->exit_number] : j->exit_number] =
			(uint8_t)(j->outcome + 1);
}

static struct reblock_audit *begin(struct result *result)
{
	struct reblock_source source = sim_source(&sim.config.view);
	struct reblock_audit_options options = { .finding = keep,
						 .judgement = judged,
						 .context = result };
	struct reblock_audit *audit = reblock_audit_new(&source, &options);

	assert_non_null(audit);
	return audit;
}

static void audit_all(struct result *result, const struct reblock_record *r, size_t n, bool retires)
{
	struct reblock_audit *audit;
	size_t some;

	result->n = 0;
	memset(result->outcome, 0, sizeof(result->outcome));
	audit = begin(result);
	for (size_t i = 0; i < n; i += some) {
		some = result == &other ? 1 + random_below(40) : n;
		some = some < n - i ? some : n - i;
		assert_int_equal(reblock_audit_feed(audit, i, r + i, some), 0);
		if (retires && random_below(4) == 0)
			(void)reblock_audit_retire(audit, 1 + random_below(2),
						   (uint16_t)random_below(2));
	}
	assert_int_equal(reblock_audit_finish(audit), 0);
	reblock_audit_free(audit);
}

static void audit_by_vcpu(struct result *result)
{
	struct reblock_audit *audits[2];

	result->n = 0;
	for (unsigned part = 0; part < 2; part++) {
		uint16_t which[RECORDS];
		size_t n = 0;

		audits[part] = begin(result);
		for (size_t i = 0; i < n_stream; i++)
			if (records[i].vcpu == REBLOCK_NO_VCPU || records[i].vcpu % 2 == part)
				which[n++] = (uint16_t)i;
		assert_int_equal(reblock_audit_feed_some(audits[part], 0, records, which, n), 0);
		assert_int_equal(reblock_audit_finish(audits[part]), 0);
	}
	assert_int_equal(reblock_audit_join(audits[0], audits[1]), 0);
	reblock_audit_free(audits[0]);
}

static bool same(const struct reblock_finding *a, const struct reblock_finding *b)
{
	return a->kind == b->kind && a->vm == b->vm && a->vcpu == b->vcpu &&
	       a->evidence == b->evidence && a->assumes == b->assumes &&
	       a->n_records == b->n_records &&
	       !memcmp(a->records, b->records, a->n_records * sizeof(a->records[0])) &&
	       strcmp(a->rule, b->rule) == 0 && strcmp(a->why, b->why) == 0;
}

static bool has_same(const struct result *in, const struct reblock_finding *f)
{
	for (size_t i = 0; i < in->n; i++)
		if (same(&in->list[i], f))
			return true;
	return false;
}

/* What led to it, of its vCPU. */
static void show(const struct reblock_finding *f)
{
	size_t last = f->records[f->n_records - 1], i = f->records[0];

	for (unsigned back = 0; i && back < 8; i--)
		back += records[i].vm == f->vm && records[i].vcpu == f->vcpu;
	for (; i <= last && i < n_stream; i++) {
		char text[REBLOCK_JSON_RECORD_MAX];

		if (records[i].vm != f->vm || records[i].vcpu != f->vcpu)
			continue;
		reblock_json_record(&records[i], text);
		print_message("#%zu %#x %s\n", i, (unsigned)stream[i].truth, text);
	}
}

static void wrong(const struct reblock_finding *f, const char *what)
{
	show(f);
	fail_msg("seed %llu: %s at record %llu (%s, rule %s) %s", (unsigned long long)seed_now,
		 reblock_finding_name(f->kind), (unsigned long long)f->records[0],
		 reblock_evidence_name(f->evidence), f->rule, what);
}

static unsigned found[REBLOCK_FINDING_KINDS], found_alone, found_again;

/* Kinds that PT has a part in. */
static bool is_of_pt(enum reblock_finding_kind kind)
{
	return kind == REBLOCK_NMI_IN_NMI || kind == REBLOCK_MISSED_REBLOCK ||
	       kind == REBLOCK_HARDWARE || kind == REBLOCK_UNREPORTABLE;
}

static uint32_t truth_of(const struct reblock_finding *f)
{
	uint32_t truth = 0;

	for (unsigned i = 0; i < f->n_records; i++)
		truth |= stream[f->records[i]].truth;
	return truth;
}

static bool is_true(const struct reblock_finding *f)
{
	uint32_t truth = truth_of(f);

	/* Nothing tells a nested guest where no record, and PT, has a word on it. */
	if ((f->assumes & REBLOCK_ASSUMES_L2_0) && sim.entered_nested)
		return true;
	/* Nor what an assumption of the records' own takes for granted. */
	if ((f->assumes & (REBLOCK_ASSUMES_RETURNS_ELSEWHERE | REBLOCK_ASSUMES_NO_HANDLER)) &&
	    (truth & (SIM_CAME_BACK | SIM_RETURNS_TO_ITSELF)))
		return true;
	found[f->kind]++;
	found_alone += f->kind == REBLOCK_NMI_IN_NMI && sim.config.view.pt.alone;
	return is_of_pt(f->kind) && (truth & run_truth_for(f->kind));
}

/*
 * What no PT was needed for is found with PT, too, but for what it refutes: there are such that rest on an assumption, and
 * few without one that are not true (fuzz/oracle/truth.c, blocked_for_nothing).
 */
static void check_kept(const struct reblock_finding *f)
{
	const uint8_t refutable = REBLOCK_ASSUMES_RETURNS_ELSEWHERE | REBLOCK_ASSUMES_NO_HANDLER;

	/* PT may show the nested guest that no record does. */
	if (has_same(&whole, f) || ((f->assumes & REBLOCK_ASSUMES_L2_0) && sim.entered_nested))
		return;
	if (f->kind == REBLOCK_MISSED_REBLOCK || f->kind == REBLOCK_NMI_IN_NMI) {
		for (size_t i = 0; i < whole.n; i++) {
			const struct reblock_finding *g = &whole.list[i];

			/* By better evidence, or with PT's record beside them. */
			if (g->kind == f->kind && g->records[0] == f->records[0] &&
			    g->evidence >= f->evidence)
				return;
			if (f->kind == REBLOCK_NMI_IN_NMI && g->kind == f->kind && g->vm == f->vm &&
			    g->vcpu == f->vcpu &&
			    llabs((long long)g->records[g->n_records - 1] -
				  (long long)f->records[f->n_records - 1]) < SIM_WITNESSES_MOST)
				return;
		}
		if ((f->assumes & refutable) || !(truth_of(f) & run_truth_for(f->kind)) ||
		    (truth_of(f) & SIM_CAME_BACK))
			return;
	}
	wrong(f, "is not found with PT");
}

static void check_outcomes(void)
{
	for (size_t i = 0; i < n_stream; i++) {
		if (whole.outcome[i] != REBLOCK_OUTCOME_REBLOCKED + 1 ||
		    plain.outcome[i] == REBLOCK_OUTCOME_REBLOCKED + 1)
			continue;
		found_again++;
		for (size_t k = i + 1; k < n_stream; k++) {
			if (records[k].kind != REBLOCK_ENTRY || records[k].vm != records[i].vm ||
			    records[k].vcpu != records[i].vcpu)
				continue;
			if (!(stream[k].truth & (SIM_MISSED | SIM_MISSED_MASK)) || stream[k].mov_ss)
				break;
			show(&(struct reblock_finding){ .vm = records[i].vm,
							.vcpu = records[i].vcpu,
							.n_records = 2,
							.records = { i, k + 40 } });
			fail_msg("seed %llu: the re-block after record %zu is not true",
				 (unsigned long long)seed_now, i);
			break;
		}
	}
}

static void check_same_findings(const char *how)
{
	for (size_t i = 0; i < other.n; i++)
		if (!has_same(&whole, &other.list[i]))
			wrong(&other.list[i], how);
	assert_int_equal(other.n, whole.n);
}

static void one_seed(void)
{
	make();
	n_without = 0;
	for (size_t i = 0; i < n_stream; i++) {
		records[i] = stream[i].record;
		assert_true(reblock_record_normalize(&stream[i].record));
		if (records[i].kind == REBLOCK_WITNESS)
			continue;
		number_of[n_without] = (uint32_t)i;
		without[n_without++] = records[i];
	}
	audit_all(&whole, records, n_stream, false);
	audit_all(&plain, without, n_without, false);
	for (size_t i = 0; i < whole.n; i++)
		if (!has_same(&plain, &whole.list[i]) && !is_true(&whole.list[i]))
			wrong(&whole.list[i], "is not true");
	for (size_t i = 0; i < plain.n; i++)
		check_kept(&plain.list[i]);
	check_outcomes();
	audit_all(&other, records, n_stream, false);
	check_same_findings("comes of pieces alone");
	audit_by_vcpu(&other);
	check_same_findings("comes of vCPUs alone");
	audit_all(&other, records, n_stream, true);
	for (size_t i = 0; i < other.n; i++)
		if (is_of_pt(other.list[i].kind) && !has_same(&whole, &other.list[i]) &&
		    !has_same(&plain, &other.list[i]) &&
		    !(other.list[i].assumes & REBLOCK_ASSUMES_RETURNS_ELSEWHERE) &&
		    !is_true(&other.list[i]))
			wrong(&other.list[i], "is not true with vCPUs retired");
}

static void all_seeds(void **state)
{
	(void)state;
	for (seed_now = 0; seed_now < SEEDS; seed_now++)
		one_seed();
	print_message(
		"%u nmi-in-nmi (%u by PT alone), %u missed-reblock, %u hardware, %u unreportable, %u re-blocked\n",
		found[REBLOCK_NMI_IN_NMI], found_alone, found[REBLOCK_MISSED_REBLOCK],
		found[REBLOCK_HARDWARE], found[REBLOCK_UNREPORTABLE], found_again);
	assert_true(found_alone > 20 && found[REBLOCK_NMI_IN_NMI] > 100);
	assert_true(found[REBLOCK_MISSED_REBLOCK] > 0 && found[REBLOCK_HARDWARE] > 5);
	assert_true(found[REBLOCK_UNREPORTABLE] > 5 && found_again > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(all_seeds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
