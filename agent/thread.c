/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/capability.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "agent/thread.h"

static bool without_rights;

struct start {
	thread_fn *run;
	void *context;
	sem_t begun; /* and without rights */
};

void thread_without_rights(void)
{
	without_rights = true;
}

static void give_up_rights(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

	/* A thread may always give up what it has. */
	memset(none, 0, sizeof(none));
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	syscall(SYS_capset, &header, none);
}

static void *run(void *context)
{
	struct start *start = context;
	thread_fn *what = start->run;

	context = start->context;
	if (without_rights)
		give_up_rights();
	sem_post(&start->begun);
	return what(context);
}

int thread_start(pthread_t *thread, thread_fn *what, void *context)
{
	struct start start = { .run = what, .context = context };
	sigset_t all, before;
	int err;

	sem_init(&start.begun, 0, 0);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(thread, NULL, run, &start);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	while (!err && sem_wait(&start.begun) && errno == EINTR)
		;
	sem_destroy(&start.begun);
	return err;
}

void thread_condition(pthread_cond_t *condition)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(condition, &attributes);
	pthread_condattr_destroy(&attributes);
}

struct timespec thread_until(unsigned ms)
{
	uint64_t ns = thread_now() + (uint64_t)ms * 1000000;

	return (struct timespec){ (time_t)(ns / 1000000000), (long)(ns % 1000000000) };
}

uint64_t thread_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}
