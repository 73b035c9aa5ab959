/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit of a stream: which record goes to which vCPU, and what each kind means there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "plain.h"
#include "planted.h"

struct reblock_audit *reblock_audit_new(const struct reblock_source *source,
					const struct reblock_audit_options *options)
{
	struct reblock_audit *audit = calloc(1, sizeof(*audit));

	if (!audit)
		return NULL;
	audit->source = *source;
	audit->options = *options;
	audit->carries_seq = (source->presence & REBLOCK_SOURCE_FIELDS) &&
			     (source->fields & REBLOCK_HAS_SEQ);
	audit->whole_way = options->pair || options->policy;
	return audit;
}

static void lost_at(struct reblock_audit *audit, struct audit_vcpu *v, uint64_t records)
{
	v->summary.lost++;
	v->summary.lost_records += records;
	audit_forget(audit, v, REBLOCK_CAUSE_LOST);
}

/* A loss that names no vCPU may have hit any: of that VM, or of all. */
static int step_lost(struct reblock_audit *audit, const struct reblock_record *r)
{
	uint64_t count = reblock_has(r, REBLOCK_HAS_QUALIFICATION) ? r->qualification : 0;
	size_t i;

	audit->losses++;
	audit->lost_records++;
	if (r->vm != REBLOCK_NO_VM && r->vcpu != REBLOCK_NO_VCPU) {
		struct audit_vcpu *v = audit_vcpu_of(audit, r->vm, r->vcpu);

		if (!v)
			return -ENOMEM;
		lost_at(audit, v, count);
		return 0;
	}
	audit->lost_anywhere++;
	if (r->vm == REBLOCK_NO_VM) {
		audit->missed_some = true;
	} else if (audit_records_early(audit)) {
		struct audit_vm *vm = audit_vm_of(audit, r->vm);

		if (!vm)
			return -ENOMEM;
		vm->lost = true;
	}
	for (i = 0; i < audit->n_vcpus; i++)
		if (PLANTED(69, r->vm == REBLOCK_NO_VM, false) ||
		    audit->vcpus[i]->summary.vm == r->vm)
			lost_at(audit, audit->vcpus[i], 0);
	return 0;
}

static int step_meta(struct reblock_audit *audit, const struct reblock_record *r)
{
	struct audit_vm *vm = audit_vm_of(audit, r->vm);

	if (!vm)
		return -ENOMEM;
	if (reblock_has(r, REBLOCK_HAS_ERROR_CODE))
		vm->pid = r->error_code;
	if (reblock_has(r, REBLOCK_HAS_RIP))
		reblock_record_name(r, vm->name);
	return 0;
}

/* Losses and disorder that the record itself shows; after them nothing is known of the vCPU. */
static inline void check_sequence(struct reblock_audit *audit, struct audit_vcpu *v,
				  const struct reblock_record *r)
{
	if (reblock_has(r, REBLOCK_HAS_SEQ)) {
		uint16_t gap = (uint16_t)(r->seq - v->seq - 1);

		if (v->has_seq && PLANTED(70, gap, gap > 1)) {
			audit->losses++;
			lost_at(audit, v, gap);
		}
		v->has_seq = true;
		v->seq = r->seq;
	} else if (v->has_seq || audit->carries_seq) {
		audit->losses++;
		lost_at(audit, v, 0);
		v->seq++;
	}
	if (r->t == REBLOCK_NO_TIME)
		return;
	if (v->has_time && PLANTED(71, r->t < v->t, false)) {
		audit->losses++;
		v->summary.out_of_order++;
		audit_forget(audit, v, REBLOCK_CAUSE_TIME_ORDER);
	}
	v->has_time = true;
	v->t = r->t;
}

static void step_mask_read(struct audit_vcpu *v, const struct reblock_record *r, uint64_t number)
{
	struct audit_mask_read *read = &v->exit.mask_reads[reblock_flag(r, REBLOCK_MASKED)];

	if (v->phase != AUDIT_EXITED || !reblock_has(r, REBLOCK_HAS_MASKED) || read->seen)
		return;
	read->seen = true;
	read->number = number;
	read->between = v->exit.between;
}

