/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * What most exits and entries end with: counted, and nothing more. Only where the exit's reason may matter,
 * or its vCPU is awake, does a program go on to the table of vCPUs, the clock and the ring.
 */
#ifndef COLLECTOR_BPF_AWAKE_H
#define COLLECTOR_BPF_AWAKE_H

#include "state.h"

/*
 * The place of a vCPU, by the lower half of its key: those that share one cost time, no more. A pointer that the verifier
 * knows the type of lets nobody reckon with it, save that half of it may be copied.
 */
static __always_inline __u32 awake_place(__u64 key)
{
	__u32 low;

	asm volatile("%0 = %1" : "=w"(low) : "w"((__u32)key));
	return low * 0x9e3779b1u >> 16 & (COLLECTOR_AWAKE - 1);
}

/* Whether all events are wanted of this vCPU. */
static __always_inline bool is_awake(__u64 key)
{
	return ship_all || *(volatile __u32 *)&awake[awake_place(key)];
}

/* Counts STATE's vCPU among those that are awake, or no longer. */
static __always_inline void set_awake(struct vcpu_state *state, __u64 key, bool wanted)
{
	__u32 change = wanted ? 1 : -1;

	if (state->awake == wanted)
		return;
	state->awake = wanted;
	__sync_fetch_and_add(&awake[awake_place(key)], change);
}

/* A vCPU is awake from an exit that is kept to its entry, and as long as the filter says. */
static __always_inline void settle(struct vcpu_state *state, __u64 key, __u64 t)
{
	if (!ship_all)
		set_awake(state, key, state->exit_seen || reblock_filter_awake(&state->filter, t));
}

static __always_inline void count_exit(__u32 cpu, __u32 reason)
{
	struct collector_row *row = bpf_map_lookup_elem(&exits, &cpu);

	/* Interrupts are off at an exit, so nobody else counts in this row. */
	if (row)
		row->exits[reason & (COLLECTOR_REASONS - 1)]++;
}

#endif
