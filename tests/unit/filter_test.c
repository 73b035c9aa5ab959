/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a filter leaves out is not missed: the audit finds the same in the filtered stream as in the whole
 * one, whatever the recorder sees, and whatever is lost of what the filter let through.
 */
#include <glob.h>
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
#include "filter_compare.h"
#include "sim/filter_stream.h"
#include "sim/sim.h"
#include "stream.h"

#define RECORDS 6000
#define SEEDS 96

static struct reblock_record whole[2 * RECORDS], filtered[2 * RECORDS];
static size_t from[2 * RECORDS];
static bool is_lost[2 * RECORDS];
static struct filter_stream filter;
static struct compared of_whole, of_filtered;
static uint64_t total[REBLOCK_FINDING_KINDS], seen, recorded, left_out;

/* Takes the records out that IS_LOST names by their place in the whole stream: N_FROM tells it. */
static size_t lose(struct reblock_record *records, size_t n, const size_t *n_from)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		struct reblock_record *r = &records[i];

		if (!is_lost[n_from ? n_from[i] : i]) {
			records[kept++] = *r;
			continue;
		}
		if (r->presence & REBLOCK_HAS_SEQ)
			continue; /* the gap tells */
		records[kept++] = (struct reblock_record){ .kind = REBLOCK_LOST,
							   .t = r->t,
							   .vm = r->vm,
							   .vcpu = r->vcpu,
							   .cpu = REBLOCK_NO_CPU };
	}
	return kept;
}

/* The end of each vCPU's records: told where its last ones were lost, by which no later number can tell. */
static size_t end(struct reblock_record *records, size_t n, uint64_t t)
{
	for (unsigned i = 0; i < FILTER_VCPUS; i++)
		if (filter.vcpus[i].used)
			records[n++] = (struct reblock_record){ .kind = REBLOCK_LOST,
								.t = t,
								.vm = filter.vcpus[i].vm,
								.vcpu = filter.vcpus[i].vcpu,
								.cpu = REBLOCK_NO_CPU };
	return n;
}

/*
 * Filters the N records in `whole`, loses LOST of 1000 records of those that came through, in both streams,
 * and compares.
 */
static void filter_and_compare(size_t n, const struct reblock_source *source,
			       enum reblock_vnmi vnmi, unsigned lost, const char *what,
			       uint64_t seed)
{
	uint64_t random = seed * 77 + 1, t = whole[n - 1].t;
	size_t n_filtered;

	memset(&filter, 0, sizeof(filter));
	memset(is_lost, 0, sizeof(is_lost));
	filter.out = filtered;
	filter.from = from;
	for (size_t i = 0; i < n; i++)
		filter_stream_take(&filter, &whole[i], i);
	filter_stream_end(&filter);
	n_filtered = filter.n;
	seen += n;
	recorded += n_filtered;
	for (size_t i = 0; i < n_filtered; i++) {
		struct reblock_record copy = filtered[i];

		assert_true(reblock_record_normalize(&copy));
		assert_memory_equal(&copy, &filtered[i], sizeof(copy));
		if (lost && filtered[i].kind < REBLOCK_LOST)
			is_lost[from[i]] = stream_random(&random, 1000) < lost;
	}
	if (lost) {
		n = end(whole, lose(whole, n, NULL), t);
		n_filtered = end(filtered, lose(filtered, n_filtered, from), t);
	}
	compare_audit(whole, n, source, vnmi, false, &of_whole);
	for (unsigned whole_way = 0; whole_way < 2; whole_way++) {
		compare_audit(filtered, n_filtered, source, vnmi, whole_way, &of_filtered);
		compare_findings(&of_whole, &of_filtered, what, seed);
		compare_counts(&of_whole, &of_filtered, what, seed);
	}
	for (size_t i = 0; i < of_filtered.n_summaries; i++)
		left_out += of_filtered.summaries[i].left_out;
	for (size_t i = 0; i < of_whole.n; i++)
		total[of_whole.list[i].kind]++;
}

/* Fields that are not seen at all, one of three. */
static void see_less(struct sim_view *view, uint64_t seed)
{
	uint64_t fields = seed * 0x9e3779b97f4a7c15u >> 40;

	view->exit &= (uint16_t)(fields | fields >> 1) | REBLOCK_HAS_SEQ | REBLOCK_HAS_REASON;
	view->entry &= (uint16_t)(fields | fields >> 2) | REBLOCK_HAS_SEQ;
}

