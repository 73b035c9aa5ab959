/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The agent's judge, on simulated hosts:
 *  - each finding that is told names evidence in which reblock audit finds it again;
 *  - findings and counts are those of an audit of the whole stream;
 *  - states and memory are bounded however many vCPUs there are, and however long VMs come and go.
 */
#include <dirent.h>
#include <jansson.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <reblock/input.h>
#include "agent/evidence.h"
#include "agent/judge.h"
#include "agent/outlet.h"
#include "agent/thread.h"
#include "agent/writer.h"
#include "stream.h"

#define RECORDS 3000
#define VCPUS 6

static struct reblock_record stream[RECORDS];
static char folder[64];

struct agent {
	struct metrics metrics;
	struct judge judge;
	struct outlet *outlet;
	struct writer *writer;
	struct evidence *evidence;
	FILE *told;
};

static void begin(struct agent *a, const struct judge_options *options)
{
	struct writer_options writer = { .style = { true, "test" } };
	char *error = NULL;

	memset(a, 0, sizeof(*a));
	a->told = tmpfile();
	assert_non_null(a->told);
	a->outlet = outlet_new(fileno(a->told), 8 << 20);
	if (options->evidence)
		assert_int_equal(evidence_open(folder, 1 << 30, &a->evidence, &error), 0);
	writer.outlet = a->outlet;
	writer.evidence = a->evidence;
	a->writer = writer_new(&writer);
	assert_int_equal(metrics_begin(&a->metrics, false, "0"), 0);
	assert_int_equal(judge_init(&a->judge, options, &a->metrics, a->writer), 0);
}

static void end(struct agent *a)
{
	judge_free(&a->judge);
	assert_true(!a->writer || writer_end(a->writer, 60000));
	assert_false(outlet_end(a->outlet, 60000));
	evidence_close(a->evidence);
	metrics_end(&a->metrics);
	fclose(a->told);
}

static const struct judge_options usual = { .count_stream = true,
					    .records = 64,
					    .most_vcpus = 4096,
					    .ring_bytes = 32 << 20,
					    .wait_ms = 60000 };

struct wanted {
	json_t *told;
	bool seen;
};

static bool same(const json_t *told, const char *key, const char *value)
{
	return strcmp(json_string_value(json_object_get(told, key)), value) == 0;
}

static int look_for(void *context, const struct reblock_finding *f)
{
	struct wanted *wanted = context;
	const json_t *told = wanted->told;
	json_int_t record = json_integer_value(json_object_get(told, "evidence_record"));

	if (same(told, "kind", reblock_finding_name(f->kind)) &&
	    same(told, "evidence", reblock_evidence_name(f->evidence)) &&
	    json_integer_value(json_object_get(told, "vm")) == f->vm &&
	    json_integer_value(json_object_get(told, "vcpu")) == f->vcpu &&
	    json_integer_value(json_object_get(told, "t")) == (json_int_t)f->t &&
	    same(told, "why", f->why) && (json_int_t)f->records[0] == record)
		wanted->seen = true;
	return 0;
}

/* Audits the evidence of a finding, and looks for it there. */
static bool found_again(json_t *told)
{
	const char *path = json_string_value(json_object_get(told, "evidence_file"));
	struct wanted wanted = { told, false };
	const struct reblock_audit_options options = { .finding = look_for, .context = &wanted };
	const struct reblock_record *records;
	struct reblock_input *input;
	struct reblock_audit *audit;
	uint64_t number = 0;
	char *error;
	long n;

	assert_non_null(path);
	assert_int_equal(reblock_input_open(path, NULL, NULL, &input, &error), 0);
	audit = reblock_audit_new(reblock_input_source(input), &options);
	while ((n = reblock_input_next(input, &records)) > 0) {
		assert_int_equal(reblock_audit_feed(audit, number, records, (size_t)n), 0);
		number += (uint64_t)n;
	}
	assert_int_equal(reblock_audit_finish(audit), 0);
	assert_int_equal(reblock_input_damages(input), 0);
	reblock_audit_free(audit);
	reblock_input_close(input);
	return wanted.seen;
}

/* What was told, line by line, up to now; returns how many are found again in their evidence. */
static uint64_t check_told(FILE *told, uint64_t *all)
{
	uint64_t again = 0;
	char *line = NULL;
	size_t room = 0;

	rewind(told);
	for (*all = 0; getline(&line, &room, told) > 0; ++*all) {
		json_t *object = json_loads(line, 0, NULL);

		assert_non_null(object);
		if (found_again(object))
			again++;
		else
			print_message("not in its evidence: %s", line);
		json_decref(object);
	}
	free(line);
	return again;
}

static void remove_evidence(void)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}

static int count(void *context, const struct reblock_finding *finding)
{
	(void)finding;
	++*(uint64_t *)context;
	return 0;
}

