/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "cli/cli.h"
#include "cli/explain_file.h"

/* Where the second reading stands on the vCPU of the wanted record. */
struct walk {
	struct explain_file *x;
	struct reblock_audit *audit;
	bool at_exit;     /* an exit is open: its entry has not come */
	bool done;        /* the entry of the wanted exit was met, or none can come */
	bool ended;       /* and what Intel PT shows right after it, too */
	bool has_witness; /* the record before was a witness */
	struct reblock_record witness;
	uint64_t witness_number;
};

static struct reblock_input *open_input(const struct explain_file *x, struct cli_damages *damages)
{
	/* Raw PT alone goes by the name of its first file, as in the audit. */
	bool alone = x->pt->n && strcmp(x->path, x->pt->files[0].path) == 0;
	struct reblock_input *input;

	/* Damages are told once, not in both readings. */
	return cli_pt_open(x->pt, "explain", alone ? NULL : x->path, 1, damages ? cli_damage : NULL,
			   damages, &input) ?
		       input :
		       NULL;
}

static bool find_wanted(struct explain_file *x)
{
	struct cli_damages damages = { "explain", x->path, 0, NULL };
	struct reblock_input *input = open_input(x, &damages);
	const struct reblock_record *records;
	uint64_t at = 0;
	bool found = false;
	long n = 0;

	if (!input)
		return false;
	while (!found && (n = reblock_input_next(input, &records)) > 0) {
		found = x->number - at < (uint64_t)n;
		if (found)
			x->wanted = records[x->number - at];
		at += (uint64_t)n;
	}
	cli_damages_end(&damages);
	x->source = *reblock_input_source(input);
	x->vnmi = cli_vnmi_for(input, x->vnmi);
	reblock_input_close(input);
	if (n < 0)
		cli_say("explain", "%s: reading failed: %s", x->path, strerror((int)-n));
	else if (!found)
		cli_say("explain",
			"%s: there is no record %" PRIu64 "; it has %" PRIu64 ", numbered from 0",
			x->path, x->number, at);
	return found;
}

static int on_finding(void *context, const struct reblock_finding *f)
{
	struct walk *w = context;
	struct explain *e = &w->x->explain;

	for (unsigned i = 0; i < f->n_records; i++) {
		if (f->records[i] != w->x->number)
			continue;
		if (e->n_findings < EXPLAIN_FINDINGS)
			e->findings[e->n_findings] = *f;
		e->n_findings++;
		break;
	}
	return 0;
}

static void on_judgement(void *context, const struct reblock_judgement *j)
{
	struct explain_file *x = ((struct walk *)context)->x;

	/* The exit is known by now: a question is closed after its exit was met. */
	if (!x->has_exit || j->exit_number != x->explain.exit_number)
		return;
	x->explain.has_judgement = true;
	x->explain.judgement = *j;
}

/* The pair as the audit sees it, with what it takes for fields that the source cannot carry. */
static void on_pair(void *context, const struct reblock_pair *pair)
{
	struct explain_file *x = ((struct walk *)context)->x;

	if (x->has_exit && pair->exit_number == x->explain.exit_number)
		explain_pair(&x->explain, pair);
}

static bool concerns(const struct explain_file *x, const struct reblock_record *r)
{
	if (r->kind == REBLOCK_META)
		return false;
	if (r->kind == REBLOCK_LOST && r->vm == REBLOCK_NO_VM)
		return true;
	return r->vm == x->wanted.vm && (r->vcpu == x->wanted.vcpu || r->vcpu == REBLOCK_NO_VCPU);
}

static void start_exit(struct walk *w, const struct reblock_record *r, uint64_t number)
{
	struct explain *e = &w->x->explain;

	e->exit = *r;
	e->exit_number = number;
	e->n_seen = e->n_between = 0;
	e->has_before = w->has_witness;
	e->before = w->witness;
	e->before_number = w->witness_number;
	w->at_exit = true;
}

/* The witnesses that follow the entry, up to anything else. */
static void after(struct walk *w, const struct reblock_record *r, uint64_t number)
{
	struct explain *e = &w->x->explain;

	w->ended = w->ended || !e->has_entry || r->kind != REBLOCK_WITNESS ||
		   e->n_after == EXPLAIN_AFTER;
	if (w->ended)
		return;
	e->after[e->n_after] = *r;
	e->after_number[e->n_after++] = number;
}

static void between(struct walk *w, const struct reblock_record *r, uint64_t number)
{
	struct explain *e = &w->x->explain;

	if (!w->at_exit)
		return;
	if (e->n_seen < EXPLAIN_BETWEEN) {
		e->seen[e->n_seen] = *r;
		e->seen_number[e->n_seen++] = number;
	}
	e->n_between++;
}

/* A record of the wanted vCPU. The wanted record belongs to the last exit before it that has no entry yet. */
static void walk_record(struct walk *w, const struct reblock_record *r, uint64_t number)
{
	struct explain_file *x = w->x;

	if (w->done) {
		after(w, r, number);
		return;
	}
	if (r->kind == REBLOCK_EXIT) {
		if (number > x->number) {
			w->done = true;
			return;
		}
		start_exit(w, r, number);
	} else if (r->kind == REBLOCK_ENTRY && w->at_exit) {
		x->explain.entry = *r;
		x->explain.entry_number = number;
		w->at_exit = false;
		w->done = number >= x->number;
		x->explain.has_entry = w->done;
		if (number == x->number)
			x->has_exit = true;
	} else if (r->kind != REBLOCK_ENTRY) {
		between(w, r, number);
	}
	w->has_witness = r->kind == REBLOCK_WITNESS;
	w->witness = *r;
	w->witness_number = number;
	if (number == x->number && w->at_exit)
		x->has_exit = true;
	if (number >= x->number && !w->at_exit)
		w->done = true;
}

bool explain_file_read(struct explain_file *x)
{
	struct walk w = { .x = x };
	struct reblock_audit_options how = {
		.finding = on_finding, .judgement = on_judgement, .pair = on_pair, .context = &w
	};
	struct reblock_input *input;
	const struct reblock_record *records;
	uint64_t at = 0;
	long n = 0;
	int err = 0;

	if (!find_wanted(x))
		return false;
	input = open_input(x, NULL);
	if (!input)
		return false;
	how.vnmi = x->vnmi;
	w.audit = reblock_audit_new(&x->source, &how);
	while (w.audit && !err && (n = reblock_input_next(input, &records)) > 0) {
		/* Before the audit, whose callbacks ask for the exit. */
		for (long i = 0; i < n; i++)
			if (concerns(x, &records[i]))
				walk_record(&w, &records[i], at + (uint64_t)i);
		err = reblock_audit_feed(w.audit, at, records, (size_t)n);
		at += (uint64_t)n;
	}
	if (w.audit && !err && !n)
		err = reblock_audit_finish(w.audit);
	x->explain.audited = true;
	reblock_input_close(input);
	if (!w.audit || err || n < 0)
		cli_say("explain", "%s: %s", x->path, n < 0 ? strerror((int)-n) : "out of memory");
	reblock_audit_free(w.audit);
	return w.audit && !err && n >= 0;
}
