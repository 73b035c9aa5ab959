/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What PT shows, given to vCPUs, and merged with the records of a reader.
 *
 * Where the reader has exit and entry records that name the host CPU, and one clock for both is known: a vCPU's stay in
 * its guest (entry record to exit record) is matched with PT's guest section on that CPU (pt/match.c, pt/match_cluster.c). The order is
 * then: entry record, witness entry, what the guest did, witness exit, exit record.
 *
 * Else PT stands for itself: a section is of the thread that ran on that CPU, a VM is a process, its vCPUs its threads
 * in the order of their first entry; where no thread is known, a vCPU is a VMCS (pt/alone.c).
 *
 * A section that may be of several, or of none, is given to nobody, and each vCPU that it may be of is told a gap: PT
 * says nothing wrong of a vCPU.
 */
#ifndef PT_JOIN_H
#define PT_JOIN_H

#include <reblock/record.h>
#include "pt/ahead.h"
#include "pt/clock.h"
#include "pt/queue.h"

struct pt_join;

/* Kind of the records that tell which thread a CPU runs: t, cpu, error_code the process, reason the thread. */
#define PT_JOIN_SWITCH 0xff

typedef const char *pt_join_name_fn(void *context, uint32_t pid, uint32_t tid);

struct pt_join_options {
	const struct pt_queue *queues; /* they, and what they point to, stay the caller's */
	size_t n_queues;
	const struct pt_clock *clock;
	unsigned jobs;    /* threads that decode, as for pt_ahead_new */
	bool has_records; /* and their times are those of CLOCK */
	/*
	 * PT alone: the first number of a VM; whether the reader gives PT_JOIN_SWITCH for all that runs, with times of
	 * CLOCK; whether all CPUs of the host are among the queues.
	 */
	uint32_t first_vm;
	bool has_threads;
	bool all_cpus;
	pt_join_name_fn *name; /* of a process, or NULL */
	void *context;         /* of name */
};

/* Returns 0, -ENOMEM or -EAGAIN (pt_ahead_new); *JOIN is to be ended by pt_join_free even then, or NULL. */
int pt_join_new(const struct pt_join_options *options, struct pt_join **join);

/* Takes the next N records of the reader, in its order, once pt_join_give wants more. Returns 0 or a negative errno. */
int pt_join_take(struct pt_join *j, const struct reblock_record *records, size_t n);

/* Says that the reader has no more. */
void pt_join_end(struct pt_join *j);

/*
 * Gives the next records, valid until the next call for J; returns their number; 0: more of the reader's are wanted,
 * or after pt_join_end: that was all; or a negative errno.
 */
long pt_join_give(struct pt_join *j, const struct reblock_record **records);

/* The Ith plain sentence on what PT could not tell, NULL past the last; complete at the end. Valid until the next call. */
const char *pt_join_note(struct pt_join *j, size_t i);

/* What was met in the packets so far. */
void pt_join_counts(const struct pt_join *j, struct pt_counts *counts);

void pt_join_free(struct pt_join *j); /* NULL is allowed */

#endif
