/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PT's guest sections without records that they could be matched with. All queues are merged in the order of time; where
 * threads are known, a section begins no earlier than its thread was put on that CPU, which orders the sections of a
 * thread that moves however roughly PT knows its own times.
 */
#include <errno.h>
#include <string.h>
#include "pt/join_state.h"

#define GIVE 1024 /* so many records are given at once, about */

enum { WANTS_RECORDS = 1 };

static bool by_threads(const struct pt_join *j, size_t lane)
{
	return j->o.queues[lane].tid || (j->o.has_threads && j->o.clock->kind != PT_CLOCK_UNKNOWN);
}

int pt_alone_take(struct pt_join *j, const struct reblock_record *records, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct reblock_record *r = &records[i];
		struct reblock_record *out;
		uint32_t lane;
		int err;

		if (r->t != REBLOCK_NO_TIME && r->t > j->newest)
			j->newest = r->t;
		if (r->kind != PT_JOIN_SWITCH) {
			out = pt_join_put(j, 1);
			if (!out)
				return -ENOMEM;
			*out = *r;
			continue;
		}
		lane = r->cpu == REBLOCK_NO_CPU ? 0 : j->lane_of[r->cpu];
		if (!lane || r->t == REBLOCK_NO_TIME)
			continue;
		err = pt_runs_add(&j->lanes[lane - 1].runs, r->t, r->error_code, r->reason);
		if (err)
			return err;
	}
	return 0;
}

/* Whether all that the reader says of times up to T is here. */
static bool told(const struct pt_join *j, uint64_t t)
{
	return j->ended || j->newest > t;
}

/* The threads that may have run on the CPU of lane I at some time from FROM to TO did so unseen. */
static void hide_threads(struct pt_join *j, size_t i, uint64_t from, uint64_t to)
{
	const struct pt_run *run;

	for (size_t k = 0; (run = pt_runs_between(&j->lanes[i].runs, from, to, k)) != NULL; k++) {
		struct pt_vcpu *vcpu;

		if (run->tid == UINT32_MAX) {
			j->gaps++;
			return;
		}
		vcpu = run->tid ? pt_vcpus_find(&j->vcpus, run->tid) : NULL;
		if (vcpu)
			vcpu->gaps = UINT64_MAX;
	}
}

/* What the first section or gap of lane I may have hidden. */
static void hide(struct pt_join *j, size_t i, const struct pt_section *p)
{
	struct pt_vcpu *vcpu;

	if (j->o.queues[i].tid) {
		vcpu = pt_vcpus_find(&j->vcpus, j->o.queues[i].tid);
		if (vcpu)
			vcpu->gaps = UINT64_MAX;
	} else if (by_threads(j, i)) {
		hide_threads(j, i, p->entry.from, p->exit.to);
	} else {
		j->gaps++;
	}
}

/*
 * Finds the one thread that can have run all of P. A guest section lies within one run of its thread. Returns whether
 * there is one.
 */
static bool thread_of(const struct pt_runs *runs, const struct pt_section *p, struct pt_run *found)
{
	const struct pt_run *run;
	unsigned n = 0;

	for (size_t k = 0; (run = pt_runs_between(runs, p->entry.from, p->entry.to, k)) != NULL;
	     k++) {
		if (!run->tid || run->from > p->exit.to || pt_runs_end(runs, run) < p->exit.from)
			continue;
		*found = *run;
		n++;
	}
	return n == 1 && found->tid != UINT32_MAX;
}

/* Finds whose the first section of lane I is, as far as that needs the reader. */
static int place(struct pt_join *j, size_t i)
{
	struct pt_lane *l = &j->lanes[i];
	const struct pt_section *p = pt_guest_section(l->guest, 0);
	struct pt_run run = { .tid = 0 };

	l->run = run;
	l->since = p->entry.from;
	if (j->o.queues[i].tid) {
		l->run = (struct pt_run){ .pid = j->o.queues[i].pid, .tid = j->o.queues[i].tid };
	} else if (by_threads(j, i)) {
		uint64_t to = p->gap && p->exit.to != PT_FOREVER ? p->exit.to : p->entry.to;

		if (!told(j, to))
			return WANTS_RECORDS;
		if (!p->gap && thread_of(&l->runs, p, &run)) {
			l->run = run;
			if (run.from > l->since)
				l->since = run.from;
		}
	}
	l->placed = true;
	return 0;
}

/* The VM and the number in it of a new vCPU. */
static int number(struct pt_join *j, size_t i, struct pt_vcpu *vcpu, uint64_t t)
{
	const struct pt_run *run = &j->lanes[i].run;
	const char *name;
	struct reblock_record *r;
	struct pt_vcpu *vm;
	/* Where the process is not known, a thread is one. */
	uint64_t process = run->pid && run->pid != UINT32_MAX ? run->pid : 1ull << 32 | run->tid;
	int err = pt_vcpus_get(&j->vms, run->tid ? process : UINT64_MAX, &vm);

	if (err)
		return err;
	if (!vm->vm) {
		vm->vm = j->o.first_vm + j->n_vms++;
		name = j->o.name && run->tid && run->pid != UINT32_MAX ?
			       j->o.name(j->o.context, run->pid, run->tid) :
			       NULL;
		if (run->tid && (process >> 32 == 0 || name)) {
			r = pt_join_put(j, 1);
			if (!r)
				return -ENOMEM;
			memset(r, 0, sizeof(*r));
			r->kind = REBLOCK_META;
			r->t = j->o.clock->kind == PT_CLOCK_UNKNOWN ? REBLOCK_NO_TIME : t;
			r->vm = vm->vm;
			r->vcpu = REBLOCK_NO_VCPU;
			r->cpu = REBLOCK_NO_CPU;
			if (process >> 32 == 0) {
				r->error_code = run->pid;
				r->presence = REBLOCK_HAS_ERROR_CODE;
			}
			if (name && name[0])
				reblock_record_set_name(r, name);
		}
	}
	if (vm->vcpu >= REBLOCK_NO_VCPU - 1)
		return -E2BIG;
	vcpu->vm = vm->vm;
	vcpu->vcpu = vm->vcpu++;
	vcpu->gaps = j->gaps;
	vcpu->queue = i;
	vcpu->run = run->from;
	return 0;
}

