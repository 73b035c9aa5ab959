/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What must hold for every stream, on random ones:
 *  - seeing less never finds more: with records lost or fields absent, no finding appears that the
 *    whole stream does not have;
 *  - cut by vCPU, fed in pieces, or read back from either format, the findings are the same;
 *  - each IRET unblock is judged exactly once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <reblock/audit.h>
#include <reblock/input.h>
#include <reblock/json.h>
#include <reblock/trace.h>
#include "stream.h"

#define RECORDS 400
#define VCPUS 4
#ifndef STREAMS
#define STREAMS 1500
#endif
#define MUTANTS 8

struct findings {
	struct reblock_finding list[RECORDS * 4];
	size_t n;
	uint64_t judged;
};

static struct reblock_record base[RECORDS];
static struct findings base_findings;

/* Every other stream has no sequence numbers: only lost records tell of a loss there. */
static bool base_has_seq;

static struct reblock_source base_source(void)
{
	struct reblock_source source = stream_source();

	if (!base_has_seq)
		source.fields &= ~(unsigned)REBLOCK_HAS_SEQ;
	return source;
}

static int keep(void *context, const struct reblock_finding *finding)
{
	struct findings *findings = context;

	assert_true(findings->n < RECORDS * 4);
	findings->list[findings->n++] = *finding;
	return 0;
}

static void judged(void *context, const struct reblock_judgement *judgement)
{
	struct findings *findings = context;

	findings->judged += judgement->unblocked == REBLOCK_YES;
}

static int by_place(const void *a, const void *b)
{
	const struct reblock_finding *l = a;
	const struct reblock_finding *r = b;
	uint64_t left = l->records[l->n_records - 1];
	uint64_t right = r->records[r->n_records - 1];

	if (left != right)
		return left < right ? -1 : 1;
	return (int)l->kind - (int)r->kind;
}

/* Audits N records in pieces of PIECE; WHICH picks one vCPU (UINT_MAX: all). */
static void audit_as(const struct reblock_record *records, size_t n, size_t piece, unsigned which,
		     struct findings *findings)
{
	struct reblock_source source = base_source();
	struct reblock_audit_options options = { .finding = keep,
						 .judgement = judged,
						 .context = findings };
	struct reblock_audit *audit = reblock_audit_new(&source, &options);
	const struct reblock_summary *summary;
	uint64_t unblocks = 0;
	uint64_t before = findings->judged;
	size_t i;

	assert_non_null(audit);
	for (i = 0; i < n; i += piece) {
		size_t left = n - i < piece ? n - i : piece;

		if (which != UINT32_MAX && (records[i].vm - 1 + 2u * records[i].vcpu) != which &&
		    records[i].kind != REBLOCK_LOST)
			continue;
		assert_int_equal(reblock_audit_feed(audit, i, records + i, left), 0);
	}
	assert_int_equal(reblock_audit_finish(audit), 0);
	for (i = 0; (summary = reblock_audit_summary(audit, i)); i++) {
		unsigned k;

		for (k = 0; k < REBLOCK_UNBLOCK_EXITS; k++)
			unblocks += summary->unblocks[k];
	}
	assert_int_equal(unblocks, findings->judged - before);
	reblock_audit_free(audit);
	qsort(findings->list, findings->n, sizeof(findings->list[0]), by_place);
}

/* The same event: a finding's kind, and the exit or entry that it is about. */
static int same_event(const struct reblock_finding *a, const struct reblock_finding *b)
{
	if (a->kind != b->kind || a->vm != b->vm || a->vcpu != b->vcpu)
		return 0;
	switch (a->kind) {
	case REBLOCK_REINJECT_BLOCKED:
	case REBLOCK_RESERVED_BIT:
		return a->records[a->n_records - 1] == b->records[b->n_records - 1];
	default:
		return a->records[0] == b->records[0];
	}
}

static void expect_no_more(const struct findings *less, const char *what, uint64_t seed)
{
	size_t i;
	size_t k;

	for (i = 0; i < less->n; i++) {
		/* What an absent field would have refuted is assumed in the open. */
		if (less->list[i].assumes & REBLOCK_ASSUMES_RETURNS_ELSEWHERE)
			continue;
		for (k = 0; k < base_findings.n; k++)
			if (same_event(&less->list[i], &base_findings.list[k]))
				break;
		if (k == base_findings.n)
			fail_msg(
				"stream %llu, %s: a finding appears that the whole stream does not have: %s #%llu: %s",
				(unsigned long long)seed, what,
				reblock_finding_name(less->list[i].kind),
				(unsigned long long)less->list[i].records[0], less->list[i].why);
	}
}

