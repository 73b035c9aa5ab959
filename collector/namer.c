// SPDX-License-Identifier: BSD-2-Clause
#include "namer.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define MOST 256 /* questions that wait, and answers */

struct queue {
	struct reblock_record record[MOST];
	size_t first, n;
};

struct namer {
	pthread_mutex_t lock;
	pthread_cond_t asked;
	namer_find *find;
	struct queue questions, answers;
	bool started, busy, ended;
};

static bool put(struct queue *queue, const struct reblock_record *record)
{
	if (queue->n == MOST)
		return false;
	queue->record[(queue->first + queue->n++) % MOST] = *record;
	return true;
}

static bool get(struct queue *queue, struct reblock_record *record)
{
	if (!queue->n)
		return false;
	*record = queue->record[queue->first];
	queue->first = (queue->first + 1) % MOST;
	queue->n--;
	return true;
}

static void destroy(struct namer *namer)
{
	pthread_cond_destroy(&namer->asked);
	pthread_mutex_destroy(&namer->lock);
	free(namer);
}

/* The thread: the last to leave frees everything. */
static void *run(void *context)
{
	struct namer *namer = context;
	struct reblock_record meta;
	char name[REBLOCK_NAME_LENGTH + 1];
	size_t length;

	pthread_mutex_lock(&namer->lock);
	while (!namer->ended) {
		if (!get(&namer->questions, &meta)) {
			pthread_cond_wait(&namer->asked, &namer->lock);
			continue;
		}
		namer->busy = true;
		pthread_mutex_unlock(&namer->lock);
		length = namer->find(meta.error_code, name, sizeof(name));
		if (length)
			reblock_record_set_name(&meta, name);
		pthread_mutex_lock(&namer->lock);
		namer->busy = false;
		if (length)
			put(&namer->answers, &meta);
	}
	pthread_mutex_unlock(&namer->lock);
	destroy(namer);
	return NULL;
}

struct namer *namer_begin(namer_find *find)
{
	struct namer *namer = calloc(1, sizeof(*namer));

	if (!namer)
		return NULL;
	namer->find = find;
	pthread_mutex_init(&namer->lock, NULL);
	pthread_cond_init(&namer->asked, NULL);
	return namer;
}

/* Signals are for the others. */
static bool start(struct namer *namer)
{
	pthread_attr_t detached;
	sigset_t all, before;
	pthread_t thread;
	bool started;

	if (pthread_attr_init(&detached))
		return false;
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	started = pthread_create(&thread, &detached, run, namer) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
	return started;
}

void namer_ask(struct namer *namer, const struct reblock_record *meta)
{
	if (!namer || !reblock_has(meta, REBLOCK_HAS_ERROR_CODE))
		return;
	if (!namer->started)
		namer->started = start(namer);
	if (!namer->started)
		return;
	pthread_mutex_lock(&namer->lock);
	put(&namer->questions, meta);
	pthread_cond_signal(&namer->asked);
	pthread_mutex_unlock(&namer->lock);
}

bool namer_answer(struct namer *namer, struct reblock_record *meta)
{
	bool answered;

	if (!namer || !namer->started)
		return false;
	pthread_mutex_lock(&namer->lock);
	answered = get(&namer->answers, meta);
	pthread_mutex_unlock(&namer->lock);
	return answered;
}

void namer_wait(struct namer *namer, unsigned ms)
{
	bool open = namer && namer->started;

	for (unsigned waited = 0; open && waited < ms; waited++) {
		pthread_mutex_lock(&namer->lock);
		open = namer->questions.n || namer->busy;
		pthread_mutex_unlock(&namer->lock);
		if (open)
			poll(NULL, 0, 1);
	}
}

void namer_end(struct namer *namer)
{
	bool started;

	if (!namer)
		return;
	pthread_mutex_lock(&namer->lock);
	started = namer->started;
	namer->ended = true;
	pthread_cond_signal(&namer->asked);
	pthread_mutex_unlock(&namer->lock);
	if (!started)
		destroy(namer);
}
