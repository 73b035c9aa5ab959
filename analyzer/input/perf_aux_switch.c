/* SPDX-License-Identifier: BSD-2-Clause */
/* Which thread runs on a CPU, by the records that are no samples. */
#include "input/aux.h"
#include "input/perf_aux.h"

bool perf_aux_switch(const struct perf_reader *p, const uint8_t *r, struct reblock_record *to)
{
	const struct perf_attr *form = perf_attr_of_tail(&p->attrs, r);
	size_t size = perf_size(r), body = perf_type(r) == PERF_SWITCH ? 8 : 16;
	const uint8_t *end = r + size;
	bool out = perf_misc(r) & PERF_MISC_SWITCH_OUT;
	uint32_t pid, tid, cpu;

	if (size < body + form->tail || !form->tail_time || !form->tail_tid || !form->tail_cpu)
		return false;
	pid = perf_u32(end - form->tail_tid);
	tid = perf_u32(end - form->tail_tid + 4);
	cpu = perf_u32(end - form->tail_cpu);
	if (perf_type(r) == PERF_ITRACE_START || (perf_type(r) == PERF_SWITCH_CPU_WIDE && out)) {
		/* ITRACE_START: the thread; SWITCH_CPU_WIDE: the next one. */
		pid = perf_u32(r + 8);
		tid = perf_u32(r + 12);
	} else if (out) {
		tid = UINT32_MAX;
	}
	/* What hides behind a process-id namespace has -1. */
	aux_switch(to, perf_u64(end - form->tail_time),
		   cpu < REBLOCK_NO_CPU ? (uint16_t)cpu : REBLOCK_NO_CPU, pid, tid);
	return cpu < REBLOCK_NO_CPU;
}
