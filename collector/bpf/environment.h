/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* The BPF environment: the few kernel types and constants the programs need, and libbpf's headers. */
#ifndef COLLECTOR_BPF_ENVIRONMENT_H
#define COLLECTOR_BPF_ENVIRONMENT_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;
typedef __u16 __sum16;

enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_CGROUP_ARRAY = 8,
	BPF_MAP_TYPE_ARRAY_OF_MAPS = 12,
	BPF_MAP_TYPE_RINGBUF = 27
};

enum { BPF_ANY = 0, BPF_NOEXIST = 1 };

enum { BPF_F_MMAPABLE = 1 << 10 };

enum { BPF_RB_NO_WAKEUP = 1 };

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#endif