/* A big stream in small portions, so that captures come together while more is judged. */
static void evidence_shows_the_finding(void **state)
{
	uint64_t all = 0, again = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++) {
		struct judge_options options = usual;
		const struct reblock_source source = stream_source();
		uint64_t direct = 0, told;
		const struct reblock_audit_options whole = { .finding = count, .context = &direct };
		struct reblock_audit *audit = reblock_audit_new(&source, &whole);
		struct agent a;

		stream_make(seed, VCPUS, stream, RECORDS);
		options.evidence = true;
		options.records = seed % 2 ? 64 : 32;
		begin(&a, &options);
		assert_int_equal(judge_begin(&a.judge, &source), 0);
		for (size_t i = 0; i < RECORDS; i += 40) {
			assert_int_equal(judge_records(&a.judge, stream + i, 40), 0);
			/* The disk keeps up. */
			while (writer_waiting(a.writer) > WRITER_MOST / 2)
				usleep(1000);
		}
		assert_int_equal(judge_end(&a.judge), 0);
		while (writer_waiting(a.writer))
			usleep(1000);
		assert_int_equal(writer_failures(a.writer), 0);
		assert_int_equal(reblock_audit_feed(audit, 0, stream, RECORDS), 0);
		assert_int_equal(reblock_audit_finish(audit), 0);
		reblock_audit_free(audit);
		/* Ended, so that all of it is in the file. */
		assert_false(outlet_end(a.outlet, 60000));
		a.outlet = NULL;
		again += check_told(a.told, &told);
		assert_int_equal(told, direct);
		all += told;
		end(&a);
		remove_evidence();
	}
	print_message("%llu findings, %llu of them found again in their evidence\n",
		      (unsigned long long)all, (unsigned long long)again);
	assert_true(all > 100);
	assert_int_equal(again, all);
}

/* An exit by an IRET that unblocked, and an entry without blocking: a missed re-block, evidence direct. */
static void miss(uint32_t vm, uint16_t vcpu, uint64_t t, struct reblock_record pair[2])
{
	const struct reblock_record exit = {
		.kind = REBLOCK_EXIT,
		.t = t,
		.vm = vm,
		.vcpu = vcpu,
		.cpu = REBLOCK_NO_CPU,
		.reason = REBLOCK_REASON_EPT_VIOLATION,
		.qualification = 0x1181,
		.pin = 0x3f,
		.rip = 0x1000,
		.presence = REBLOCK_HAS_REASON | REBLOCK_HAS_QUALIFICATION | REBLOCK_HAS_PIN |
			    REBLOCK_HAS_RIP | REBLOCK_HAS_IDT_VECTORING | REBLOCK_HAS_L2 |
			    REBLOCK_HAS_INTERRUPTIBILITY
	};
	const struct reblock_record entry = { .kind = REBLOCK_ENTRY,
					      .t = t + 1,
					      .vm = vm,
					      .vcpu = vcpu,
					      .cpu = REBLOCK_NO_CPU,
					      .pin = 0x3f,
					      .rip = 0x1000,
					      .presence = REBLOCK_HAS_PIN | REBLOCK_HAS_RIP |
							  REBLOCK_HAS_L2 | REBLOCK_HAS_INTR_INFO |
							  REBLOCK_HAS_INTERRUPTIBILITY };

	pair[0] = exit;
	pair[1] = entry;
}

static struct reblock_record meta_of(uint32_t vm)
{
	struct reblock_record meta = { .kind = REBLOCK_META,
				       .t = 1,
				       .vm = vm,
				       .vcpu = REBLOCK_NO_VCPU,
				       .cpu = REBLOCK_NO_CPU,
				       .presence = REBLOCK_HAS_ERROR_CODE,
				       .error_code = 1000 + vm };
	char name[32];

	(void)snprintf(name, sizeof(name), "guest-%u", vm);
	reblock_record_set_name(&meta, name);
	return meta;
}

static struct reblock_source pair_source(void)
{
	struct reblock_source source = stream_source();

	source.fields &= ~(unsigned)REBLOCK_HAS_SEQ;
	return source;
}

static uint64_t missed(const struct agent *a)
{
	return a->metrics.total.findings[REBLOCK_MISSED_REBLOCK][REBLOCK_DIRECT];
}

static void assert_bounded(const struct agent *a, size_t most)
{
	assert_true(a->judge.vcpus.n <= most);
	assert_true(reblock_audit_vcpus(a->judge.audit) <= most);
	assert_int_equal(reblock_audit_vcpus(a->judge.audit), a->judge.vcpus.n);
	assert_true(a->judge.vms.n <= most);
	assert_true(a->judge.vcpus.rings <= a->judge.vcpus.most_rings);
	assert_true(a->judge.n_open <= 64);
}

