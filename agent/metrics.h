/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the agent counts. The judging thread counts, the server's reads: both under the lock. Counters
 * only grow while the agent runs, also when vCPUs are no longer kept and when it attaches again.
 */
#ifndef AGENT_METRICS_H
#define AGENT_METRICS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <reblock/audit.h>

#define METRICS_REASONS 128 /* basic exit reasons; those above are one */
#define METRICS_VMS 1000    /* VMs with counts of their own, with --per-vm */
#define METRICS_LABEL_MOST 64

enum metrics_lost {
	METRICS_LOST_RING,      /* the collector's ring was full */
	METRICS_LOST_BUDGET,    /* more than --max-records-per-second */
	METRICS_LOST_UNTRACKED, /* vCPUs for which the collector had no room */
	METRICS_LOST_INPUT,     /* the input says that they are missing, or is damaged */
	METRICS_LOST_SEQUENCE,  /* gaps in the sequence numbers of an input */
	METRICS_LOSTS
};

struct metrics_judged {
	uint64_t unblocks[REBLOCK_UNBLOCK_EXITS];
	uint64_t reblocks[REBLOCK_UNBLOCK_EXITS];
	uint64_t findings[REBLOCK_FINDING_KINDS][REBLOCK_EVIDENCES];
	uint64_t unjudged[REBLOCK_CAUSES];
	uint64_t possible[REBLOCK_CAUSES];
};

struct metrics_vm {
	char label[METRICS_LABEL_MOST];
	uint64_t used; /* when it was last counted for, by metrics.clock */
	struct metrics_judged judged;
};

struct metrics {
	pthread_mutex_t lock;
	bool per_vm;
	struct metrics_judged total;
	struct metrics_vm
		*vms; /* with per_vm; the first stands for all that have none of their own */
	size_t n_vms;
	uint64_t clock;
	uint64_t exits[METRICS_REASONS + 1]; /* the last one: other reasons */
	uint64_t lost[METRICS_LOSTS];
	uint64_t records;
	uint64_t
		suppressed; /* findings that were counted and not printed: too many of their kind */
	uint64_t evidence_failures; /* findings whose evidence could not be kept */
	uint64_t evidence_bytes;    /* in the folder */
	uint64_t lines_dropped;     /* of standard output */
	uint64_t retired;           /* vCPUs no longer kept */
	uint64_t vcpus;             /* kept */
	uint64_t attached_times;
	bool attached, counting_only, bpf_stats;
	uint64_t bpf_run_ns;
	double started; /* seconds since 1970 */
	const char *version;
};

/* Returns 0 or -ENOMEM. */
int metrics_begin(struct metrics *metrics, bool per_vm, const char *version);
void metrics_end(struct metrics *metrics);

/*
 * Where to count what was judged for the VM of that LABEL beside the total; NULL without per_vm. When there is no room
 * the VM that was least lately counted for loses its place, and its counts go to those without one.
 */
struct metrics_judged *metrics_of_vm(struct metrics *metrics, const char *label);

/* Prints all in Prometheus' text format 0.0.4. Takes the lock, but not while it prints. */
void metrics_print(struct metrics *metrics, FILE *out);

/* The label of a basic exit reason: KVM's name in lower case; NULL for one that has none. */
const char *metrics_reason(unsigned basic);

/* Label of the exit that an IRET unblocked with, as metrics_reason. */
const char *metrics_unblock_exit(enum reblock_unblock_exit exit);

#endif
