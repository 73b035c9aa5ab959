/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Any bytes as an input file: read, and audited. Beyond not crashing:
 *
 * - every record that the reader gives is well-formed;
 * - a record written as JSON and read again is the same record;
 * - damage is reported as often as it is counted;
 * - a finding names existing records of its vCPU, ascending;
 * - a policy is replayed beside the audit (which one, the input's size says), and the SDM's is never wrong.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <reblock/audit.h>
#include <reblock/input.h>
#include <reblock/json.h>
#include <reblock/policies.h>
#include "fuzz.h"

struct run {
	uint64_t records;
	uint64_t damages;
	const struct reblock_policy *policy; /* NULL: none */
};

static void count_damage(void *context, const char *message)
{
	struct run *run = context;

	FUZZ_CHECK(message[0] != '\0');
	run->damages++;
}

static int check_finding(void *context, const struct reblock_finding *finding)
{
	const struct run *run = context;

	FUZZ_CHECK(finding->n_records >= 1 && finding->n_records <= REBLOCK_FINDING_RECORDS);
	for (unsigned i = 0; i < finding->n_records; i++) {
		FUZZ_CHECK(finding->records[i] < run->records);
		FUZZ_CHECK(i == 0 || finding->records[i - 1] < finding->records[i]);
	}
	FUZZ_CHECK(memchr(finding->why, '\0', sizeof(finding->why)) != NULL);
	FUZZ_CHECK(finding->why[0] != '\0');
	FUZZ_CHECK((finding->evidence == REBLOCK_PREDICTED) == (finding->policy != NULL));
	FUZZ_CHECK(!finding->policy || strcmp(finding->policy, "sdm") != 0);
	FUZZ_CHECK(!finding->policy || finding->policy == run->policy->name);
	return 0;
}

static void check_record(const struct reblock_record *record)
{
	struct reblock_record copy = *record, again;
	struct reblock_source source;
	char text[REBLOCK_JSON_RECORD_MAX], error[256];
	size_t length;
	int result;

	FUZZ_CHECK(reblock_record_normalize(&copy));
	FUZZ_CHECK(memcmp(&copy, record, sizeof(copy)) == 0);
	length = reblock_json_record(record, text);
	FUZZ_CHECK(length < sizeof(text) && strlen(text) == length);
	result = reblock_json_parse(text, length, &again, &source, error, sizeof(error));
	if (result != REBLOCK_JSON_IS_RECORD)
		fprintf(stderr, "%s\n%s\n", text, error);
	FUZZ_CHECK(result == REBLOCK_JSON_IS_RECORD);
	FUZZ_CHECK(memcmp(&again, record, sizeof(again)) == 0);
}

static void audit(struct reblock_input *input, struct run *run)
{
	struct reblock_audit_options options = { .policy = run->policy,
						 .finding = check_finding,
						 .context = run };
	struct reblock_audit *a = reblock_audit_new(reblock_input_source(input), &options);
	const struct reblock_record *records;
	long n;

	FUZZ_CHECK(a != NULL);
	while ((n = reblock_input_next(input, &records)) > 0) {
		uint64_t first = run->records;

		for (long i = 0; i < n; i++)
			check_record(&records[i]);
		run->records += (uint64_t)n;
		FUZZ_CHECK(reblock_audit_feed(a, first, records, (size_t)n) == 0);
	}
	FUZZ_CHECK(n == 0);
	FUZZ_CHECK(reblock_audit_finish(a) == 0);
	for (size_t i = 0; reblock_audit_summary(a, i) != NULL; i++)
		FUZZ_CHECK(reblock_audit_summary(a, i)->records <= run->records);
	reblock_audit_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run run = { .policy = reblock_policy_at(size % 32) };
	struct reblock_input *input = NULL;
	char *error = NULL, path[64];
	int fd = memfd_create("input", 0);

	FUZZ_CHECK(fd >= 0);
	FUZZ_CHECK(write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (reblock_input_open(path, count_damage, &run, &input, &error) == 0) {
		audit(input, &run);
		FUZZ_CHECK(reblock_input_damages(input) == run.damages);
		reblock_input_close(input);
	} else {
		FUZZ_CHECK(error != NULL && error[0] != '\0');
		free(error);
	}
	close(fd);
	return 0;
}
