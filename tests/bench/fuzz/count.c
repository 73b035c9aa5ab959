/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Counts what a fuzz program does, whoever runs it: inputs, and records that are judged. A record counts once for each judge that
 * it is given to: an audit; the oracle, in the target truth; in the target policy what holds a run against the SDM, and the
 * replay of the policy. Linked in with --wrap; the numbers are in the file that REBLOCK_FUZZ_COUNT names, which must hold a
 * struct counts, also for the processes that AFL++ forks. With REBLOCK_FUZZ_TIME set, the judges' CPU time is taken, too: for
 * that the clock is read twice for each of their calls.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <reblock/audit.h>
#include "oracle/oracle.h"
#include "policy/differences.h"
#include "policy/predictions.h"

struct counts {
	uint64_t inputs, records, ns;
};

static struct counts nowhere, *counts = &nowhere;
static bool timed;

/* The names are the linker's. */
#define WRAPPED(result, name, ...) \
	result __real_##name(__VA_ARGS__); \
	result __wrap_##name(__VA_ARGS__)

WRAPPED(int, reblock_audit_feed, struct reblock_audit *audit, uint64_t first,
	const struct reblock_record *records, size_t n);
WRAPPED(int, reblock_audit_feed_some, struct reblock_audit *audit, uint64_t first,
	const struct reblock_record *records, const uint16_t *which, size_t n);
WRAPPED(void, oracle_judge, struct oracle *oracle, const struct reblock_source *source,
	const struct reblock_audit_options *options, const struct reblock_record *records,
	size_t n);
WRAPPED(void, policy_differences, const struct run *run,
	void (*each)(void *context, const struct difference *difference), void *context);
WRAPPED(const char *, policy_predictions, const struct run *run,
	const struct reblock_policy *policy, size_t *at);
WRAPPED(int, LLVMFuzzerTestOneInput, const uint8_t *data, size_t size);

__attribute__((constructor)) static void map(void)
{
	const char *path = getenv("REBLOCK_FUZZ_COUNT");
	int fd = path != NULL ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *mapped;

	timed = getenv("REBLOCK_FUZZ_TIME") != NULL;
	if (fd < 0)
		return;
	mapped = mmap(NULL, sizeof(*counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapped != MAP_FAILED)
		counts = mapped;
	close(fd);
}

static uint64_t now(void)
{
	struct timespec time;

	if (!timed)
		return 0;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static void judged(uint64_t since, size_t n)
{
	counts->records += n;
	counts->ns += now() - since;
}

int __wrap_reblock_audit_feed(struct reblock_audit *audit, uint64_t first,
			      const struct reblock_record *records, size_t n)
{
	uint64_t since = now();
	int result = __real_reblock_audit_feed(audit, first, records, n);

	judged(since, n);
	return result;
}

int __wrap_reblock_audit_feed_some(struct reblock_audit *audit, uint64_t first,
				   const struct reblock_record *records, const uint16_t *which,
				   size_t n)
{
	uint64_t since = now();
	int result = __real_reblock_audit_feed_some(audit, first, records, which, n);

	judged(since, n);
	return result;
}

void __wrap_oracle_judge(struct oracle *oracle, const struct reblock_source *source,
			 const struct reblock_audit_options *options,
			 const struct reblock_record *records, size_t n)
{
	uint64_t since = now();

	__real_oracle_judge(oracle, source, options, records, n);
	judged(since, n);
}

void __wrap_policy_differences(const struct run *run,
			       void (*each)(void *context, const struct difference *difference),
			       void *context)
{
	uint64_t since = now();

	__real_policy_differences(run, each, context);
	judged(since, run->n);
}

const char *__wrap_policy_predictions(const struct run *run, const struct reblock_policy *policy,
				      size_t *at)
{
	uint64_t since = now();
	const char *result = __real_policy_predictions(run, policy, at);

	judged(since, run->n);
	return result;
}

int __wrap_LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	counts->inputs++;
	return __real_LLVMFuzzerTestOneInput(data, size);
}