static void simulated_hosts(void **state)
{
	static const struct sim_view *const views[] = { &sim_view_all, &sim_view_perf,
							&sim_view_perf_old, &sim_view_two };
	static const unsigned spread[] = { 1, 100, 10000 };
	static struct sim_seeded seeded;
	static struct sim sim;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct sim_config config;
		struct reblock_source source;

		sim_config_default(&config, 1 + seed % 3, 2);
		config.view = *views[seed / 2 % 4];
		/* What the BPF programs see without the module: all but blocking. */
		if (seed % 3) {
			config.view.exit &= (uint16_t)~REBLOCK_HAS_INTERRUPTIBILITY;
			config.view.entry &= (uint16_t)~REBLOCK_HAS_INTERRUPTIBILITY;
		}
		if (seed % 8 == 7)
			see_less(&config.view, seed);
		/* From a host that NMIs hardly ever come to, to one that they come to all the time. */
		config.policy.nmi = seed % 5 ? 10 : 350;
		config.habits.nmi = config.policy.nmi;
		config.habits.iret_exits = seed % 5 == 1 ? 20 : 400;
		config.policy.miss = seed % 7 ? 300 : 0;
		config.policy.careless = seed % 6 ? 0 : 300;
		source = sim_source(&config.view);
		sim_seed(&seeded, seed);
		sim_start(&sim, &config, &seeded.random);
		for (size_t i = 0; i < RECORDS; i++) {
			(void)sim_next(&sim, &whole[i]);
			/* An NMI's time is over within some records, or never. */
			whole[i].t = whole[i].t % 1000000000 * spread[seed % 3];
		}
		filter_and_compare(RECORDS, &source,
				   seed / 2 % 4 ? REBLOCK_VNMI_ON : REBLOCK_VNMI_NOT_ASSUMED,
				   seed % 4 == 3 ? 20 : 0, config.view.name, seed);
	}
}

/* Streams in which everything goes wrong at random. */
static void random_streams(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct reblock_source source = stream_source();
		unsigned gone = seed % 2 ? REBLOCK_HAS_INTERRUPTIBILITY : 0;

		if (seed % 3 == 0)
			gone |= 1u << seed % 15;
		source.fields &= ~gone;
		stream_make(seed, 4, whole, RECORDS);
		for (size_t i = 0; i < RECORDS; i++) {
			whole[i].presence &= (uint16_t)~gone;
			assert_true(reblock_record_normalize(&whole[i]));
			whole[i].t *= seed % 5 * 100000 + 1;
		}
		filter_and_compare(RECORDS, &source, REBLOCK_VNMI_NOT_ASSUMED,
				   seed % 4 == 3 ? 20 : 0, "random stream", seed);
	}
}

/*
 * Exits at few addresses, most of them without bit 12: an IRET that never completes, and one that does
 * before it is counted as such.
 */
static void livelocks(void **state)
{
	struct reblock_source source = stream_source();

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS / 4; seed++) {
		uint64_t random = seed * 5 + 3, t = 1000;
		unsigned elsewhere = seed % 4 * 3;

		memset(whole, 0, sizeof(whole));
		for (size_t i = 0; i < RECORDS; i++) {
			struct reblock_record *r = &whole[i];

			r->vm = 1;
			r->cpu = REBLOCK_NO_CPU;
			r->t = t += 700000;
			r->seq = (uint16_t)i;
			r->kind = i % 2 ? REBLOCK_ENTRY : REBLOCK_EXIT;
			r->rip = stream_random(&random, 10000) < elsewhere ? 0x2000 : 0x1000;
			r->pin = REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS;
			r->presence = REBLOCK_HAS_SEQ | REBLOCK_HAS_L2 | REBLOCK_HAS_PIN |
				      REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_RIP;
			if (i % 2)
				continue;
			r->presence |= REBLOCK_HAS_REASON | REBLOCK_HAS_IDT_VECTORING |
				       REBLOCK_HAS_QUALIFICATION;
			r->reason = stream_random(&random, 10) < 6 ? REBLOCK_REASON_EPT_VIOLATION :
								     12;
			/* In runs: there may be many without between two with it. */
			if (r->reason == REBLOCK_REASON_EPT_VIOLATION && i / 20 % 10 < 8)
				r->qualification = REBLOCK_NMI_UNBLOCKING | 0x181;
		}
		filter_and_compare(RECORDS, &source, REBLOCK_VNMI_NOT_ASSUMED, 0, "livelock", seed);
	}
}

static struct reblock_record *next(size_t *n, uint64_t *t, uint8_t kind, uint64_t rip)
{
	struct reblock_record *r = &whole[(*n)++];

	memset(r, 0, sizeof(*r));
	r->vm = 1;
	r->cpu = REBLOCK_NO_CPU;
	r->t = *t += 1000;
	r->seq = (uint16_t)*n;
	r->kind = kind;
	r->rip = rip;
	r->pin = REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS;
	r->presence = REBLOCK_HAS_SEQ | REBLOCK_HAS_L2 | REBLOCK_HAS_PIN | REBLOCK_HAS_INTR_INFO |
		      REBLOCK_HAS_RIP;
	if (kind == REBLOCK_EXIT) {
		r->presence |= REBLOCK_HAS_REASON | REBLOCK_HAS_IDT_VECTORING |
			       REBLOCK_HAS_QUALIFICATION;
		r->reason = REBLOCK_REASON_EXTERNAL_INTERRUPT;
	}
	return r;
}

