/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "agent/evidence.h"
#include "agent/outlet.h"
#include "agent/say.h"
#include "agent/thread.h"
#include "agent/writer.h"

struct writer {
	struct writer_options options;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct capture *first, **last;
	unsigned waiting; /* the one that is being written too */
	bool ending;
	uint64_t failures;
	int error; /* what was said last of the folder, 0: it is well */
};

static void tell(struct writer *w, const struct told *told, const char *file,
		 const struct capture *capture)
{
	char *line = line_of(&w->options.style, told, file, capture);

	/* What is dropped there is counted there. */
	if (line)
		(void)outlet_put(w->options.outlet, line, strlen(line));
	free(line);
}

static void failed(struct writer *w, uint64_t findings)
{
	pthread_mutex_lock(&w->lock);
	w->failures += findings;
	pthread_mutex_unlock(&w->lock);
}

/* Only a change is said: a full disk stays full for long. */
static void say_state(struct writer *w, int err)
{
	if (err && err != w->error)
		say("evidence cannot be written: %s; findings are told without it", strerror(-err));
	else if (!err && w->error)
		say("evidence can be written again");
	w->error = err;
}

static void put(struct writer *w, struct capture *c)
{
	uint64_t findings = 0;
	char *file;
	int err = evidence_write(w->options.evidence, c, &file);

	say_state(w, err);
	for (const struct told *told = c->first; told; told = told->next) {
		tell(w, told, file, c);
		findings++;
	}
	if (err)
		failed(w, findings);
	free(file);
	capture_free(c);
}

static void *run(void *context)
{
	struct writer *w = context;

	pthread_mutex_lock(&w->lock);
	while (w->first || !w->ending) {
		struct capture *c = w->first;

		if (!c) {
			pthread_cond_wait(&w->changed, &w->lock);
			continue;
		}
		w->first = c->next;
		if (!w->first)
			w->last = &w->first;
		pthread_mutex_unlock(&w->lock);
		put(w, c);
		pthread_mutex_lock(&w->lock);
		w->waiting--;
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct writer *writer_new(const struct writer_options *options)
{
	struct writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->options = *options;
	w->last = &w->first;
	pthread_mutex_init(&w->lock, NULL);
	thread_condition(&w->changed);
	if (thread_start(&w->thread, run, w)) {
		free(w);
		return NULL;
	}
	return w;
}

void writer_tell(struct writer *w, struct told *told, bool missing)
{
	tell(w, told, NULL, NULL);
	if (missing)
		failed(w, 1);
	free(told);
}

void writer_take(struct writer *w, struct capture *c)
{
	bool room;

	pthread_mutex_lock(&w->lock);
	while (w->options.patient && w->waiting >= WRITER_MOST)
		pthread_cond_wait(&w->changed, &w->lock);
	room = w->waiting < WRITER_MOST;
	if (room) {
		c->next = NULL;
		*w->last = c;
		w->last = &c->next;
		w->waiting++;
		pthread_cond_broadcast(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	if (room)
		return;
	for (const struct told *told = c->first; told; told = told->next) {
		tell(w, told, NULL, NULL);
		failed(w, 1);
	}
	capture_free(c);
}

unsigned writer_waiting(struct writer *w)
{
	unsigned waiting;

	pthread_mutex_lock(&w->lock);
	waiting = w->waiting;
	pthread_mutex_unlock(&w->lock);
	return waiting;
}

uint64_t writer_failures(struct writer *w)
{
	uint64_t failures;

	pthread_mutex_lock(&w->lock);
	failures = w->failures;
	pthread_mutex_unlock(&w->lock);
	return failures;
}

bool writer_end(struct writer *w, unsigned ms)
{
	struct timespec until = thread_until(ms);
	bool done;

	if (!w)
		return true;
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	pthread_cond_broadcast(&w->changed);
	while (w->waiting && !pthread_cond_timedwait(&w->changed, &w->lock, &until))
		;
	done = !w->waiting;
	pthread_mutex_unlock(&w->lock);
	if (!done)
		return false;
	pthread_join(w->thread, NULL);
	free(w);
	return true;
}
