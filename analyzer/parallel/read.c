/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include "parallel/read.h"

/* The check of the chunk at the reader's position, done or not; those before it are of no use any more. */
static struct check *check_here(const struct pool *pool)
{
	for (uint64_t i = pool->dropped; i < pool->added; i++) {
		const struct check *c = &pool->checks[i % pool->slots];

		if (c->ahead.offset >= pool->input->bytes.offset)
			return c->ahead.offset == pool->input->bytes.offset ? (struct check *)c :
									      NULL;
	}
	return NULL;
}

bool pool_may_read(const struct pool *pool)
{
	const struct check *c;

	if (pool->reading || pool->ended || pool->error ||
	    pool->published - pool->told == pool->slots)
		return false;
	c = check_here(pool);
	return !c || c->done;
}

/* Drops what the reader has passed, and has the next chunks checked: few, so that they stay in the caches. */
static void look_ahead(struct pool *pool)
{
	struct trace_ahead ahead;
	uint64_t next;

	while (pool->dropped < pool->added) {
		const struct check *c = &pool->checks[pool->dropped % pool->slots];

		if (c->ahead.offset >= pool->input->bytes.offset || !c->done)
			break;
		pool->dropped++;
	}
	/* The reader may have gone on where no intact chunk was seen. */
	if (pool->ahead < pool->input->bytes.offset)
		pool->ahead = pool->input->bytes.offset;
	next = pool->ahead;
	while (pool->added - pool->dropped <= pool->jobs &&
	       trace_look_ahead(pool->input, &next, &ahead)) {
		struct check *c = &pool->checks[pool->added++ % pool->slots];

		c->ahead = ahead;
		c->done = false;
		pool->ahead = next;
	}
}

/* Returns as reblock_input_next. */
static long fill(struct pool *pool, struct check *check, struct batch *batch)
{
	struct reblock_input *in = pool->input;
	const uint8_t *map = in->bytes.map;
	const struct reblock_record *records;
	bool mapped;
	long n;

	in->checked = check ? &check->checked : NULL;
	in->checked_at = check ? check->ahead.offset : 0;
	in->context = batch;
	n = reblock_input_next(in, &records);
	in->checked = NULL;
	if (n <= 0)
		return n;
	mapped = (const uint8_t *)records >= map &&
		 (const uint8_t *)records < map + in->bytes.map_size;
	if (batch_take(batch, records, (uint32_t)n, !mapped))
		return -ENOMEM;
	if (check && records == check->ahead.records) {
		struct share *shared = check->share;

		check->share = batch->share;
		batch->share = shared;
	} else {
		share_begin(batch->share);
		share_add(batch->share, batch->records, batch->n);
	}
	return n;
}

void pool_read(struct pool *pool)
{
	struct batch *batch = &pool->batches[pool->published % pool->slots];
	struct check *check = check_here(pool);
	long n;

	pool->reading = true;
	pthread_mutex_unlock(&pool->lock);
	n = fill(pool, check, batch);
	pthread_mutex_lock(&pool->lock);
	pool->reading = false;
	if (n <= 0 || batch->short_of_memory) {
		if (n <= 0)
			pool->ended = true;
		if (!pool->error)
			pool->error = batch->short_of_memory ? -ENOMEM : n < 0 ? (int)n : 0;
		pthread_cond_signal(&pool->done);
		return;
	}
	batch->first = pool->records;
	pool->records += (uint64_t)n;
	batch->groups_left = GROUPS;
	pool->published++;
	look_ahead(pool);
	pthread_cond_broadcast(&pool->work);
}
