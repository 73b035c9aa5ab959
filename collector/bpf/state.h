/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The tables and the settings. */
#ifndef COLLECTOR_BPF_STATE_H
#define COLLECTOR_BPF_STATE_H

#include "kvm.h"
#include "shared.h"

/*
 * How a program may read kernel memory: plain loads, where the verifier knows the pointer's type, or
 * calls to probe_read. A constant in each program, so that the other way is not even compiled in.
 */
enum access { LOAD, PROBE };

#define READ(access, pointer, member) \
	({ \
		typeof((pointer)->member) value__; \
		if ((access) == LOAD) \
			value__ = (pointer)->member; \
		else \
			bpf_core_read(&value__, sizeof(value__), &(pointer)->member); \
		value__; \
	})

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, COLLECTOR_VCPUS);
	__type(key, __u64);
	__type(value, struct vcpu_state);
} vcpus SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, COLLECTOR_VMS);
	__type(key, __u64);
	__type(value, struct vm_state);
} vms SEC(".maps");

/* Thread id to the key of the vCPU it runs: kvm_userspace_exit does not say which. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * COLLECTOR_VCPUS);
	__type(key, __u32);
	__type(value, __u64);
} threads SEC(".maps");

/* How many VMs each CPU has named. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} vm_numbers SEC(".maps");

/* Counts of exits by reason, a row for each CPU: the loader sets how many. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct collector_row);
} exits SEC(".maps");

struct collector_counters counters;
__u32 awake[COLLECTOR_AWAKE]; /* how many vCPUs in each place all events are wanted of (awake.h) */

bool recording; /* set while everything is attached: each vCPU's records begin and end without holes */
const volatile bool ship_all;       /* no filter */
const volatile bool trust_stale;    /* test knob: no look at regs_avail */
const volatile bool follow_threads; /* kvm_userspace_exit is attached */
const volatile bool recover_after;  /* kvm_exit comes before KVM's own NMI recovery */

static const struct vcpu_state fresh_vcpu;

#define COUNT(counter, n) __sync_fetch_and_add(&counters.counter, (n))
/* A flag that is set once: no CPU takes the line from the others again. */
#define CALLED(call) \
	({ \
		if (!*(volatile uint64_t *)&counters.calls[call]) \
			counters.calls[call] = 1; \
	})

/*
 * A number that no other VM of this run has. Made of the CPU and a count of its own, because an atomic
 * add that returns its result needs a newer kernel; user space makes the numbers dense.
 */
static __always_inline __u32 new_vm_number(void)
{
	__u32 zero = 0, *n = bpf_map_lookup_elem(&vm_numbers, &zero);

	return n ? bpf_get_smp_processor_id() << 20 | (++*n & 0xfffff) : 0;
}

#endif
