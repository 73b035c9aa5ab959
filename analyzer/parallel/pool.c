/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "parallel/pool.h"

static int on_finding(void *context, const struct reblock_finding *finding)
{
	struct group *g = context;

	return batch_finding(g->batch, g->number, finding);
}

static void judge(struct group *g, struct batch *batch)
{
	uint16_t room[REBLOCK_CHUNK_RECORDS];
	const uint16_t *places;
	uint32_t n = share_of(batch->share, g->number, room, &places);

	g->batch = batch;
	if (!g->error && n)
		g->error =
			reblock_audit_feed_some(g->audit, batch->first, batch->records, places, n);
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

static void judge_groups(struct pool *pool, struct group *taken[GROUPS], unsigned n)
{
	uint64_t upto = pool->published;

	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < n; i++)
		for (uint64_t b = taken[i]->judged; b < upto; b++)
			judge(taken[i], &pool->batches[b % pool->slots]);
	pthread_mutex_lock(&pool->lock);
	for (unsigned i = 0; i < n; i++) {
		for (; taken[i]->judged < upto; taken[i]->judged++)
			pool->batches[taken[i]->judged % pool->slots].groups_left--;
		taken[i]->busy = false;
		if (taken[i]->error)
			pool->error = taken[i]->error;
	}
	if (pool->told < upto && !pool->batches[pool->told % pool->slots].groups_left)
		pthread_cond_signal(&pool->done);
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
	share_end(c->share);
	pthread_mutex_lock(&pool->lock);
	c->done = true;
	pthread_cond_signal(&pool->done);
}

static void *work(void *context)
{
	struct well_formed *well_formed = calloc(1, sizeof(*well_formed));
	struct group *taken[GROUPS];
	struct pool *pool = context;

	pthread_mutex_lock(&pool->lock);
	if (!well_formed)
		pool->error = -ENOMEM;
	while (!pool->stop) {
		unsigned n = take_groups(pool, taken);

		if (n)
			judge_groups(pool, taken, n);
		else if (well_formed && pool->taken < pool->added)
			do_check(pool, well_formed);
		else
			pthread_cond_wait(&pool->work, &pool->lock);
	}
	pthread_mutex_unlock(&pool->lock);
	free(well_formed);
	return NULL;
}

int pool_start(struct pool *pool, const struct reblock_source *source,
	       const struct reblock_audit_options *options, unsigned jobs)
{
	struct reblock_audit_options own = *options;

	memset(pool, 0, sizeof(*pool));
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pthread_cond_init(&pool->done, NULL);
	pool->jobs = jobs;
	pool->slots = jobs + 4;
	own.finding = on_finding;
	for (unsigned g = 0; g < GROUPS; g++) {
		own.context = &pool->groups[g];
		pool->groups[g].number = g;
		pool->groups[g].audit = reblock_audit_new(source, &own);
		if (!pool->groups[g].audit)
			return -ENOMEM;
	}
	for (unsigned i = 0; i < pool->slots; i++) {
		pool->checks[i].share = malloc(sizeof(struct share));
		if (batch_new(&pool->batches[i]) || !pool->checks[i].share)
			return -ENOMEM;
	}
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

bool pool_check(struct pool *pool, const struct trace_ahead *ahead)
{
	bool room;

	pthread_mutex_lock(&pool->lock);
	room = pool->added - pool->dropped < pool->slots;
	if (room) {
		struct check *c = &pool->checks[pool->added++ % pool->slots];

		c->ahead = *ahead;
		c->done = false;
		pthread_cond_signal(&pool->work);
	}
	pthread_mutex_unlock(&pool->lock);
	return room;
}

struct check *pool_checked(struct pool *pool, uint64_t offset)
{
	struct check *c = NULL;

	pthread_mutex_lock(&pool->lock);
	while (pool->dropped < pool->added) {
		c = &pool->checks[pool->dropped % pool->slots];
		if (c->ahead.offset > offset || (c->ahead.offset == offset && c->done))
			break;
		if (c->done)
			pool->dropped++;
		else
			pthread_cond_wait(&pool->done, &pool->lock);
	}
	if (pool->dropped == pool->added || c->ahead.offset != offset)
		c = NULL;
	pthread_mutex_unlock(&pool->lock);
	return c;
}

struct batch *pool_batch(struct pool *pool)
{
	struct batch *batch = NULL;

	pthread_mutex_lock(&pool->lock);
	if (pool->published - pool->told < pool->slots)
		batch = &pool->batches[pool->published % pool->slots];
	pthread_mutex_unlock(&pool->lock);
	return batch;
}

void pool_publish(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->batches[pool->published++ % pool->slots].groups_left = GROUPS;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
}

struct batch *pool_judged(struct pool *pool, bool wait)
{
	struct batch *batch = NULL;

	pthread_mutex_lock(&pool->lock);
	if (pool->told < pool->published) {
		batch = &pool->batches[pool->told % pool->slots];
		while (wait && batch->groups_left)
			pthread_cond_wait(&pool->done, &pool->lock);
		if (batch->groups_left)
			batch = NULL;
	}
	pthread_mutex_unlock(&pool->lock);
	return batch;
}

void pool_told(struct pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->told++;
	pthread_mutex_unlock(&pool->lock);
}

int pool_error(struct pool *pool)
{
	int error;

	pthread_mutex_lock(&pool->lock);
	error = pool->error;
	pthread_mutex_unlock(&pool->lock);
	return error;
}
