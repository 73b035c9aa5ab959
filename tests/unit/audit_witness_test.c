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
#include "sim/sim_frames.h"

#define RECORDS 3000
#define WITNESSES 24 /* at most, of a turn */
#ifndef SEEDS
#define SEEDS 400
#endif
#define FINDINGS 2000

/* How PT was recorded, and what of it is lost. */
static struct {
	uint64_t random;
	bool event_trace, image, l2, alone, injected_first;
	unsigned gaps, unmatched; /* of 100 turns */
} pt;

static struct {
	struct reblock_record record;
	uint32_t truth;
	bool unreportable, erratum; /* the witness of an exit */
	bool mov_ss; /* blocks at this entry: an NMI handler's IRET never follows it (docs/rules.md, section 4) */
	uint32_t plain; /* number among the records */
} stream[RECORDS];
static size_t n_stream;

static struct sim sim;
static struct sim_shown shown[SIM_VCPUS_MOST][2];
static uint64_t seed_now;

static unsigned random_below(unsigned limit)
{
	pt.random ^= pt.random << 13;
	pt.random ^= pt.random >> 7;
	pt.random ^= pt.random << 17;
	return (unsigned)((pt.random >> 11) % limit);
}

static struct reblock_record *add(const struct sim_vcpu *v, enum reblock_witness_kind saw)
{
	struct reblock_record *r = &stream[n_stream].record;

	memset(&stream[n_stream], 0, sizeof(stream[0]));
	n_stream++;
	r->kind = REBLOCK_WITNESS;
	r->t = v->t;
	r->vm = v->vm;
	r->vcpu = v->vcpu;
	r->cpu = v->cpu;
	r->error_code = saw;
	r->presence = REBLOCK_HAS_ERROR_CODE;
	if (pt.l2 && saw != REBLOCK_SAW_GAP) {
		r->presence |= REBLOCK_HAS_L2;
		r->flags = v->side ? REBLOCK_L2 : 0;
	}
	return r;
}

static void at(struct reblock_record *r, uint64_t rip)
{
	r->rip = rip;
	r->presence |= REBLOCK_HAS_RIP;
}

static void to(struct reblock_record *r, uint64_t address)
{
	r->qualification = address;
	r->presence |= REBLOCK_HAS_QUALIFICATION;
}

static unsigned vector_of(unsigned handler)
{
	return handler == SIM_NMI_HANDLER ? 2 : handler == SIM_INTERRUPT_HANDLER ? 49 : 14;
}

static void event(const struct sim_vcpu *v, const struct sim_shown *list, unsigned i)
{
	struct reblock_record *r;

	if (list->events[i].iret) {
		if (!pt.event_trace && !pt.image)
			return;
		r = add(v, REBLOCK_SAW_IRET);
	} else if (pt.event_trace) {
		r = add(v, REBLOCK_SAW_INTERRUPT);
		r->presence |= REBLOCK_HAS_INTR_INFO;
		r->intr_info = vector_of(list->events[i].handler);
		stream[n_stream - 1].truth = list->events[i].nests ? SIM_NESTED : 0;
	} else {
		r = add(v, REBLOCK_SAW_ASYNC);
	}
	if (random_below(20))
		at(r, list->events[i].at);
	to(r, list->events[i].to);
}

static void exited(const struct sim_vcpu *v, const struct sim_before *before,
		   const struct sim_exit *exit)
{
	const struct sim_guest *g = &v->sides[v->side].guest;
	unsigned basic = exit->reason & REBLOCK_REASON_BASIC;
	struct reblock_record *r;

	/* What of an event's delivery is shown before it exits is not documented. */
	if (before->why == SIM_EXITED_DELIVERY && pt.event_trace && random_below(2)) {
		r = add(v, REBLOCK_SAW_INTERRUPT);
		r->presence |= REBLOCK_HAS_INTR_INFO;
		r->intr_info = vector_of(sim_handler_of(exit->idt_vectoring));
		at(r, before->rip);
	}
	r = add(v, REBLOCK_SAW_EXIT);
	at(r, before->rip);
	if (pt.event_trace) {
		r->presence |= REBLOCK_HAS_REASON | REBLOCK_HAS_QUALIFICATION;
		r->reason = exit->reason;
		r->qualification = exit->qualification;
	}
	if (pt.image && !sim_guest_in_smm(g)) {
		r->presence |= REBLOCK_HAS_MASKED;
		r->flags |= sim_guest_at_iret(g) ? REBLOCK_MASKED : 0;
	}
	stream[n_stream - 1].erratum = g->unblocked && exit->defined && !exit->bit12 &&
				       basic == REBLOCK_REASON_EPT_VIOLATION;
	stream[n_stream - 1].unreportable = g->unblocked && (basic == REBLOCK_REASON_APIC_ACCESS ||
							     basic == REBLOCK_REASON_EPT_MISCONFIG);
}

