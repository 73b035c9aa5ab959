/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Metamorphic relations: what the audit finds in a run, and what it finds in the same run given or seen otherwise. No
 * truth is needed for that, and none is asked.
 */
#include <string.h>
#include <reblock/policies.h>
#include "fuzz.h"
#include "meta/meta.h"
#include "run.h"

struct reblock_record meta_records[META_RECORDS_MOST];
uint32_t meta_from[META_RECORDS_MOST];

/* The last bytes of the header mean nothing to the run, and choose what is done with it. */
#define CHOICES 4

static uint64_t choices(const uint8_t *data, size_t size)
{
	uint64_t chosen = 0;

	for (size_t i = RUN_HEADER - CHOICES; i < size && i < RUN_HEADER; i++)
		chosen = chosen << 8 | data[i];
	return chosen * 0x9e3779b97f4a7c15u;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct run run;
	static struct meta m;

	run_decode(&run, data, size);
	m.run = &run;
	m.options = run.options;
	m.dice.state = choices(data, size);
	meta_seen(&m);
	/* One of two runs with a policy beside the audit, whose predictions have to be the same, too. */
	if (dice(&m.dice, 2))
		m.options.policy = reblock_policy_at(dice(&m.dice, 32));
	result_of(&m.whole, m.records, m.n, &run.source, &m.options, NULL);
	result_of(&m.plain, m.records, m.n, &run.source, &run.options, NULL);
	if (!result_complete(&m.whole) || !result_complete(&m.plain))
		return 0;
	result_order(&m.whole);
	meta_in_pieces(&m);
	meta_by_vcpu(&m);
	meta_whole_way(&m);
	meta_elsewhere(&m);
	meta_interleaved(&m);
	meta_filtered(&m);
	meta_lossy(&m);
	meta_retired(&m);
	/* Slower by far, and of no use for each run. */
	if (dice(&m.dice, 8) == 0)
		meta_as_json(&m);
	if (dice(&m.dice, 8) == 0)
		meta_as_trace(&m);
	return 0;
}
