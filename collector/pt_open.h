/* SPDX-License-Identifier: BSD-2-Clause */
/* The events and their rings: one of each for a CPU, or one event for each thread of a process and CPU. */
#ifndef COLLECTOR_PT_OPEN_H
#define COLLECTOR_PT_OPEN_H

#include "pt_pmu.h"
#include "pt_ring.h"

struct pt_events {
	struct pt_ring *rings;
	size_t n;
	int *fds; /* of all events, those of each ring together */
	size_t n_fds, fds_room;
};

/*
 * Opens and maps what OPTIONS ask for, with CONFIG; nothing is traced yet. Returns 0, or a negative errno with *SAID one
 * line on what stood in the way; then there is nothing left of it.
 */
int pt_events_open(struct pt_events *events, const struct pt_os *os, const struct pt_pmu *pmu,
		   const struct pt_options *options, uint64_t config, char **said);

/* Starts or ends the events of RING, NULL: all. Returns 0 or the first negative errno. */
int pt_events_enable(const struct pt_events *events, const struct pt_os *os,
		     const struct pt_ring *ring, bool on);

void pt_events_close(struct pt_events *events, const struct pt_os *os);

#endif