/* 200,000 vCPUs, one VM after the other; each misses once. */
static void vms_that_come_and_go(void **state)
{
	enum { MOST = 500, VMS = 50000, OF_EACH = 4, SAMPLE = 10000 };
	const struct reblock_source source = pair_source();
	struct judge_options options = usual;
	struct reblock_record pair[2], meta;
	struct agent a;
	size_t used = 0;

	(void)state;
	options.most_vcpus = MOST;
	options.ring_bytes = 1 << 20;
	options.rate = 1;
	begin(&a, &options);
	assert_int_equal(judge_begin(&a.judge, &source), 0);
	for (uint32_t vm = 1; vm <= VMS; vm++) {
		meta = meta_of(vm);
		assert_int_equal(judge_records(&a.judge, &meta, 1), 0);
		for (uint16_t vcpu = 0; vcpu < OF_EACH; vcpu++) {
			miss(vm, vcpu, 10 + 10 * (uint64_t)vm, pair);
			assert_int_equal(judge_records(&a.judge, pair, 2), 0);
		}
		assert_bounded(&a, MOST);
		if (vm == SAMPLE)
			used = mallinfo2().uordblks;
	}
	/* Not a state is left behind by four fifths of them. */
	assert_true(mallinfo2().uordblks < used + (64 << 10));
	assert_int_equal(missed(&a), VMS * OF_EACH);
	assert_int_equal(a.metrics.retired, VMS * OF_EACH - a.judge.vcpus.n);
	/* Those of the vCPUs that are kept may still show more. */
	assert_int_equal(a.metrics.total.unblocks[REBLOCK_UNBLOCK_EPT_VIOLATION],
			 VMS * OF_EACH - a.judge.vcpus.n);
	assert_int_equal(judge_end(&a.judge), 0);
	assert_int_equal(a.metrics.total.unblocks[REBLOCK_UNBLOCK_EPT_VIOLATION], VMS * OF_EACH);
	assert_int_equal(a.metrics.suppressed, (OF_EACH - 1) * VMS);
	end(&a);
}

/* 12,000 at a time, in turn, three times: all kept where there is room, and judged alike where there is little. */
static void many_at_once(void **state)
{
	enum { VCPUS_AT_ONCE = 12000, ROUNDS = 3 };
	const struct reblock_source source = pair_source();
	struct reblock_record pair[2];

	(void)state;
	for (unsigned turn = 0; turn < 2; turn++) {
		struct judge_options options = usual;
		size_t before = mallinfo2().uordblks, used;
		struct agent a;

		options.most_vcpus = turn ? 1000 : 16384;
		options.ring_bytes = 4 << 20;
		options.evidence = true;
		options.rate = 1;
		begin(&a, &options);
		assert_int_equal(judge_begin(&a.judge, &source), 0);
		for (unsigned round = 0; round < ROUNDS; round++)
			for (unsigned i = 0; i < VCPUS_AT_ONCE; i++) {
				miss(1 + i / 100, (uint16_t)(i % 100), 1000 * (round + 1), pair);
				assert_int_equal(judge_records(&a.judge, pair, 2), 0);
				while (writer_waiting(a.writer) > WRITER_MOST / 2)
					usleep(1000);
			}
		assert_bounded(&a, options.most_vcpus);
		assert_int_equal(a.judge.vcpus.n, turn ? 1000 : VCPUS_AT_ONCE);
		assert_int_equal(missed(&a), ROUNDS * VCPUS_AT_ONCE);
		used = mallinfo2().uordblks - before;
		print_message("%zu vCPUs kept: %zu bytes\n", a.judge.vcpus.n, used);
		/* Outlet, windows of the rate, tables; the records kept; then the states. */
		assert_true(used < (12u << 20) + options.ring_bytes + a.judge.vcpus.n * 2200);
		end(&a);
		remove_evidence();
	}
}

static void idle_ones_go(void **state)
{
	const struct reblock_source source = pair_source();
	struct judge_options options = usual;
	struct reblock_record pair[2];
	struct agent a;

	(void)state;
	options.idle_ns = 50000000;
	begin(&a, &options);
	assert_int_equal(judge_begin(&a.judge, &source), 0);
	miss(1, 0, 1000, pair);
	assert_int_equal(judge_records(&a.judge, pair, 2), 0);
	judge_tick(&a.judge);
	assert_int_equal(a.metrics.vcpus, 1);
	usleep(60000);
	miss(2, 0, 2000, pair);
	assert_int_equal(judge_records(&a.judge, pair, 2), 0);
	judge_tick(&a.judge);
	assert_int_equal(a.metrics.vcpus, 1);
	assert_int_equal(a.metrics.retired, 1);
	assert_non_null(vcpus_find(&a.judge.vcpus, 2, 0));
	assert_int_equal(reblock_audit_vcpus(a.judge.audit), 1);
	end(&a);
}

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/reblock-agent-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	(void)state;
	remove_evidence();
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evidence_shows_the_finding),
		cmocka_unit_test(vms_that_come_and_go),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(idle_ones_go),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
