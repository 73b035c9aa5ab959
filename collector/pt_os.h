/* SPDX-License-Identifier: BSD-2-Clause */
/* What recording PT asks of the system. Tests put a kernel of their own here. */
#ifndef COLLECTOR_PT_OS_H
#define COLLECTOR_PT_OS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct perf_event_attr;

struct pt_os {
	const char *root; /* where sys and proc are: "" */
	void *context;    /* given to each of these */
	/* perf_event_open(2) with PERF_FLAG_FD_CLOEXEC and FLAGS. Returns a descriptor or a negative errno. */
	int (*open)(void *context, struct perf_event_attr *attr, pid_t pid, int cpu,
		    unsigned long flags);
	void (*close)(void *context, int fd);
	/* mmap(2), shared. Returns NULL and sets errno where it cannot. */
	void *(*map)(void *context, int fd, size_t size, bool writable, off_t offset);
	void (*unmap)(void *context, void *at, size_t size);
	/* ioctl(2): return 0 or a negative errno. */
	int (*enable)(void *context, int fd, bool on);
	int (*redirect)(void *context, int fd, int to); /* output of FD goes to the rings of TO */
	/* The time-stamp counter and CLOCK_MONOTONIC in ns, read at one time. */
	void (*clocks)(void *context, uint64_t *tsc, uint64_t *ns);
	/* CPUID leaf 15H; 0 where it is not known. */
	void (*cpuid_0x15)(void *context, uint32_t *eax, uint32_t *ebx);
};

extern const struct pt_os pt_os_linux;

#endif
