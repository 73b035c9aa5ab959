/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Who runs where: which vCPU a thread runs, for kvm_userspace_exit, and a CPU, for the classic kvm_exit. */
#ifndef COLLECTOR_BPF_THREAD_H
#define COLLECTOR_BPF_THREAD_H

#include "track.h"

struct collector_running running[COLLECTOR_CPUS];
const volatile bool exits_are_filled; /* the classic program at kvm_exit is attached */

static __always_inline void set_running(__u64 vcpu)
{
	__u32 cpu;

	if (!exits_are_filled)
		return;
	cpu = bpf_get_smp_processor_id();
	if (cpu < COLLECTOR_CPUS)
		running[cpu].vcpu = vcpu;
}

/* At an exit: interrupts were off since the entry, so it is that one's vCPU. */
static __always_inline __u64 get_running(__u32 cpu)
{
	return cpu < COLLECTOR_CPUS ? running[cpu].vcpu : 0;
}

/* Remembers which vCPU this thread runs, until KVM_RUN returns. */
static __always_inline void follow_thread(struct vcpu_state *state, __u64 vcpu)
{
	__u32 tid;

	if (!follow_threads || state->tid)
		return;
	tid = bpf_get_current_pid_tgid();
	if (!bpf_map_update_elem(&threads, &tid, &vcpu, BPF_ANY)) {
		state->tid = tid;
		return;
	}
	/* What KVM_RUN returned since the last exit was not seen either: a gap in that place says so. */
	COUNT(untracked, 1);
	emit_kept(state, 0);
	state->seq++;
	drop(state, 1);
}

#endif
