/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Room for records on their way to user space. */
#ifndef COLLECTOR_BPF_RING_H
#define COLLECTOR_BPF_RING_H

#include "state.h"

/* Room for N (1 or 2) records, which the caller fills and submits; NULL where there is none. */
static __always_inline struct reblock_record *reserve(const __u32 n)
{
	return bpf_ringbuf_reserve(&ring, n * sizeof(struct reblock_record), 0);
}

static __always_inline void submit(struct reblock_record *records)
{
	bpf_ringbuf_submit(records, BPF_RB_NO_WAKEUP);
}

#endif
