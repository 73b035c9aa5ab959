/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Threads, and the work they share: to check chunks ahead of the reader, to read, one at a time, and to judge
 * for each group of vCPUs its records in order. One lock guards who does what. What is done needs none: a
 * check, the reader and a group are in one thread's hands at a time, and a batch that was read changes no more
 * until it is told.
 *
 * The thread that started the pool only tells what was found.
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
};

struct pool {
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	pthread_t threads[REBLOCK_JOBS_MOST];
	unsigned jobs, n_threads; /* wanted, started */
	unsigned slots;           /* of SLOTS: checks and batches in flight, at most */
	bool stop;
	int error; /* the first that anyone met */
	struct group groups[GROUPS];
	/* the reader */
	struct reblock_input *input;
	bool reading, ended;
	uint64_t records; /* read */
	uint64_t ahead;   /* offset up to which there are checks */
	/* Rings; the counts only grow. */
	struct batch batches[SLOTS];
	uint64_t published, told;
	bool telling; /* the oldest one */
	struct check checks[SLOTS];
	uint64_t added, taken, dropped;
};

/*
 * Starts JOBS threads that read INPUT to its end and judge it. Its damage callback is taken over until
 * pool_end. Returns 0, -ENOMEM or -EAGAIN; pool_end even then.
 */
int pool_start(struct pool *pool, struct reblock_input *input,
	       const struct reblock_audit_options *options, unsigned jobs);
void pool_end(struct pool *pool); /* ends the threads, frees all but what was taken out */

/*
 * Waits up to a tenth of a second for the oldest batch that has something to tell and is judged: sets *BATCH to it, or
 * to NULL. After the last one *BATCH is what the end of the input brings, and *ENDED true. Returns 0 or what
 * went wrong. A batch that was told goes back by pool_told.
 */
int pool_wait(struct pool *pool, struct batch **batch, bool *ended);
void pool_told(struct pool *pool);

#endif
