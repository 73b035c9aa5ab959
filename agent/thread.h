/* SPDX-License-Identifier: BSD-2-Clause */
/* Threads beside the one that judges: they take no signals and need no rights. */
#ifndef AGENT_THREAD_H
#define AGENT_THREAD_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/*
 * From now on threads that are started have no capabilities: those of the process, which are each thread's own, are
 * the judging thread's alone.
 */
void thread_without_rights(void);

typedef void *thread_fn(void *context);

/* Returns 0 or an errno. The thread has given up its rights by then. */
int thread_start(pthread_t *thread, thread_fn *run, void *context);

/* Makes a condition whose times are CLOCK_MONOTONIC's: whoever sets the clock changes no deadline. */
void thread_condition(pthread_cond_t *condition);

/* The time MS milliseconds from now, for pthread_cond_timedwait on such a condition. */
struct timespec thread_until(unsigned ms);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t thread_now(void);

#endif
