/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The record that names a VM. */
#ifndef COLLECTOR_BPF_NAME_H
#define COLLECTOR_BPF_NAME_H

#include "ring.h"

#define COMM_LENGTH 16 /* TASK_COMM_LEN; user space puts the VM's own name in its place */

/* Tells a VM's process and name, once. The name is the process's, not the vCPU thread's. */
static __noinline int emit_name(__u32 vm, __u32 pid)
{
	struct task_struct *task = (void *)bpf_get_current_task(), *leader;
	__u64 now = bpf_ktime_get_ns();
	struct reblock_record *r = reserve_always(1);

	if (!r)
		return 0;
	__builtin_memset(r, 0, sizeof(*r));
	r->t = now;
	r->vm = vm;
	r->vcpu = REBLOCK_NO_VCPU;
	r->cpu = REBLOCK_NO_CPU;
	r->kind = REBLOCK_META;
	r->presence = REBLOCK_HAS_RIP | REBLOCK_HAS_ERROR_CODE;
	r->error_code = pid;
	if (bpf_core_field_exists(task->group_leader)) {
		leader = BPF_CORE_READ(task, group_leader);
		/* as a string: older kernels leave an earlier name's bytes after its end */
		bpf_core_read_str(&r->rip, COMM_LENGTH, &leader->comm);
	} else {
		bpf_get_current_comm(&r->rip, COMM_LENGTH);
	}
	submit(r);
	return 1;
}

#endif
