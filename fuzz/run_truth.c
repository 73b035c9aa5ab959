/* SPDX-License-Identifier: BSD-2-Clause */
#include "run.h"

uint32_t run_truth_for(enum reblock_finding_kind kind)
{
	static const uint32_t truths[REBLOCK_FINDING_KINDS] = {
		[REBLOCK_MISSED_REBLOCK] = SIM_MISSED | SIM_TASK_OPEN,
		[REBLOCK_NMI_IN_NMI] = SIM_NESTED,
		[REBLOCK_BLOCKING_LOST] = SIM_LOST,
		[REBLOCK_UNDEFINED_BIT] = SIM_UNDEFINED,
		[REBLOCK_REINJECT_BLOCKED] = SIM_REINJECTED,
		[REBLOCK_RESERVED_BIT] = SIM_RESERVED,
		[REBLOCK_STALE_MASK] = SIM_STALE,
		[REBLOCK_FIELD_CLOBBERED] = SIM_CLOBBERED,
		[REBLOCK_IRET_LIVELOCK] = SIM_LIVELOCK,
		[REBLOCK_OVER_BLOCK] = SIM_OVER_BLOCKED,
		[REBLOCK_HARDWARE] = SIM_HARDWARE | SIM_ERRATUM,
		[REBLOCK_UNREPORTABLE] = SIM_UNREPORTABLE,
	};

	return kind < REBLOCK_FINDING_KINDS ? truths[kind] : 0;
}

/* What takes the ground from a finding that rests on a record's assumption. */
static uint32_t against(unsigned assumes)
{
	uint32_t truth = 0;

	if (assumes & (REBLOCK_ASSUMES_RETURNS_ELSEWHERE | REBLOCK_ASSUMES_NO_HANDLER))
		truth |= SIM_CAME_BACK | SIM_RETURNS_TO_ITSELF;
	if (assumes & REBLOCK_ASSUMES_ENTERED)
		truth |= SIM_FAILED;
	return truth;
}

enum run_standing run_standing_of(const struct run *run, const struct reblock_finding *f)
{
	uint32_t wanted = run_truth_for(f->kind), refuting = against(f->assumes), all = 0;

	for (unsigned i = 0; i < f->n_records; i++)
		if (f->records[i] < run->n)
			all |= run->truth[f->records[i]];
	if (all & wanted)
		return RUN_TRUE;
	/* All but that finding is concluded of a processor that does what the SDM says. */
	if ((run->sim.config.odd & SIM_ODD_CONTRADICTS) && f->kind != REBLOCK_HARDWARE)
		return RUN_ASSUMED;
	return (f->assumes & run->untrue) || (all & refuting) ? RUN_ASSUMED : RUN_UNTRUE;
}