static bool equal(const struct reblock_finding *a, const struct reblock_finding *b)
{
	return a->kind == b->kind && a->severity == b->severity && a->evidence == b->evidence &&
	       a->vm == b->vm && a->vcpu == b->vcpu && a->assumes == b->assumes && a->t == b->t &&
	       a->n_records == b->n_records &&
	       memcmp(a->records, b->records, a->n_records * sizeof(a->records[0])) == 0 &&
	       strcmp(a->rule, b->rule) == 0 && strcmp(a->why, b->why) == 0;
}

static void expect_same(const struct findings *other, const char *what, uint64_t seed)
{
	size_t i;

	if (other->n != base_findings.n)
		fail_msg("stream %llu, %s: %zu findings, not %zu", (unsigned long long)seed, what,
			 other->n, base_findings.n);
	for (i = 0; i < other->n; i++)
		if (!equal(&other->list[i], &base_findings.list[i]))
			fail_msg("stream %llu, %s: another finding: %s, not %s",
				 (unsigned long long)seed, what, other->list[i].why,
				 base_findings.list[i].why);
}

static void make_base(uint64_t seed)
{
	size_t i;

	stream_make(seed, VCPUS, base, RECORDS);
	base_has_seq = seed % 2;
	for (i = 0; i < RECORDS && !base_has_seq; i++) {
		base[i].presence &= (uint16_t)~REBLOCK_HAS_SEQ;
		base[i].seq = 0;
	}
	memset(&base_findings, 0, sizeof(base_findings));
	audit_as(base, RECORDS, RECORDS, UINT32_MAX, &base_findings);
}

static void lose_records(struct reblock_record *records, uint64_t *random)
{
	unsigned n = 1 + stream_random(random, 8);

	while (n--) {
		struct reblock_record *r = &records[stream_random(random, RECORDS)];
		struct reblock_record lost = { .kind = REBLOCK_LOST,
					       .t = r->t,
					       .vm = r->vm,
					       .vcpu = r->vcpu,
					       .cpu = REBLOCK_NO_CPU };
		unsigned how = stream_random(random, 3);

		if (how > 0)
			lost.vcpu = REBLOCK_NO_VCPU;
		if (how > 1)
			lost.vm = REBLOCK_NO_VM;
		*r = lost;
	}
}

/* Fields vanish: here and there, or one field from every record. The sequence stays. */
static void lose_fields(struct reblock_record *records, uint64_t *random)
{
	unsigned everywhere = stream_random(random, 3) == 0;
	unsigned one = 1u << stream_random(random, 15);
	size_t i;

	for (i = 0; i < RECORDS; i++) {
		unsigned gone = one;

		if (!everywhere) {
			gone = 1u << stream_random(random, 15);
			gone |= 1u << stream_random(random, 15);
			if (stream_random(random, 4))
				gone = 0;
		}
		records[i].presence &= (uint16_t)~gone;
		assert_true(reblock_record_normalize(&records[i]));
	}
}

static void seeing_less_finds_no_more(void **state)
{
	static struct reblock_record records[RECORDS];
	static struct findings less;
	uint64_t total[REBLOCK_FINDING_KINDS] = { 0 };
	uint64_t seed;
	unsigned i;
	size_t k;

	(void)state;
	for (seed = 1; seed <= STREAMS; seed++) {
		uint64_t random = seed ^ 0xabcdef;

		make_base(seed);
		for (k = 0; k < base_findings.n; k++)
			total[base_findings.list[k].kind]++;
		for (i = 0; i < MUTANTS; i++) {
			memcpy(records, base, sizeof(records));
			if (i % 4 != 1)
				lose_fields(records, &random);
			if (i % 4 != 0)
				lose_records(records, &random);
			memset(&less, 0, sizeof(less));
			audit_as(records, RECORDS, RECORDS, UINT32_MAX, &less);
			expect_no_more(&less,
				       i % 4 == 0 ? "fields absent" :
				       i % 4 == 1 ? "records lost" :
						    "both",
				       seed);
		}
	}
	/* The streams must have something to lose: every kind that needs neither PT nor 1,000 exits. */
	for (i = 0; i < REBLOCK_FINDING_KINDS; i++) {
		if (i == REBLOCK_UNREPORTABLE || i == REBLOCK_IRET_LIVELOCK ||
		    i == REBLOCK_HARDWARE)
			continue;
		if (!total[i])
			fail_msg("no stream has a finding of kind %s", reblock_finding_name(i));
		print_message("%s %llu  ", reblock_finding_name(i), (unsigned long long)total[i]);
	}
	print_message("in %d streams of %d records, each %d times with less\n", STREAMS, RECORDS,
		      MUTANTS);
}

