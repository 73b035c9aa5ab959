/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A simulated host: virtual processors, guests with NMI handlers, a hypervisor that re-blocks or
 * forgets to, and a recorder that sees much or little of it. It gives records as a source would, and
 * with each the truth.
 *
 * All choices come from a struct sim_random, so a run can be repeated. Nothing is allocated.
 */
#ifndef SIM_H
#define SIM_H

#include <reblock/record.h>
#include <reblock/source.h>
#include "sim/sim_hypervisor.h"

#define SIM_VCPUS_MOST 64
#define SIM_CPUS_MOST (2 * SIM_VCPUS_MOST)
#define SIM_TURN_MOST 8 /* records from an exit to the next entry */

/* What the recorder sees. */
struct sim_view {
	uint32_t kinds;       /* of record, as bits 1 << enum reblock_kind */
	uint16_t exit, entry; /* fields of exits and entries, as presence bits */
	uint16_t others;      /* fields of all other kinds */
	bool injections;      /* what an entry injects is seen by itself, but for NMIs */
	unsigned lost;        /* of 1000 records are lost: a gap in seq, or a lost record */
	const char *name;
};

extern const struct sim_view sim_view_all;      /* everything */
extern const struct sim_view sim_view_perf;     /* perf record -e kvm:* on Linux 6.14 and later */
extern const struct sim_view sim_view_perf_old; /* ... before: entries show no NMI */
extern const struct sim_view sim_view_two;      /* kvm_exit and kvm_entry alone */

/* The description of a source with that view. */
struct reblock_source sim_source(const struct sim_view *view);

/* Bits of what is true of a record. */
#define SIM_TRUTHS 6
enum sim_truth {
	SIM_MISSED = 1 << 0,      /* entry: blocking must be 1 (rows 6 and 9) and is 0 */
	SIM_MISSED_MASK = 1 << 1, /* the same, but the hypervisor set its mask between: row 2 */
	SIM_SILENT = 1 << 2,      /* entry: the same, and no field of the exit could say so */
	SIM_NESTED = 1 << 3,      /* entry: its NMI enters a handler that a miss has left open */
	SIM_FAILED = 1 << 4,
	/*
	 * entry: resumes at an IRET that returns to its own address: its handler interrupted another one
	 * right at that instruction, where a lost or rightly ended blocking had let an NMI in
	 */
	SIM_RETURNS_TO_ITSELF = 1 << 5 /* entry: it fails */
};

struct sim_config {
	unsigned vms, vcpus; /* vcpus: of each VM; at most SIM_VCPUS_MOST in all */
	struct sim_view view;
	struct sim_habits habits;
	struct sim_policy policy;
};

/* Fills *CONFIG with a busy host of VMS VMs that does everything right. */
void sim_config_default(struct sim_config *config, unsigned vms, unsigned vcpus);

struct sim_vcpu {
	struct sim_processor processor;
	struct sim_guest guest;
	struct sim_hypervisor hypervisor;
	struct sim_wants wants;
	uint64_t t;
	uint32_t vm;
	uint16_t vcpu, cpu, seq;
	bool failed; /* the last entry */
	struct reblock_record queue[SIM_TURN_MOST];
	unsigned truth[SIM_TURN_MOST];
	unsigned first, n; /* of the queue */
};

struct sim {
	struct sim_config config;
	struct sim_random *random;
	unsigned n_vcpus, n_free, named;
	uint16_t free_cpus[SIM_CPUS_MOST];
	struct sim_vcpu vcpus[SIM_VCPUS_MOST];
};

/* Starts *SIM; *RANDOM must live as long. */
void sim_start(struct sim *sim, const struct sim_config *config, struct sim_random *random);

/* Gives the next record and returns what is true of it, bits of enum sim_truth. It never ends. */
unsigned sim_next(struct sim *sim, struct reblock_record *record);

#endif