static void ran(void *context, const struct sim_vcpu *v, uint64_t entry_rip,
		const struct sim_before *before, const struct sim_exit *exit)
{
	const struct sim_shown *list = v->sides[v->side].guest.shown;
	unsigned from = 0;
	size_t begin = n_stream, end;

	(void)context;
	if (before->why == SIM_EXITED_FAILED)
		return;
	/* What could not be matched is told; where all exits are recorded an exit without its witness says so, too. */
	if (random_below(100) < pt.unmatched) {
		if (pt.alone || sim.config.view.filtered || sim.config.view.lost || random_below(2))
			(void)add(v, REBLOCK_SAW_GAP);
		return;
	}
	assert_true(list->n < WITNESSES - 4);
	if (pt.injected_first && list->n && !list->events[0].iret)
		event(v, list, from++);
	at(add(v, REBLOCK_SAW_ENTRY), entry_rip);
	for (; from < list->n; from++)
		event(v, list, from);
	exited(v, before, exit);
	if (random_below(100) >= pt.gaps)
		return;
	/* What came up to a place in this part is lost. */
	end = n_stream;
	from = random_below((unsigned)(end - begin) + 1);
	memmove(&stream[begin + 1], &stream[begin + from],
		(end - begin - from) * sizeof(stream[0]));
	n_stream = begin;
	(void)add(v, REBLOCK_SAW_GAP);
	n_stream = begin + 1 + end - begin - from;
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
	if (random_below(4))
		return;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)random_below(256);
	memcpy(out, bytes, sizeof(*out));
	out->who &= 127;
}

static void configure(struct sim_config *config)
{
	static const unsigned often[] = { 0, 0, 3, 20 };

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
	for (unsigned i = 0; i < 2; i++)
		config->pin[i] = (uint16_t)(0x16 | run_pins[random_below(8)]);
	if (random_below(3) == 0)
		config->hypervisor = reblock_policy_at(random_below(32));
	pt.event_trace = random_below(4) != 0;
	pt.image = random_below(2);
	pt.l2 = random_below(2);
	pt.alone = random_below(4) == 0;
	pt.injected_first = random_below(8) == 0;
	pt.gaps = often[random_below(4)];
	pt.unmatched = often[random_below(4)];
}

static void make(void)
{
	struct mixed m = { .random = { .turn = turn } };
	struct sim_config config;

	pt.random = (seed_now + 1) * 0x9e3779b97f4a7c15u | 1;
	configure(&config);
	sim_seed(&m.seeded, seed_now);
	sim_start(&sim, &config, &m.random);
	sim.ran = ran;
	memset(shown, 0, sizeof(shown));
	for (unsigned i = 0; i < sim.n_vcpus; i++)
		for (unsigned side = 0; side < 2; side++)
			sim.vcpus[i].sides[side].guest.shown = &shown[i][side];
	n_stream = 0;
	while (n_stream + WITNESSES + SIM_TURN_MOST + 1 < RECORDS) {
		unsigned n = sim_turn(&sim);

		for (unsigned i = 0; i < n && !pt.alone; i++) {
			memset(&stream[n_stream], 0, sizeof(stream[0]));
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

static unsigned found_alone, found_nested, found_missed, found_hardware, found_unreportable,
	found_again;

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
	bool erratum = false, unreportable = false;

	for (unsigned i = 0; i < f->n_records; i++) {
		erratum |= stream[f->records[i]].erratum;
		unreportable |= stream[f->records[i]].unreportable;
	}
	/* Nothing tells a nested guest where no record, and PT, has a word on it. */
	if ((f->assumes & REBLOCK_ASSUMES_L2_0) && sim.entered_nested)
		return true;
	/* Nor what an assumption of the records' own takes for granted. */
	if ((f->assumes & (REBLOCK_ASSUMES_RETURNS_ELSEWHERE | REBLOCK_ASSUMES_NO_HANDLER)) &&
	    (truth & (SIM_CAME_BACK | SIM_RETURNS_TO_ITSELF)))
		return true;
	switch (f->kind) {
	case REBLOCK_UNREPORTABLE:
		found_unreportable++;
		return unreportable;
	case REBLOCK_HARDWARE:
		found_hardware++;
		return erratum;
	case REBLOCK_NMI_IN_NMI:
		found_nested++;
		found_alone += pt.alone;
		return truth & SIM_NESTED;
	case REBLOCK_MISSED_REBLOCK:
		found_missed++;
		return truth & (SIM_MISSED | SIM_TASK_OPEN);
	default:
		return false;
	}
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
				  (long long)f->records[f->n_records - 1]) < WITNESSES)
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

/* Kinds that PT has a part in. */
static bool is_of_pt(enum reblock_finding_kind kind)
{
	return kind == REBLOCK_NMI_IN_NMI || kind == REBLOCK_MISSED_REBLOCK ||
	       kind == REBLOCK_HARDWARE || kind == REBLOCK_UNREPORTABLE;
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
		found_nested, found_alone, found_missed, found_hardware, found_unreportable,
		found_again);
	assert_true(found_alone > 20 && found_nested > 100 && found_missed > 0);
	assert_true(found_hardware > 5 && found_unreportable > 5 && found_again > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(all_seeds) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