/* Whether VCPU may have run since its last section without being seen. */
static bool away(const struct pt_join *j, size_t i, const struct pt_section *p,
		 const struct pt_vcpu *vcpu)
{
	const struct pt_run *run = &j->lanes[i].run;

	if (!vcpu->seen)
		return false;
	if (vcpu->gaps != j->gaps || !vcpu->left || !p->entered)
		return true;
	if (j->o.queues[i].tid)
		return false; /* wherever it ran */
	if (!run->tid) /* which came first is not known where this may have been all over before the other ended */
		return (vcpu->queue != i && p->exit.from <= vcpu->last_entry.to) ||
		       (!j->o.all_cpus && (p->reloaded || vcpu->queue != i));
	return !j->o.all_cpus && (vcpu->queue != i || vcpu->run != run->from);
}

/* Gives the first section of lane I to its vCPU, if it has one. */
static int give_first(struct pt_join *j, size_t i)
{
	struct pt_lane *l = &j->lanes[i];
	const struct pt_section *p = pt_guest_section(l->guest, 0);
	const struct reblock_record *w = pt_guest_witnesses(l->guest, 0);
	const struct reblock_record *exit = p->left ? &w[p->n - 1] : NULL;
	uint16_t cpu = j->o.queues[i].cpu;
	struct pt_vcpu *vcpu;
	struct reblock_record *out;
	bool gap, nested;
	int err, l2;

	if (!l->run.tid && (by_threads(j, i) || !p->has_vmcs)) {
		j->count.unknown_thread += by_threads(j, i);
		j->count.no_vmcs += !by_threads(j, i);
		hide(j, i, p);
		return 0;
	}
	/* A VMCS is page-aligned: it cannot be mistaken for a thread. */
	err = pt_vcpus_get(&j->vcpus, l->run.tid ? l->run.tid : p->vmcs | 1ull << 63, &vcpu);
	if (!err && !vcpu->vm)
		err = number(j, i, vcpu, l->since);
	if (err == -E2BIG) {
		j->count.too_many++;
		return 0;
	}
	if (err)
		return err;
	nested = vcpu->nested;
	l2 = l->run.tid ? pt_vcpu_l2(vcpu, p, exit) : -1;
	/* One VMCS serves all guests that L1 runs in turn: this may be another than the one before. */
	gap = away(j, i, p, vcpu) || (vcpu->seen && vcpu->nested && !nested) ||
	      (!l->run.tid && l->runs_guest && l->l1 != p->vmcs);
	out = pt_join_put(j, p->n + gap);
	if (!out)
		return -ENOMEM;
	if (gap) {
		pt_witness_bare(out, REBLOCK_SAW_GAP);
		pt_join_copy(j, vcpu, cpu, l->since, PT_FOREVER, l2, out, 1, out);
	}
	pt_join_copy(j, vcpu, cpu, l->since, PT_FOREVER, l2, w, p->n, out + gap);
	vcpu->left = p->left;
	vcpu->seen = true;
	vcpu->gaps = j->gaps;
	vcpu->queue = i;
	vcpu->run = l->run.from;
	vcpu->last_entry = p->entry;
	l->runs_guest = pt_exit_runs_guest(exit);
	l->l1 = p->vmcs;
	return 0;
}

/* Finds the lane whose first section is next: sets *LANE. Returns 0, WANTS_RECORDS, or a negative errno. */
static int next_lane(struct pt_join *j, size_t *lane)
{
	*lane = j->o.n_queues;
	for (;;) {
		uint64_t since = PT_FOREVER;
		size_t best = j->o.n_queues;
		int err;

		for (size_t i = 0; i < j->o.n_queues; i++) {
			struct pt_lane *l = &j->lanes[i];
			uint64_t from;

			if (!pt_guest_sections(l->guest)) {
				err = pt_guest_more(l->guest);
				if (err < 0)
					return err;
				if (!err)
					continue;
			}
			from = l->placed ? l->since : pt_guest_section(l->guest, 0)->entry.from;
			if (best == j->o.n_queues || from < since) {
				best = i;
				since = from;
			}
		}
		if (best == j->o.n_queues || j->lanes[best].placed) {
			*lane = best;
			return 0;
		}
		err = place(j, best);
		if (err)
			return err;
	}
}

int pt_alone_all(struct pt_join *j)
{
	while (j->n_out < GIVE) {
		struct pt_lane *l;
		size_t i;
		int err = next_lane(j, &i);

		if (err)
			return err < 0 ? err : 0;
		if (i == j->o.n_queues)
			break;
		l = &j->lanes[i];
		if (pt_guest_section(l->guest, 0)->gap)
			hide(j, i, pt_guest_section(l->guest, 0));
		else
			err = give_first(j, i);
		if (err)
			return err;
		pt_runs_forget(&l->runs, pt_guest_section(l->guest, 0)->entry.from);
		pt_guest_drop(l->guest);
		l->placed = false;
	}
	return 0;
}
