// SPDX-License-Identifier: BSD-2-Clause
#include "pt_os.h"

#include <cpuid.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

/* Of so many readings of the clocks the one that took the shortest is taken. */
#define READINGS 8

static int os_open(void *context, struct perf_event_attr *attr, pid_t pid, int cpu,
		   unsigned long flags)
{
	long fd = syscall(SYS_perf_event_open, attr, pid, cpu, -1, flags | PERF_FLAG_FD_CLOEXEC);

	(void)context;
	return fd < 0 ? -errno : (int)fd;
}

static void os_close(void *context, int fd)
{
	(void)context;
	close(fd);
}

static void *os_map(void *context, int fd, size_t size, bool writable, off_t offset)
{
	void *at =
		mmap(NULL, size, PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, offset);

	(void)context;
	return at == MAP_FAILED ? NULL : at;
}

static void os_unmap(void *context, void *at, size_t size)
{
	(void)context;
	munmap(at, size);
}

static int os_enable(void *context, int fd, bool on)
{
	(void)context;
	return ioctl(fd, on ? PERF_EVENT_IOC_ENABLE : PERF_EVENT_IOC_DISABLE, 0) ? -errno : 0;
}

static int os_redirect(void *context, int fd, int to)
{
	(void)context;
	return ioctl(fd, PERF_EVENT_IOC_SET_OUTPUT, to) ? -errno : 0;
}

static void os_clocks(void *context, uint64_t *tsc, uint64_t *ns)
{
	uint64_t shortest = UINT64_MAX;

	(void)context;
	for (int i = 0; i < READINGS; i++) {
		struct timespec time;
		uint64_t before, took;
		unsigned cpu;

		before = __rdtscp(&cpu);
		clock_gettime(CLOCK_MONOTONIC, &time);
		took = __rdtscp(&cpu) - before;
		if (took >= shortest)
			continue;
		shortest = took;
		*tsc = before + took / 2;
		*ns = (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
	}
}

static void os_cpuid_0x15(void *context, uint32_t *eax, uint32_t *ebx)
{
	unsigned ecx, edx;

	(void)context;
	*eax = *ebx = 0;
	if (!__get_cpuid(0x15, eax, ebx, &ecx, &edx))
		*eax = *ebx = 0;
}

const struct pt_os pt_os_linux = {
	.root = "",
	.open = os_open,
	.close = os_close,
	.map = os_map,
	.unmap = os_unmap,
	.enable = os_enable,
	.redirect = os_redirect,
	.clocks = os_clocks,
	.cpuid_0x15 = os_cpuid_0x15,
};
