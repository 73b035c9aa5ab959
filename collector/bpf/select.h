/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Which VMs are recorded: those of one process, or of the vCPU threads below one cgroup. */
#ifndef COLLECTOR_BPF_SELECT_H
#define COLLECTOR_BPF_SELECT_H

#include "environment.h"

const volatile __u32 selected_pid;   /* 0: of all processes */
const volatile bool selected_cgroup; /* only what is below the one in `cgroups` */

/* Not created at all where nothing is selected by it: a kernel may be without cgroups. */
struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} cgroups SEC(".maps");

/* Whether the current task, a vCPU's thread, belongs to a VM that was chosen. */
static __always_inline bool selected(void)
{
	if (selected_pid && bpf_get_current_pid_tgid() >> 32 != selected_pid)
		return false;
	return !selected_cgroup || bpf_current_task_under_cgroup(&cgroups, 0) == 1;
}

#endif
