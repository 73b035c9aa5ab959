/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads, and the work they share: chunks ahead of the reader to check, and batches of records that each
 * group of vCPUs judges in order. One lock guards who does what; what is done needs none, because a
 * check and a group are in one thread's hands at a time, and a batch does not change until it is told.
 */
#ifndef PARALLEL_POOL_H
#define PARALLEL_POOL_H

#include <pthread.h>
#include <reblock/parallel.h>
#include "input/trace_ahead.h"
#include "parallel/batch.h"

#define SLOTS (REBLOCK_JOBS_MOST + 4)

/* A chunk ahead of the reader. */
struct check {
	struct trace_ahead ahead;
	struct trace_chunk_checked checked;
	struct share *share; /* means something where the reader gives these records */
	bool done;
};

/* A part of the vCPUs, and its audit. */
struct group {
	unsigned number;
	struct reblock_audit *audit;
	uint64_t judged;     /* batches */
	bool busy;           /* in a thread's hands */
	struct batch *batch; /* the one that is judged now */
	int error;
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	pthread_t threads[REBLOCK_JOBS_MOST];
	unsigned jobs, n_threads; /* wanted, started */
	unsigned slots;           /* of SLOTS: checks and batches in flight, at most */
	bool stop;
	int error;
	struct group groups[GROUPS];
	/* Rings; the counts only grow. */
	struct batch batches[SLOTS];
	uint64_t published, told;
	struct check checks[SLOTS];
	uint64_t added, taken, dropped;
};

/* Starts JOBS threads. Returns 0, -ENOMEM or -EAGAIN; pool_end even then. */
int pool_start(struct pool *pool, const struct reblock_source *source,
	       const struct reblock_audit_options *options, unsigned jobs);
void pool_end(struct pool *pool); /* ends the threads, frees all but what was taken out */

/* Gives a chunk to be checked; false: there is no slot for it. */
bool pool_check(struct pool *pool, const struct trace_ahead *ahead);

/* Drops the checks of chunks before OFFSET, and gives that of the chunk there, done; NULL: there is none. */
struct check *pool_checked(struct pool *pool, uint64_t offset);

/* A batch to be filled; NULL: all slots wait to be judged or told. Then pool_publish gives it to the groups. */
struct batch *pool_batch(struct pool *pool);
void pool_publish(struct pool *pool);

/* The oldest batch that all groups have judged, to be told; WAIT: for the oldest. NULL: none. Then pool_told. */
struct batch *pool_judged(struct pool *pool, bool wait);
void pool_told(struct pool *pool);

/* 0, or -ENOMEM where a group met that. */
int pool_error(struct pool *pool);

#endif
