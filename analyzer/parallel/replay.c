/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit of an input: alone, or as the thread that tells what others have judged. */
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
	reblock_damage_fn *damage; /* of the input, kept aside */
	void *damage_context;
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

static int tell(struct replay *r, struct batch *batch)
{
	return batch_tell(batch, r->damage, r->damage_context, r->options->finding,
			  r->options->context);
}

/* Tells what the threads of the pool find, until they have judged all. */
static int tell_all(struct replay *r)
{
	struct batch *batch;
	bool ended = false;
	int err = 0;

	while (!err && !ended) {
		err = pool_wait(&r->pool, &batch, &ended);
		if (!err && batch)
			err = tell(r, batch);
		if (!err && batch && !ended)
			pool_told(&r->pool);
		show_progress(r);
	}
	return err;
}

/* The end of the stream in each group, and their audits as one. */
static int end_all(struct replay *r, struct reblock_audit **audit)
{
	struct batch *last = &r->pool.batches[0];
	int err;

	for (unsigned g = 0; g < GROUPS; g++) {
		r->pool.groups[g].batch = last;
		err = reblock_audit_finish(r->pool.groups[g].audit);
		if (err)
			return err;
	}
	err = tell(r, last);
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
	int err;

	r->damage = in->damage;
	r->damage_context = in->context;
	err = pool_start(&r->pool, in, r->options, r->how->jobs);
	if (!err)
		err = tell_all(r);
	if (!err)
		err = end_all(r, audit);
	r->records = r->pool.records;
	pool_end(&r->pool);
	in->damage = r->damage;
	in->context = r->damage_context;
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
	    options->pair || options->policy || how->record || !input->bytes.map)
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