static void step_blocked_read(struct audit_vcpu *v, const struct reblock_record *r, uint64_t number)
{
	/* "Blocked" merges STI, MOV-SS and NMI and proves nothing. */
	if (v->phase != AUDIT_EXITED || !reblock_has(r, REBLOCK_HAS_MASKED) ||
	    PLANTED(72, reblock_flag(r, REBLOCK_MASKED), false))
		return;
	v->exit.has_unblocked_read = true;
	v->exit.unblocked_read = number;
}

static void step_operation(struct reblock_audit *audit, struct audit_vcpu *v,
			   const struct reblock_record *r)
{
	/* Who sets the mask from outside can have set it for any handler, so what its IRET returns to is not known. */
	if (r->kind != REBLOCK_USER_EXIT &&
	    (!reblock_has(r, REBLOCK_HAS_MASKED) || reblock_flag(r, REBLOCK_MASKED)))
		v->delivered.known = false;
	/* So can another state have been put in place of the one that Intel PT has shown. */
	if (r->kind != REBLOCK_USER_EXIT || !audit_captures(audit, REBLOCK_EVENTS_WRITE))
		audit_pt_unknown(v, REBLOCK_PT_HYPERVISOR);
	switch (r->kind) {
	case REBLOCK_MASK_WRITE:
		if (v->phase == AUDIT_EXITED)
			v->exit.between |= REBLOCK_BETWEEN_MASK_WRITE;
		else
			v->early |= PLANTED(73, REBLOCK_BETWEEN_MASK_WRITE, 0);
		break;
	case REBLOCK_EVENTS_WRITE:
		if (v->phase == AUDIT_EXITED)
			v->exit.between |= PLANTED(74, REBLOCK_BETWEEN_EVENTS_WRITE, 0);
		else
			audit_forget(audit, v, REBLOCK_CAUSE_EVENTS_WRITE);
		break;
	default: /* an exit to user space */
		if (v->phase == AUDIT_ENTERED)
			audit_forget(audit, v,
				     REBLOCK_CAUSE_LOST); /* the exit before it is missing */
		else if (PLANTED(75, !audit_captures(audit, REBLOCK_EVENTS_WRITE), false))
			v->exit.between |= REBLOCK_BETWEEN_USER_SPACE;
		break;
	}
}

static void step_exit(struct reblock_audit *audit, struct audit_vcpu *v,
		      const struct reblock_record *r, uint64_t number)
{
	struct reblock_record assumed = *r;

	audit_assume(audit, v, &assumed);
	audit_step_exit(audit, v, &assumed, number);
	if (v->pt.on)
		audit_witness_at_exit(audit, v, &assumed, number);
}

static void step_entry(struct reblock_audit *audit, struct audit_vcpu *v,
		       const struct reblock_record *r, uint64_t number)
{
	struct reblock_record assumed = *r;

	audit_plain_no_more(&v->exit);
	audit_assume(audit, v, &assumed);
	audit_step_entry(audit, v, &assumed, number);
	if (v->pt.on)
		audit_witness_at_entry(v, &assumed, number);
}

/* What comes after the records that exits and entries are made of. */
static int step_other(struct reblock_audit *audit, const struct reblock_record *r, uint64_t number)
{
	struct audit_vcpu *v;

	if (r->kind == REBLOCK_LOST)
		return step_lost(audit, r);
	if (r->kind == REBLOCK_META)
		return step_meta(audit, r);
	v = audit_vcpu_of(audit, r->vm, r->vcpu);
	if (!v)
		return -ENOMEM;
	v->summary.records++;
	audit_plain_no_more(&v->exit);
	audit_witness(audit, v, r, number);
	return audit->stop;
}

_Static_assert(REBLOCK_META == REBLOCK_LOST + 1 && REBLOCK_WITNESS == REBLOCK_META + 1 &&
		       REBLOCK_KINDS == REBLOCK_WITNESS + 1,
	       "what exits and entries are made of comes first");

static inline int step(struct reblock_audit *audit, const struct reblock_record *r, uint64_t number)
{
	struct audit_vcpu *v;

	audit->now = number;
	if (r->kind >= REBLOCK_LOST)
		return step_other(audit, r, number);
	v = audit_vcpu_of(audit, r->vm, r->vcpu);
	if (!v)
		return -ENOMEM;
	v->summary.records++;
	check_sequence(audit, v, r);
	if (audit->options.policy)
		audit_predict_operation(audit, v, r);
	if (r->kind == REBLOCK_EXIT) {
		if (!audit_plain_exit(audit, v, r, number))
			step_exit(audit, v, r, number);
	} else if (r->kind == REBLOCK_ENTRY) {
		if (!audit_plain_entry(audit, v, r))
			step_entry(audit, v, r, number);
	} else if (r->kind == REBLOCK_MASK_READ) {
		step_mask_read(v, r, number);
	} else if (r->kind == REBLOCK_BLOCKED_READ) {
		step_blocked_read(v, r, number);
	} else {
		step_operation(audit, v, r);
	}
	return audit->stop;
}

