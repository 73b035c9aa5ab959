/* SPDX-License-Identifier: BSD-2-Clause */
/* What recorders see of a host, and readers of what they wrote. */
#ifndef SIM_VIEW_H
#define SIM_VIEW_H

#include <stdbool.h>
#include <reblock/record.h>
#include <reblock/source.h>

/* What Intel PT shows beside the records (docs/rules.md, section 6). */
struct sim_pt {
	bool on;
	bool event_trace;
	/* of the guest's memory: exits at an IRET are told, and without Event Trace IRETs that complete */
	bool image;
	bool l2;    /* whose guest it is, is told */
	bool alone; /* there are no other records */
	bool lossy; /* it misses what turns say: enum sim_pt_misses */
	/* The code of these handlers has a CS base, so that Intel PT's addresses are not their RIP: 0: of none, else enum sim_handler + 1. */
	uint8_t based;
};

struct sim_view {
	uint32_t kinds;       /* of record, as bits 1 << enum reblock_kind */
	uint16_t exit, entry; /* fields of exits and entries, as presence bits */
	uint16_t others;      /* fields of all other kinds */
	uint16_t sometimes;   /* fields that only those exits and entries hold whose turn says so */
	bool injections;      /* what an entry injects is seen by itself, but for NMIs */
	bool ragged;          /* a field can be missing that others of its kind have */
	bool recovered;       /* exits are seen after the hypervisor's own steps at them */
	bool filtered;        /* what nothing can come of is left out (reblock/filter.h) */
	bool timeless;        /* no record has a time */
	uint8_t bare_metal;   /* of the source: 0 and 1, 2 for not known */
	bool unknown;         /* the source does not say what it captures, nor which fields */
	unsigned lost;        /* of 1000 records are lost: a gap in seq, or a lost record */
	bool early;           /* mask writes right after an exit are recorded before it */
	struct sim_pt pt;
	const char *name;
};

extern const struct sim_view sim_view_all;      /* everything: all kernels' hooks and the module */
extern const struct sim_view sim_view_perf;     /* perf record -e kvm:* on Linux 6.14 and later */
extern const struct sim_view sim_view_perf_old; /* ... before: entries show no NMI */
extern const struct sim_view sim_view_two;      /* kvm_exit and kvm_entry alone */

#define SIM_VIEWS 16
extern const struct sim_view sim_views[SIM_VIEWS]; /* these and all others */

/* The description of a source with that view. */
struct reblock_source sim_source(const struct sim_view *view);

#endif
