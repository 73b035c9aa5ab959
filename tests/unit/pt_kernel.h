/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Plays the kernel and the processors for recording Intel PT: a sysfs tree in a folder, and for each CPU the mapped
 * pages of perf_event_open(2) as the driver and the ring buffer of Linux leave them. What "hardware" writes where there
 * is no room is lost as it would be there: the record says that it was truncated, and the event stands still until it
 * is enabled again.
 */
#ifndef PT_KERNEL_H
#define PT_KERNEL_H

#include <linux/perf_event.h>
#include "collector/pt.h"

#define PT_KERNEL_CPUS 3
#define PT_KERNEL_FDS 64

struct pt_kernel_cpu {
	int memory; /* of all that is mapped: first the page and the data ring, then the AUX area */
	struct perf_event_mmap_page *page;
	uint8_t *data, *aux;
	size_t data_size, aux_size, base_size;
	uint8_t *fence; /* where the reader has the AUX area, with nothing behind it */
	bool overwrite, enabled;
	uint64_t head;     /* of the AUX area; published by pt_kernel_publish */
	uint64_t said;     /* up to here there are records */
	uint32_t flags;    /* for the next record */
	uint64_t unsaid;   /* records for which there was no room */
	uint8_t *accepted; /* all that was written and not truncated */
	size_t n_accepted, accepted_room;
	uint64_t lost; /* bytes for which there was no room */
};

struct pt_kernel {
	char root[64];
	struct pt_os os;
	struct pt_kernel_cpu cpus[PT_KERNEL_CPUS];
	struct {
		struct perf_event_attr attr;
		pid_t pid;
		int cpu, redirected; /* -1 */
		unsigned long flags;
		bool open, enabled;
	} fds[PT_KERNEL_FDS];
	int n_fds;
	/* what fails */
	int open_error, base_error, aux_error;
	int offline; /* a CPU that has just gone: -1 */
	uint64_t now, tsc;
	unsigned enables;
};

void pt_kernel_begin(struct pt_kernel *k);
void pt_kernel_end(struct pt_kernel *k);

/* All is closed: what was mapped is given up, so that it can be opened anew. */
void pt_kernel_forget(struct pt_kernel *k);

/* A file of the tree; TEXT NULL: it is not there. */
void pt_kernel_file(struct pt_kernel *k, const char *path, const char *text);
#define PT_KERNEL_PMU "sys/bus/event_source/devices/intel_pt/"

/* CPU writes SIZE bytes that continue what it wrote before; of a CPU that stands still none arrive. */
void pt_kernel_write(struct pt_kernel *k, unsigned cpu, size_t size);

/* CPU writes these SIZE bytes. */
void pt_kernel_put(struct pt_kernel *k, unsigned cpu, const uint8_t *bytes, size_t size);

/* A record on what was written since the last, with FLAGS (PERF_AUX_FLAG_...), and the new aux_head. */
void pt_kernel_publish(struct pt_kernel *k, unsigned cpu, uint64_t flags);

#endif
