/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "agent/judge.h"
#include "agent/judge_find.h"
#include "agent/say.h"
#include "agent/thread.h"

int judge_init(struct judge *j, const struct judge_options *options, struct metrics *metrics,
	       struct writer *writer)
{
	int err;

	memset(j, 0, sizeof(*j));
	j->options = *options;
	j->metrics = metrics;
	j->writer = writer;
	j->limit.rate = options->rate;
	err = vcpus_begin(&j->vcpus, options->most_vcpus, options->evidence ? options->records : 0,
			  options->ring_bytes);
	return err ? err : vms_begin(&j->vms, options->most_vcpus);
}

void judge_free(struct judge *j)
{
	if (j->audit)
		(void)judge_end(j);
	vcpus_end(&j->vcpus);
	vms_end(&j->vms);
}

int judge_begin(struct judge *j, const struct reblock_source *source)
{
	const struct reblock_audit_options options = { .vnmi = j->options.vnmi,
						       .finding = judge_finding,
						       .judgement = judge_judgement,
						       .context = j };

	j->source = *source;
	j->audit = reblock_audit_new(source, &options);
	j->vms.n = 0;
	j->number = 0;
	return j->audit ? 0 : -ENOMEM;
}

/* No longer keeps V: its question is closed, which may be a finding, and its evidence is complete as it is. */
static void retire(struct judge *j, struct vcpus_vcpu *v)
{
	uint32_t vm = (uint32_t)(v->key >> 16);

	(void)reblock_audit_retire(j->audit, vm, (uint16_t)v->key);
	if (v->capture)
		judge_close(j, v);
	vms_vcpu(&j->vms, vm, true);
	vcpus_remove(&j->vcpus, v);
	j->metrics->retired++;
}

static void retire_vm(struct judge *j, uint32_t vm)
{
	struct vcpus_vcpu *newer;

	for (struct vcpus_vcpu *v = j->vcpus.oldest; v; v = newer) {
		newer = v->newer;
		if ((uint32_t)(v->key >> 16) == vm)
			retire(j, v);
	}
}

static void keep(const struct judge *j, struct vcpus_vcpu *v, const struct reblock_record *r)
{
	vcpus_keep(&j->vcpus, v, j->number, r);
	if (v->capture)
		capture_record(v->capture, j->number, r);
}

static uint64_t lost_in(const struct reblock_record *r)
{
	return reblock_has(r, REBLOCK_HAS_QUALIFICATION) && r->qualification ? r->qualification : 1;
}

/* A loss that names no vCPU belongs to the evidence of each that it may have hit; one after the other says no more. */
static void keep_loss(struct judge *j, const struct reblock_record *r)
{
	for (struct vcpus_vcpu *v = j->vcpus.oldest; v; v = v->newer) {
		const struct kept *last;

		if (r->vm != REBLOCK_NO_VM && (uint32_t)(v->key >> 16) != r->vm)
			continue;
		last = v->ring ? vcpus_kept(&j->vcpus, v, v->ring->n - 1) : NULL;
		if (!last || last->record.kind != REBLOCK_LOST)
			keep(j, v, r);
	}
}

static void count(struct judge *j, struct vcpus_vcpu *v, const struct reblock_record *r)
{
	struct metrics *m = j->metrics;

	if (!j->options.count_stream)
		return;
	if (r->kind == REBLOCK_LOST)
		m->lost[METRICS_LOST_INPUT] += lost_in(r);
	if (r->kind == REBLOCK_EXIT && reblock_has(r, REBLOCK_HAS_REASON)) {
		uint32_t basic = r->reason & REBLOCK_REASON_BASIC;

		m->exits[basic < METRICS_REASONS ? basic : METRICS_REASONS]++;
	}
	if (!v || !reblock_has(r, REBLOCK_HAS_SEQ))
		return;
	if (v->has_seq)
		m->lost[METRICS_LOST_SEQUENCE] += (uint16_t)(r->seq - v->seq - 1);
	v->has_seq = true;
	v->seq = r->seq;
}

/* The vCPU that R names, with room made for it. */
static struct vcpus_vcpu *see(struct judge *j, const struct reblock_record *r)
{
	struct vcpus_vcpu *v;
	size_t before = j->vcpus.n;

	if (vcpus_full(&j->vcpus) && !vcpus_find(&j->vcpus, r->vm, r->vcpu)) {
		retire(j, j->vcpus.oldest);
		before--;
	}
	v = vcpus_see(&j->vcpus, r->vm, r->vcpu, j->now);
	if (v && j->vcpus.n != before)
		vms_vcpu(&j->vms, r->vm, false);
	return v;
}

static int take(struct judge *j, const struct reblock_record *r)
{
	struct vcpus_vcpu *v = NULL;
	uint32_t gone;
	int err;

	if (r->kind == REBLOCK_META) {
		/* Names are kept here, where their number is bounded. */
		if (vms_meta(&j->vms, r, &gone))
			retire_vm(j, gone);
		return 0;
	}
	if (r->vm != REBLOCK_NO_VM && r->vcpu != REBLOCK_NO_VCPU) {
		v = see(j, r);
		if (!v)
			return -ENOMEM;
		keep(j, v, r);
	} else {
		keep_loss(j, r);
	}
	count(j, v, r);
	err = reblock_audit_feed(j->audit, j->number, r, 1);
	if (v && v->capture && capture_done(v->capture))
		judge_close(j, v);
	return err;
}

int judge_records(struct judge *j, const struct reblock_record *records, size_t n)
{
	int err = 0;

	j->now = thread_now();
	pthread_mutex_lock(&j->metrics->lock);
	for (size_t i = 0; i < n && !err; i++) {
		err = take(j, &records[i]);
		j->number++;
	}
	j->metrics->records += n;
	pthread_mutex_unlock(&j->metrics->lock);
	return err;
}

int judge_end(struct judge *j)
{
	struct vcpus_vcpu *v;
	int err;

	if (!j->audit)
		return 0;
	pthread_mutex_lock(&j->metrics->lock);
	j->now = thread_now();
	err = reblock_audit_finish(j->audit);
	while ((v = j->vcpus.oldest)) {
		if (v->capture)
			judge_close(j, v);
		vcpus_remove(&j->vcpus, v);
	}
	j->metrics->vcpus = 0;
	judge_say_untold(j, UINT64_MAX);
	pthread_mutex_unlock(&j->metrics->lock);
	reblock_audit_free(j->audit);
	j->audit = NULL;
	return err;
}

void judge_tick(struct judge *j)
{
	struct metrics *m = j->metrics;

	j->now = thread_now();
	pthread_mutex_lock(&m->lock);
	while (j->open && j->open->deadline <= j->now)
		judge_close(j, vcpus_find(&j->vcpus, j->open->vm, j->open->vcpu));
	while (j->audit && j->options.idle_ns && j->vcpus.oldest &&
	       j->now - j->vcpus.oldest->seen > j->options.idle_ns)
		retire(j, j->vcpus.oldest);
	judge_say_untold(j, j->now);
	m->vcpus = j->vcpus.n;
	pthread_mutex_unlock(&m->lock);
}