/*
 * An NMI, then exits that are nothing by themselves, some with an interrupt let in right where the IRET is, or a
 * nested guest between; then a miss. Whether the IRET may return to itself is known from those entries alone.
 */
static void since_an_nmi(void **state)
{
	struct reblock_source source = stream_source();
	uint64_t assumed[2] = { 0 };

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		uint64_t random = seed * 3 + 1, t = 1000;
		size_t n = 0;

		while (n < RECORDS - 60) {
			unsigned pairs = stream_random(&random, 20);
			struct reblock_record *r;

			(void)next(&n, &t, REBLOCK_EXIT, 0x3000);
			next(&n, &t, REBLOCK_ENTRY, 0x3000)->intr_info = 0x80000202;
			while (pairs--) {
				uint64_t rip = 0x1000 + 0x1000 * stream_random(&random, 12);

				t += stream_random(&random, 20000000);
				(void)next(&n, &t, REBLOCK_EXIT, rip);
				r = next(&n, &t, REBLOCK_ENTRY, rip);
				if (stream_random(&random, 5) == 0)
					r->intr_info = 0x80000031;
				else if (stream_random(&random, 100) == 0)
					r->flags |= REBLOCK_L2;
			}
			r = next(&n, &t, REBLOCK_EXIT, 0x1000);
			r->reason = REBLOCK_REASON_EPT_VIOLATION;
			r->qualification = REBLOCK_NMI_UNBLOCKING;
			(void)next(&n, &t, REBLOCK_ENTRY, 0x1000);
			next(&n, &t, REBLOCK_EXIT, 0x1000)->reason = REBLOCK_REASON_NMI_WINDOW;
			(void)next(&n, &t, REBLOCK_ENTRY, 0x1000);
			(void)next(&n, &t, REBLOCK_EXIT, 0x1002);
			(void)next(&n, &t, REBLOCK_ENTRY, 0x1002);
		}
		filter_and_compare(n, &source, REBLOCK_VNMI_NOT_ASSUMED, 0, "since an NMI", seed);
		for (size_t i = 0; i < of_whole.n; i++)
			assumed[(of_whole.list[i].assumes & REBLOCK_ASSUMES_RETURNS_ELSEWHERE) !=
				0]++;
	}
	/* In time and too late. */
	assert_true(assumed[0] > 1000 && assumed[1] > 1000);
}

/* What real hosts did, as the recorder saw it. */
static void recorded_traces(void **state)
{
	glob_t traces;

	(void)state;
	assert_int_equal(glob(SOURCE_DIR "/corpus/traces/*.rbt", 0, NULL, &traces), 0);
	assert_true(traces.gl_pathc > 5);
	for (size_t i = 0; i < traces.gl_pathc; i++) {
		const struct reblock_record *records;
		struct reblock_input *input = NULL;
		char *error = NULL;
		size_t all = 0;
		long n;

		if (reblock_input_open(traces.gl_pathv[i], NULL, NULL, &input, &error))
			fail_msg("%s", error);
		while ((n = reblock_input_next(input, &records)) > 0) {
			assert_true(all + (size_t)n <= RECORDS);
			memcpy(&whole[all], records, (size_t)n * sizeof(*records));
			all += (size_t)n;
		}
		assert_int_equal(n, 0);
		filter_and_compare(all, reblock_input_source(input), REBLOCK_VNMI_ON, 0,
				   traces.gl_pathv[i], 0);
		reblock_input_close(input);
	}
	globfree(&traces);
}

/* Runs last: the streams must have had something to be missed, and something to leave out. */
static void there_was_something(void **state)
{
	(void)state;
	for (unsigned i = 0; i < REBLOCK_FINDING_KINDS; i++) {
		if (i == REBLOCK_UNREPORTABLE || i == REBLOCK_HARDWARE)
			continue;
		if (!total[i])
			fail_msg("no stream has a finding of kind %s", reblock_finding_name(i));
		print_message("%s %llu  ", reblock_finding_name(i), (unsigned long long)total[i]);
	}
	print_message(
		"in %llu records, %llu of them recorded, with something left out at %llu places\n",
		(unsigned long long)seen, (unsigned long long)recorded,
		(unsigned long long)left_out);
	assert_true(recorded < seen * 3 / 4 && left_out > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(simulated_hosts), cmocka_unit_test(random_streams),
		cmocka_unit_test(livelocks),       cmocka_unit_test(since_an_nmi),
		cmocka_unit_test(recorded_traces), cmocka_unit_test(there_was_something)
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
