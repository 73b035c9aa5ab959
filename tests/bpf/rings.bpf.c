// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * The rings on this machine's own kernel: a system call takes the place of an exit, a thread that of a vCPU.
 */
#include "environment.h"
#include "ring.h"
#include "select.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile __u32 process;
const volatile __u64 number;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)
struct pt_regs {
	unsigned long di, si;
};
#pragma clang attribute pop

/* The call's first argument numbers the thread, its second the call. */
SEC("raw_tp/sys_enter")
int enter(__u64 *context)
{
	struct pt_regs *registers = (void *)context[0];
	struct reblock_record *record;
	__u64 now;

	if (context[1] != number || bpf_get_current_pid_tgid() >> 32 != process || !selected())
		return 0;
	now = bpf_ktime_get_ns();
	record = reserve(1);
	if (!record) {
		COUNT(dropped, 1);
		return 0;
	}
	__builtin_memset(record, 0, sizeof(*record));
	record->t = now;
	record->vm = 1;
	record->cpu = bpf_get_smp_processor_id();
	record->vcpu = BPF_CORE_READ(registers, di);
	record->seq = BPF_CORE_READ(registers, si);
	record->kind = REBLOCK_EXIT;
	record->presence = REBLOCK_HAS_SEQ;
	submit(record);
	return 0;
}