static void cut_by_vcpu_and_in_pieces(void **state)
{
	static struct findings pieces;
	uint64_t seed;
	unsigned which;

	(void)state;
	for (seed = 1; seed <= STREAMS; seed++) {
		make_base(seed);
		memset(&pieces, 0, sizeof(pieces));
		audit_as(base, RECORDS, 1 + seed % 7, UINT32_MAX, &pieces);
		expect_same(&pieces, "in pieces", seed);
		memset(&pieces, 0, sizeof(pieces));
		for (which = 0; which < VCPUS; which++)
			audit_as(base, RECORDS, 1, which, &pieces);
		expect_same(&pieces, "by vCPU", seed);
	}
}

static void read_back(const char *path, const char *what, uint64_t seed)
{
	static struct findings findings;
	struct reblock_audit_options options = { .finding = keep, .context = &findings };
	struct reblock_input *input = NULL;
	const struct reblock_record *records;
	struct reblock_audit *audit;
	char *error = NULL;
	uint64_t first = 0;
	long n;

	memset(&findings, 0, sizeof(findings));
	if (reblock_input_open(path, NULL, NULL, &input, &error))
		fail_msg("%s: %s", what, error);
	audit = reblock_audit_new(reblock_input_source(input), &options);
	assert_non_null(audit);
	while ((n = reblock_input_next(input, &records)) > 0) {
		assert_int_equal(reblock_audit_feed(audit, first, records, (size_t)n), 0);
		first += (uint64_t)n;
	}
	assert_int_equal(n, 0);
	assert_int_equal(first, RECORDS);
	assert_int_equal(reblock_audit_finish(audit), 0);
	assert_int_equal(reblock_input_damages(input), 0);
	reblock_audit_free(audit);
	reblock_input_close(input);
	qsort(findings.list, findings.n, sizeof(findings.list[0]), by_place);
	expect_same(&findings, what, seed);
}

static void either_format(void **state)
{
	char path[] = "/tmp/reblock-properties-XXXXXX";
	int fd = mkstemp(path);
	uint64_t seed;

	(void)state;
	assert_true(fd >= 0);
	(void)close(fd);
	for (seed = 1; seed <= 60; seed++) {
		struct reblock_trace_writer *writer = NULL;
		char line[REBLOCK_JSON_RECORD_MAX];
		struct reblock_source source;
		char *meta;
		FILE *file;
		size_t i;

		make_base(seed);
		source = base_source();
		meta = reblock_json_source(&source);
		assert_int_equal(reblock_trace_create(path, &source, &writer), 0);
		for (i = 0; i < RECORDS; i += 100) {
			assert_int_equal(reblock_trace_write(writer, base + i, 100), 0);
			assert_int_equal(reblock_trace_flush(writer), 0);
		}
		assert_int_equal(reblock_trace_close(writer), 0);
		read_back(path, "own format", seed);
		file = fopen(path, "w");
		assert_non_null(file);
		assert_non_null(meta);
		(void)fprintf(file, "%s\n", meta);
		free(meta);
		for (i = 0; i < RECORDS; i++) {
			(void)reblock_json_record(&base[i], line);
			(void)fprintf(file, "%s\n", line);
		}
		assert_int_equal(fclose(file), 0);
		read_back(path, "JSON Lines", seed);
	}
	(void)unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(seeing_less_finds_no_more),
					    cmocka_unit_test(cut_by_vcpu_and_in_pieces),
					    cmocka_unit_test(either_format) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
