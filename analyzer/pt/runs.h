/* SPDX-License-Identifier: BSD-2-Clause */
/* Which thread ran on a CPU, and when. */
#ifndef PT_RUNS_H
#define PT_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PT_RUNS_MOST 65536 /* that are kept of a CPU: of more, the oldest are forgotten */

struct pt_run {
	uint64_t from;     /* to where the next begins */
	uint32_t pid, tid; /* tid 0: the idle thread; UINT32_MAX: not known */
};

struct pt_runs {
	struct pt_run *runs;
	size_t first, n, room;
	uint64_t forgotten; /* before this nothing is known */
};

/* From T on thread TID of process PID runs. Times ascend. Returns 0 or -ENOMEM. */
int pt_runs_add(struct pt_runs *r, uint64_t t, uint32_t pid, uint32_t tid);

/* Forgets what ended before T. */
void pt_runs_forget(struct pt_runs *r, uint64_t t);

/*
 * The Ith run that may have been going on at some time from FROM to TO, in order; NULL: no more. Before the first
 * and what was forgotten there is one of a thread that is not known.
 */
const struct pt_run *pt_runs_between(const struct pt_runs *r, uint64_t from, uint64_t to, size_t i);

/* When the run, one of pt_runs_between, ended; UINT64_MAX: not yet. */
uint64_t pt_runs_end(const struct pt_runs *r, const struct pt_run *run);

void pt_runs_free(struct pt_runs *r);

#endif
