/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "agent/judge_find.h"
#include "agent/say.h"
#include "agent/writer.h"

#define OPEN_MOST 64 /* captures that come together at once */
#define ROOM_FACTOR \
	3 /* findings that concern the same stretch share a file, up to so many times its usual size */

void judge_say_untold(struct judge *j, uint64_t now)
{
	struct limit_untold untold;
	const char *kind, *vm = untold.worst.label;

	if (!limit_untold(&j->limit, now, &untold))
		return;
	kind = reblock_finding_name(untold.worst.kind);
	if (untold.windows == 1)
		say("%" PRIu64 " more %s in %s within a minute: counted, not printed (--rate)",
		    untold.findings, kind, vm);
	else
		say("%" PRIu64
		    " more findings within a minute: counted, not printed (--rate); the most are %" PRIu64
		    " %s in %s",
		    untold.findings, untold.worst.suppressed, kind, vm);
}

void judge_judgement(void *context, const struct reblock_judgement *judgement)
{
	struct judge *j = context;
	char label[VMS_TEXT_MOST];
	struct metrics_judged *counts[] = {
		&j->metrics->total,
		j->metrics->per_vm ?
			metrics_of_vm(j->metrics, vms_label(&j->vms, judgement->vm, label)) :
			NULL,
	};

	for (size_t i = 0; i < 2 && counts[i]; i++) {
		struct metrics_judged *m = counts[i];

		if (judgement->unblocked != REBLOCK_YES) {
			m->possible[judgement->cause]++;
			continue;
		}
		m->unblocks[judgement->exit_kind]++;
		if (judgement->outcome == REBLOCK_OUTCOME_REBLOCKED)
			m->reblocks[judgement->exit_kind]++;
		else if (judgement->outcome == REBLOCK_OUTCOME_UNJUDGED)
			m->unjudged[judgement->cause]++;
	}
}

/* A new capture for V, with what was kept of it up to now. NULL without memory. */
static struct capture *begin(struct judge *j, struct vcpus_vcpu *v, const char *label)
{
	const struct reblock_record *meta = vms_meta_of(&j->vms, (uint32_t)(v->key >> 16));
	struct capture **last, *c;
	const struct kept *kept;

	/* The oldest has waited long enough. */
	if (j->n_open == OPEN_MOST)
		judge_close(j, vcpus_find(&j->vcpus, j->open->vm, j->open->vcpu));
	last = &j->open;
	c = capture_new(ROOM_FACTOR * j->options.records);
	if (!c)
		return NULL;
	c->source = j->source;
	c->vm = (uint32_t)(v->key >> 16);
	c->vcpu = (uint16_t)v->key;
	(void)snprintf(c->label, sizeof(c->label), "%s", label);
	c->has_meta = meta != NULL;
	if (meta)
		c->meta = *meta;
	c->deadline = j->now + (uint64_t)j->options.wait_ms * 1000000;
	for (size_t i = 0; (kept = vcpus_kept(&j->vcpus, v, i)); i++)
		capture_record(c, kept->number, &kept->record);
	while (*last)
		last = &(*last)->next;
	*last = c;
	j->n_open++;
	v->capture = c;
	return c;
}

void judge_close(struct judge *j, struct vcpus_vcpu *v)
{
	struct capture **link = &j->open, *c = v->capture;

	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	j->n_open--;
	v->capture = NULL;
	writer_take(j->writer, c);
}

static struct told *told_of(const struct judge *j, const struct reblock_finding *f)
{
	const struct reblock_record *meta = vms_meta_of(&j->vms, f->vm);
	struct told *told = calloc(1, sizeof(*told));

	if (!told)
		return NULL;
	told->finding = *f;
	clock_gettime(CLOCK_REALTIME, &told->at);
	vms_text(&j->vms, f->vm, told->vm_text);
	if (meta && reblock_has(meta, REBLOCK_HAS_ERROR_CODE))
		told->pid = meta->error_code;
	if (meta && reblock_has(meta, REBLOCK_HAS_RIP))
		reblock_record_name(meta, told->name);
	return told;
}

int judge_finding(void *context, const struct reblock_finding *f)
{
	struct judge *j = context;
	struct vcpus_vcpu *v = vcpus_find(&j->vcpus, f->vm, f->vcpu);
	struct metrics_judged *of_vm;
	struct capture *capture = NULL;
	char label[VMS_TEXT_MOST];
	struct told *told;

	vms_label(&j->vms, f->vm, label);
	j->metrics->total.findings[f->kind][f->evidence]++;
	of_vm = metrics_of_vm(j->metrics, label);
	if (of_vm)
		of_vm->findings[f->kind][f->evidence]++;
	if (!limit_allows(&j->limit, f->kind, f->vm, label, j->now)) {
		j->metrics->suppressed++;
		return 0;
	}
	told = told_of(j, f);
	if (!told)
		return -ENOMEM;
	if (j->options.evidence && v)
		capture = v->capture ? v->capture : begin(j, v, label);
	if (!capture) {
		writer_tell(j->writer, told, j->options.evidence);
		return 0;
	}
	capture->after = j->options.records / 2;
	capture_tell(capture, told);
	return 0;
}
