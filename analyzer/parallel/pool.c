/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "parallel/read.h"

#define TELL_WITHIN 100000000 /* ns; for progress */

static int on_finding(void *context, const struct reblock_finding *finding)
{
	struct group *g = context;

	return batch_finding(g->batch, g->number, finding);
}

static void on_damage(void *context, const char *message)
{
	batch_damage(context, message);
}

static int judge(struct group *g, struct batch *batch)
{
	uint16_t room[REBLOCK_CHUNK_RECORDS];
	const uint16_t *places;
	uint32_t n = share_of(batch->share, g->number, room, &places);

	g->batch = batch;
	return n ? reblock_audit_feed_some(g->audit, batch->first, batch->records, places, n) : 0;
}

/* Takes some groups that have something to judge, not all: others want some too. */
static unsigned take_groups(struct pool *pool, struct group *taken[GROUPS])
{
	unsigned n = 0, most = GROUPS / (2 * pool->jobs);

	for (unsigned g = 0; g < GROUPS && n < (most ? most : 1); g++) {
		struct group *group = &pool->groups[g];

		if (group->busy || group->judged == pool->published)
			continue;
		group->busy = true;
		taken[n++] = group;
	}
	return n;
}

/* Most batches have nothing to tell: they need not wait for the thread that tells. */
static void pass_silent(struct pool *pool)
{
	while (pool->told < pool->published && !pool->telling) {
		struct batch *batch = &pool->batches[pool->told % pool->slots];

		if (batch->groups_left)
			return;
		if (batch_has_something(batch)) {
			pthread_cond_signal(&pool->done);
			return;
		}
		pool->told++;
	}
	if (pool->ended)
		pthread_cond_signal(&pool->done);
}

static void judge_groups(struct pool *pool, struct group *taken[GROUPS], unsigned n)
{
	uint64_t upto = pool->published;
	int error = 0;

	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < n; i++)
		for (uint64_t b = taken[i]->judged; b < upto && !error; b++)
			error = judge(taken[i], &pool->batches[b % pool->slots]);
	pthread_mutex_lock(&pool->lock);
	for (unsigned i = 0; i < n; i++) {
		for (; taken[i]->judged < upto; taken[i]->judged++)
			pool->batches[taken[i]->judged % pool->slots].groups_left--;
		taken[i]->busy = false;
	}
	if (error && !pool->error) {
		pool->error = error;
		pthread_cond_signal(&pool->done);
	}
	pass_silent(pool);
}

static void do_check(struct pool *pool, struct well_formed *well_formed)
{
	struct check *c = &pool->checks[pool->taken++ % pool->slots];
	const struct reblock_record *r = c->ahead.records;

	pthread_mutex_unlock(&pool->lock);
	memset(&c->checked, 0, sizeof(c->checked));
	share_begin(c->share);
	for (uint32_t i = 0, some; i < c->ahead.n; i += some) {
		some = c->ahead.n - i < TRACE_CHUNK_PIECE ? c->ahead.n - i : TRACE_CHUNK_PIECE;
		trace_chunk_check(well_formed, r + i, some, &c->checked);
		share_add(c->share, r + i, some);
	}
	pthread_mutex_lock(&pool->lock);
	c->done = true;
}

static void *work(void *context)
{
	struct well_formed *well_formed = calloc(1, sizeof(*well_formed));
	struct group *taken[GROUPS];
	struct pool *pool = context;

	pthread_mutex_lock(&pool->lock);
	if (!well_formed) {
		pool->error = -ENOMEM;
		pthread_cond_signal(&pool->done);
	}
	while (!pool->stop && well_formed) {
		unsigned n = take_groups(pool, taken);

		if (n)
			judge_groups(pool, taken, n);
		else if (pool_may_read(pool))
			pool_read(pool);
		else if (pool->taken < pool->added)
			do_check(pool, well_formed);
		else
			pthread_cond_wait(&pool->work, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	free(well_formed);
	return NULL;
}

int pool_start(struct pool *pool, struct reblock_input *input,
	       const struct reblock_audit_options *options, unsigned jobs)
{
	struct reblock_audit_options own = *options;

	memset(pool, 0, sizeof(*pool));
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->done, NULL);
	pool->input = input;
	pool->jobs = jobs;
	pool->slots = jobs + 4;
	own.finding = on_finding;
	for (unsigned g = 0; g < GROUPS; g++) {
		own.context = &pool->groups[g];
		pool->groups[g].number = g;
		pool->groups[g].audit = reblock_audit_new(reblock_input_source(input), &own);
		if (!pool->groups[g].audit)
			return -ENOMEM;
	}
	for (unsigned i = 0; i < pool->slots; i++) {
		pool->checks[i].share = malloc(sizeof(struct share));
		if (batch_new(&pool->batches[i]) || !pool->checks[i].share)
			return -ENOMEM;
	}
	if (input->damage)
		input->damage = on_damage;
	for (; pool->n_threads < jobs; pool->n_threads++)
		if (pthread_create(&pool->threads[pool->n_threads], NULL, work, pool))
			return -EAGAIN;
	return 0;
}

void pool_end(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->n_threads; i++)
		pthread_join(pool->threads[i], NULL);
	for (unsigned g = 0; g < GROUPS; g++)
		reblock_audit_free(pool->groups[g].audit);
	for (unsigned i = 0; i < pool->slots; i++) {
		batch_free(&pool->batches[i]);
		free(pool->checks[i].share);
	}
	pthread_cond_destroy(&pool->work);
	pthread_cond_destroy(&pool->done);
	pthread_mutex_destroy(&pool->lock);
}

int pool_wait(struct pool *pool, struct batch **batch, bool *ended)
{
	struct timespec until;
	int error, waited = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += TELL_WITHIN;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	*batch = NULL;
	*ended = false;
	pthread_mutex_lock(&pool->lock);
	while (!pool->error && !waited) {
		struct batch *oldest = &pool->batches[pool->told % pool->slots];

		*ended = pool->ended && pool->told == pool->published;
		if (*ended || (pool->told < pool->published && !oldest->groups_left)) {
			*batch = oldest;
			pool->telling = true;
			break;
		}
		waited = pthread_cond_timedwait(&pool->done, &pool->lock, &until);
	}
	error = pool->error;
	pthread_mutex_unlock(&pool->lock);
	return error;
}

void pool_told(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->told++;
	pool->telling = false;
	pthread_cond_signal(&pool->work);
	pthread_mutex_unlock(&pool->lock);
}
