/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policies that come with reblock, each as the hypervisor of the simulated host:
 *
 * - the SDM's differs in nothing from what the SDM asks for;
 * - the others only where it is known and explained (corpus/findings, docs/findings.md);
 * - what is predicted of a policy is what it does, and nothing where it has no word;
 * - a replay of any policy (the header's last bytes choose it) keeps nothing that it cannot know (policy/replays.h).
 *
 * A policy of one's own: fuzz/policy.sh.
 */
#include <string.h>
#include <reblock/policies.h>
#include "fuzz.h"
#include "policy/differences.h"
#include "policy/known.h"
#include "policy/predictions.h"
#include "policy/replays.h"
#include "run.h"

static struct run run;

static void check(void *context, const struct difference *difference)
{
	const struct reblock_policy *policy = context;

	if (!policy_known(policy->name, difference->name))
		fuzz_fail("%s: %s is not among its known differences", policy->name,
			  difference->name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t bytes[RUN_HEADER + RUN_CELLS_MOST * RUN_CELL];
	uint8_t *header = bytes;
	const struct reblock_policy *policy;
	const char *wrong;
	size_t at = 0;

	size = size < sizeof(bytes) ? size : sizeof(bytes);
	memset(header, 0, RUN_HEADER);
	if (size)
		memcpy(bytes, data, size);
	policy = run_policy(header[RUN_HYPERVISOR]);
	/* One vCPU, seen whole, on a processor that does as the SDM says. */
	header[RUN_HOST] &= 0x30;
	header[RUN_VIEW] = header[RUN_PROCESSOR] = 0;
	memset(header + RUN_EXIT_MISSES, 0, RUN_LEFT - RUN_EXIT_MISSES);
	/* What is done wrong is the policy's own, and nothing is lost. */
	for (size_t i = RUN_HEADER; i < size; i++)
		if ((i - RUN_HEADER) % RUN_CELL == offsetof(struct sim_turn, mistake) ||
		    (i - RUN_HEADER) % RUN_CELL == offsetof(struct sim_turn, record))
			bytes[i] = 0;
	run_decode_as(&run, bytes, size, policy);
	policy_differences(&run, check, (void *)policy);
	wrong = policy_predictions(&run, policy, &at);
	if (wrong)
		fuzz_fail("%s: %s, at record %zu", policy->name, wrong, at);
	wrong = policy_audited(&run, policy, &at);
	if (wrong)
		fuzz_fail("%s beside the audit: %s, at record %zu", policy->name, wrong, at);
	policy = run_policy(run.left[1]);
	wrong = policy_replays(&run, policy, &at);
	if (wrong)
		fuzz_fail("%s replayed: %s, at record %zu", policy->name, wrong, at);
	return 0;
}
