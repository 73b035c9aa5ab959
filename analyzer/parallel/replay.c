/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit of an input: the thread that reads, and tells what the others have judged. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "parallel/pool.h"

struct replay {
	struct reblock_input *input;
	const struct reblock_audit_options *options;
	const struct reblock_replay *how;
	uint64_t records;
	/* with several threads */
	struct pool pool;
	uint64_t ahead;            /* offset up to which chunks were given to be checked */
	reblock_damage_fn *damage; /* of the input, kept aside */
	void *damage_context;
	struct batch *batch; /* that is read */
	struct batch last;   /* what the end of the stream brings */
	int error;
};

static void show_progress(struct replay *r)
{
	if (r->how->progress)
		r->how->progress(r->options->context, r->input);
}

static int feed(struct replay *r, struct reblock_audit *audit, const struct reblock_record *records,
		size_t n)
{
	int err = 0;

	if (!r->how->record)
		return reblock_audit_feed(audit, r->records, records, n);
	for (size_t i = 0; i < n && !err; i++) {
		r->how->record(r->options->context, r->records + i, &records[i]);
		err = reblock_audit_feed(audit, r->records + i, &records[i], 1);
	}
	return err;
}

static int replay_alone(struct replay *r, struct reblock_audit **audit)
{
	const struct reblock_record *records;
	long n;

	*audit = reblock_audit_new(reblock_input_source(r->input), r->options);
	if (!*audit)
		return -ENOMEM;
	while ((n = reblock_input_next(r->input, &records)) > 0) {
		int err = feed(r, *audit, records, (size_t)n);

		if (err)
			return err;
		r->records += (uint64_t)n;
		show_progress(r);
	}
	return n < 0 ? (int)n : reblock_audit_finish(*audit);
}

/* A damage is told when the findings before it are. */
static void keep_damage(void *context, const char *message)
{
	struct replay *r = context;

	if (batch_damage(r->batch, message))
		r->error = -ENOMEM;
}

static int tell(struct replay *r, struct batch *batch)
{
	return batch_tell(batch, r->damage, r->damage_context, r->options->finding,
			  r->options->context);
}

/* Tells what is judged; UPTO: waits until no more than so many batches are not. */
static int tell_judged(struct replay *r, uint64_t upto)
{
	struct batch *batch;
	int err;

	while ((batch = pool_judged(&r->pool, r->pool.published - r->pool.told > upto))) {
		err = tell(r, batch);
		if (err)
			return err;
		pool_told(&r->pool);
		show_progress(r);
	}
	return pool_error(&r->pool);
}

static void look_ahead(struct replay *r)
{
	struct trace_ahead ahead;
	uint64_t next;

	/* The reader may have gone on where no intact chunk was seen. */
	if (r->ahead < r->input->bytes.offset)
		r->ahead = r->input->bytes.offset;
	for (next = r->ahead; trace_look_ahead(r->input, &next, &ahead); r->ahead = next)
		if (!pool_check(&r->pool, &ahead))
			break;
}

/* Reads into r->batch. Returns as reblock_input_next. */
static long read_batch(struct replay *r)
{
	const struct bytes *b = &r->input->bytes;
	const uint8_t *map = b->map;
	const struct reblock_record *records;
	struct check *check = pool_checked(&r->pool, b->offset);
	bool mapped;
	long n;

	r->input->checked = check ? &check->checked : NULL;
	r->input->checked_at = check ? check->ahead.offset : 0;
	n = reblock_input_next(r->input, &records);
	r->input->checked = NULL;
	if (n <= 0)
		return n;
	mapped = (const uint8_t *)records >= map && (const uint8_t *)records < map + b->map_size;
	if (batch_take(r->batch, records, (uint32_t)n, !mapped))
		return -ENOMEM;
	r->batch->first = r->records;
	r->records += (uint64_t)n;
	if (check && records == check->ahead.records) {
		struct share *shared = check->share;

		check->share = r->batch->share;
		r->batch->share = shared;
	} else {
		share_begin(r->batch->share);
		share_add(r->batch->share, r->batch->records, r->batch->n);
		share_end(r->batch->share);
	}
	return n;
}

/* All records, and all but the end of what they bring. */
static int read_all(struct replay *r)
{
	long n = 1;
	int err;

	while (n > 0) {
		look_ahead(r);
		err = tell_judged(r, r->pool.slots - 1);
		if (err)
			return err;
		r->batch = pool_batch(&r->pool);
		n = read_batch(r);
		if (n < 0)
			return (int)n;
		if (r->error)
			return r->error;
		if (n > 0)
			pool_publish(&r->pool);
	}
	err = tell_judged(r, 0);
	/* Damages at the end, after which no records came. */
	return err ? err : tell(r, r->batch);
}

/* The end of the stream in each group, and their audits as one. */
static int end_all(struct replay *r, struct reblock_audit **audit)
{
	int err;

	for (unsigned g = 0; g < GROUPS; g++) {
		r->pool.groups[g].batch = &r->last;
		err = reblock_audit_finish(r->pool.groups[g].audit);
		if (err)
			return err;
	}
	err = tell(r, &r->last);
	for (unsigned g = 1; g < GROUPS && !err; g++) {
		err = reblock_audit_join(r->pool.groups[0].audit, r->pool.groups[g].audit);
		if (!err)
			r->pool.groups[g].audit = NULL;
	}
	*audit = r->pool.groups[0].audit;
	r->pool.groups[0].audit = NULL;
	return err;
}

static int replay_together(struct replay *r, struct reblock_audit **audit)
{
	struct reblock_input *in = r->input;
	int err = pool_start(&r->pool, reblock_input_source(in), r->options, r->how->jobs);

	if (!err)
		err = batch_new(&r->last);
	r->damage = in->damage;
	r->damage_context = in->context;
	if (in->damage)
		in->damage = keep_damage;
	in->context = r;
	if (!err)
		err = read_all(r);
	if (!err)
		err = end_all(r, audit);
	in->damage = r->damage;
	in->context = r->damage_context;
	pool_end(&r->pool);
	batch_free(&r->last);
	return err;
}

static int no_finding(void *context, const struct reblock_finding *finding)
{
	(void)context;
	(void)finding;
	return 0;
}

int reblock_audit_input(struct reblock_input *input, const struct reblock_audit_options *options,
			const struct reblock_replay *how, struct reblock_audit **audit,
			uint64_t *records)
{
	struct replay *r = calloc(1, sizeof(*r));
	struct reblock_audit_options told = *options;
	int err;

	*audit = NULL;
	*records = 0;
	if (!r)
		return -ENOMEM;
	if (!told.finding)
		told.finding = no_finding;
	r->input = input;
	r->options = &told;
	r->how = how;
	if (how->jobs <= 1 || how->jobs > REBLOCK_JOBS_MOST || options->judgement ||
	    options->pair || how->record || !input->bytes.map)
		err = replay_alone(r, audit);
	else
		err = replay_together(r, audit);
	*records = r->records;
	free(r);
	if (err) {
		reblock_audit_free(*audit);
		*audit = NULL;
	}
	return err;
}
