/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Room for records on their way to user space: a ring for each CPU, and the budget. */
#ifndef COLLECTOR_BPF_RING_H
#define COLLECTOR_BPF_RING_H

#include "state.h"

struct one_ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 17);
};

/*
 * By CPU. The loader makes the rings: one for each CPU, or on very large hosts one for some of them. Since Linux 5.10
 * they need not be as large as the one that stands for them here.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct one_ring);
} rings SEC(".maps");

const volatile bool budgeted;
struct collector_budget budget;

/* Room that the budget does not count, for what comes once in a VM's or vCPU's life. */
static __always_inline struct reblock_record *reserve_always(const __u32 n)
{
	__u32 cpu = bpf_get_smp_processor_id();
	void *ring = bpf_map_lookup_elem(&rings, &cpu);

	return ring ? bpf_ringbuf_reserve(ring, n * sizeof(struct reblock_record), 0) : 0;
}

/*
 * Room for N (1 or 2) records, which the caller fills and submits; NULL where there is none. User space merges
 * the rings by time, which rests on this: a record's time is taken before its room is reserved, and that of the
 * last record in a reservation after the vCPU's earlier ones have been submitted.
 *
 * The host's share of this second is what user space, which looks anyway, puts in its place each second:
 * so there is no clock to read here, and an agent that does not run is not sent more than it can take.
 */
static __always_inline struct reblock_record *reserve(const __u32 n)
{
	if (budgeted) {
		if (budget.left <= 0) {
			COUNT(over_budget, n);
			return 0;
		}
		__sync_fetch_and_add(&budget.left, -(__s64)n);
	}
	return reserve_always(n);
}

static __always_inline void submit(struct reblock_record *records)
{
	bpf_ringbuf_submit(records, BPF_RB_NO_WAKEUP);
}

#endif