int reblock_audit_feed(struct reblock_audit *audit, uint64_t first,
		       const struct reblock_record *records, size_t n)
{
	size_t i;
	int result;

	audit->sorted = false;
	for (i = 0; i < n; i++) {
		/* A few records ahead: the checks before have pushed them out of the near caches. */
		__builtin_prefetch(&records[i + 8 < n ? i + 8 : i]);
		result = step(audit, &records[i], first + i);
		if (result)
			return result;
	}
	return 0;
}

int reblock_audit_feed_some(struct reblock_audit *audit, uint64_t first,
			    const struct reblock_record *records, const uint16_t *which, size_t n)
{
	size_t i;
	int result;

	audit->sorted = false;
	for (i = 0; i < n; i++) {
		__builtin_prefetch(&records[which[i + 16 < n ? i + 16 : i]]);
		result = step(audit, &records[which[i]], first + which[i]);
		if (result)
			return result;
	}
	return 0;
}

int reblock_audit_finish(struct reblock_audit *audit)
{
	size_t i;

	audit->now = UINT64_MAX;

	for (i = 0; i < audit->n_vcpus; i++) {
		struct audit_vcpu *v = audit->vcpus[i];

		audit_handler_finish(audit, v);
		audit_question_finish(audit, v);
		audit_witness_finish(audit, v);
		audit_forget(audit, v, REBLOCK_CAUSE_NO_ENTRY);
	}
	return audit->stop;
}

int reblock_audit_join(struct reblock_audit *audit, struct reblock_audit *from)
{
	if (audit_vcpus_take(audit, from))
		return -ENOMEM;
	/* What names no vCPU was counted by both. */
	audit->losses += from->losses - from->lost_anywhere;
	audit->lost_records += from->lost_records - from->lost_anywhere;
	reblock_summary_add(&audit->retired, &from->retired);
	audit->sorted = false;
	reblock_audit_free(from);
	return 0;
}

static int by_vm_and_vcpu(const void *a, const void *b)
{
	const struct audit_vcpu *const *left = a;
	const struct audit_vcpu *const *right = b;
	uint64_t l = (uint64_t)(*left)->summary.vm << 16 | (*left)->summary.vcpu;
	uint64_t r = (uint64_t)(*right)->summary.vm << 16 | (*right)->summary.vcpu;

	return l < r ? -1 : l > r;
}

static void sort(struct reblock_audit *audit)
{
	size_t i;

	if (audit->n_vcpus)
		qsort(audit->vcpus, audit->n_vcpus, sizeof(struct audit_vcpu *), by_vm_and_vcpu);
	audit_vcpus_rehash(audit);
	for (i = 0; i < audit->n_vcpus; i++) {
		struct reblock_summary *summary = &audit->vcpus[i]->summary;
		size_t k;

		for (k = 0; k < audit->n_vms; k++) {
			if (audit->vms[k].vm != summary->vm)
				continue;
			summary->pid = audit->vms[k].pid;
			memcpy(summary->name, audit->vms[k].name, sizeof(summary->name));
		}
	}
	audit->sorted = true;
}

const struct reblock_summary *reblock_audit_summary(struct reblock_audit *audit, size_t i)
{
	if (!audit->sorted)
		sort(audit);
	return i < audit->n_vcpus ? &audit->vcpus[i]->summary : NULL;
}

uint64_t reblock_audit_losses(const struct reblock_audit *audit)
{
	return audit->losses;
}

uint64_t reblock_audit_lost_records(const struct reblock_audit *audit)
{
	return audit->lost_records;
}

void reblock_audit_free(struct reblock_audit *audit)
{
	size_t i;

	if (!audit)
		return;
	for (i = 0; i < audit->n_vcpus; i++) {
		audit_predict_free(audit->vcpus[i]);
		free(audit->vcpus[i]);
	}
	free(audit->vcpus);
	free(audit->buckets);
	free(audit->vms);
	free(audit);
}
