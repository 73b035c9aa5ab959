/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "agent/thread.h"

static bool without_rights;

struct start {
	thread_fn *run;
	void *context;
};

void thread_without_rights(void)
{
	without_rights = true;
}

static void *run(void *context)
{
	struct start start = *(struct start *)context;

	free(context);
	if (without_rights) {
		struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
		struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3];

		/* A thread may always give up what it has. */
		memset(none, 0, sizeof(none));
		syscall(SYS_capset, &header, none);
	}
	return start.run(start.context);
}

int thread_start(pthread_t *thread, thread_fn *what, void *context)
{
	struct start *start = malloc(sizeof(*start));
	sigset_t all, before;
	int err;

	if (!start)
		return ENOMEM;
	*start = (struct start){ what, context };
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(thread, NULL, run, start);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		free(start);
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
