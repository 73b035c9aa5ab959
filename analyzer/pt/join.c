/* SPDX-License-Identifier: BSD-2-Clause */
/* What both ways of joining share: what is given, and what is said at the end. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "notes.h"
#include "pt/join_state.h"

#define CPUS (REBLOCK_NO_CPU + 1u)
#define GIVE_MOST 4096 /* records at once */
#define SLACK \
	500 /* ns by which PT's estimated times may be wrong, beside what the clock says of itself */

static bool matches(const struct pt_join *j)
{
	return j->o.has_records && j->o.clock->kind != PT_CLOCK_UNKNOWN;
}

/* At how many places of Q bytes are missing; what a snapshot does not have is none. */
static uint64_t missing(const struct pt_queue *q)
{
	uint64_t n = 0;

	for (size_t i = 0; i < q->n_pieces; i++) {
		bool truncated = i && (q->pieces[i - 1].flags & PT_PIECE_TRUNCATED);

		n += (i && (q->pieces[i].flags & PT_PIECE_GAP) && !truncated) +
		     ((q->pieces[i].flags & PT_PIECE_TRUNCATED) != 0);
	}
	return n;
}

int pt_join_new(const struct pt_join_options *options, struct pt_join **join)
{
	struct pt_join *j = *join = calloc(1, sizeof(*j));
	size_t n = options->n_queues;
	int err;

	if (!j)
		return -ENOMEM;
	j->o = *options;
	j->slack = options->clock->error + SLACK;
	j->lanes = calloc(n ? n : 1, sizeof(*j->lanes));
	j->lane_of = calloc(CPUS, sizeof(*j->lane_of));
	if (!j->lanes || !j->lane_of)
		return -ENOMEM;
	err = pt_ahead_new(options->queues, n, options->jobs, &j->ahead);
	for (size_t i = 0; i < n && !err; i++) {
		j->lanes[i].entered = PT_FOREVER;
		j->count.missing += missing(&options->queues[i]);
		j->lanes[i].guest = pt_guest_new(j->ahead, i, options->clock);
		if (!j->lanes[i].guest)
			err = -ENOMEM;
		if (options->queues[i].cpu != REBLOCK_NO_CPU)
			j->lane_of[options->queues[i].cpu] = (uint32_t)i + 1;
	}
	return err;
}

struct reblock_record *pt_join_put(struct pt_join *j, size_t n)
{
	struct reblock_record *out = j->out;

	if (!out || j->out_room - j->n_out < n) {
		size_t room = j->n_out + n + j->out_room + 1;

		out = realloc(out, room * sizeof(*out));
		if (!out)
			return NULL;
		j->out = out;
		j->out_room = room;
	}
	out += j->n_out;
	j->n_out += n;
	return out;
}

void pt_join_copy(struct pt_join *j, struct pt_vcpu *vcpu, uint16_t cpu, uint64_t from, uint64_t to,
		  int l2, const struct reblock_record *w, size_t n, struct reblock_record *out)
{
	if (vcpu->t > from)
		from = vcpu->t;
	for (size_t i = 0; i < n; i++) {
		out[i] = w[i];
		out[i].vm = vcpu->vm;
		out[i].vcpu = vcpu->vcpu;
		out[i].cpu = cpu;
		if (l2 >= 0) {
			out[i].presence |= REBLOCK_HAS_L2;
			out[i].flags |= l2 ? REBLOCK_L2 : 0;
		}
		if (out[i].t == REBLOCK_NO_TIME && !from)
			continue; /* no time was known yet */
		if (out[i].t < from || out[i].t == REBLOCK_NO_TIME)
			out[i].t = from;
		if (out[i].t > to)
			out[i].t = to;
		vcpu->t = from = out[i].t;
		if (j->o.clock->kind == PT_CLOCK_UNKNOWN)
			out[i].t = REBLOCK_NO_TIME;
	}
}

int pt_join_take(struct pt_join *j, const struct reblock_record *records, size_t n)
{
	return matches(j) ? pt_match_take(j, records, n) : pt_alone_take(j, records, n);
}

void pt_join_end(struct pt_join *j)
{
	j->ended = true;
}

long pt_join_give(struct pt_join *j, const struct reblock_record **records)
{
	size_t n;
	int err = 0;

	if (j->given == j->n_out) {
		j->given = j->n_out = 0;
		err = matches(j) ? pt_match_all(j) : pt_alone_all(j);
	}
	if (err)
		return err;
	*records = j->out ? j->out + j->given : NULL;
	n = j->n_out - j->given;
	n = n < GIVE_MOST ? n : GIVE_MOST;
	j->given += n;
	return (long)n;
}

void pt_join_counts(const struct pt_join *j, struct pt_counts *counts)
{
	pt_ahead_counts(j->ahead, counts);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void say_lost(struct notes *n, const struct pt_counts *c)
{
	note(n, c->overflows,
	     "Intel PT: the processor lost packets at %" PRIu64
	     " place%s (overflow); what happened there was not seen",
	     c->overflows, plural(c->overflows));
	note(n, c->errors,
	     "Intel PT: at %" PRIu64
	     " place%s it could not be read on before the next PSB: unknown or damaged packets, or data that begin without one; %" PRIu64
	     " bytes were passed over",
	     c->errors, plural(c->errors), c->skipped);
}

static void say_unfollowed(struct notes *n, const struct pt_counts *c)
{
	note(n, c->unfollowed,
	     "Intel PT: at %" PRIu64
	     " place%s the guest's instructions could not be followed with the image: whether IRETs completed there is not known",
	     c->unfollowed, plural(c->unfollowed));
	note(n, c->wrong_image,
	     "Intel PT: the image is not what ran in %" PRIu64
	     " pieces of it: is it that guest's memory, of the same boot? None of their IRETs counts",
	     c->wrong_image);
}

static void say_unmatched(struct notes *n, const struct pt_join *j)
{
	note(n, j->count.unmatched,
	     "Intel PT: %" PRIu64
	     " guest sections fit no stay of a vCPU in the records, or several; they are given to none",
	     j->count.unmatched);
	note(n, j->count.nobody,
	     "Intel PT: %" PRIu64 " of the %" PRIu64
	     " stays of vCPUs in their guest were not found in it, and have no witnesses",
	     j->count.nobody, j->count.nobody + j->count.matched);
	note(n, j->count.unknown_thread,
	     "Intel PT: of %" PRIu64
	     " guest sections it is not known which thread ran then; they are given to no vCPU",
	     j->count.unknown_thread);
	note(n, j->count.no_vmcs,
	     "Intel PT: of %" PRIu64
	     " guest sections neither the thread nor the VMCS is known; they are given to no vCPU",
	     j->count.no_vmcs);
	note(n, j->count.too_many, "Intel PT: %" PRIu64 " guest sections are of more than %d vCPUs",
	     j->count.too_many, PT_VCPUS_MOST);
}

const char *pt_join_note(struct pt_join *j, size_t i)
{
	struct notes n = { .text = j->note, .size = sizeof(j->note), .left = i };
	struct pt_counts c;
	uint64_t sections = 0, too_long = 0, timeless = 0;
	bool non_root = false;

	pt_ahead_counts(j->ahead, &c);
	for (size_t q = 0; q < j->o.n_queues; q++) {
		const struct pt_guest_counts *g = pt_guest_counts(j->lanes[q].guest);

		sections += g->sections;
		too_long += g->too_long;
		timeless += g->timeless;
		non_root |= g->non_root;
	}
	note(&n, !non_root && !sections,
	     "Intel PT: there is no VM in it: of the %" PRIu64
	     " things that it saw none is a VM entry, an exit or a guest that runs; docs/intel-pt.md says what to record with",
	     c.events);
	note(&n, j->count.missing,
	     "Intel PT: bytes are missing at %" PRIu64
	     " place%s, where a buffer was full or they were left out; what happened there was not seen",
	     j->count.missing, plural(j->count.missing));
	say_lost(&n, &c);
	say_unfollowed(&n, &c);
	note(&n, timeless && matches(j),
	     "Intel PT: %" PRIu64
	     " events came before any time was known, or it was recorded without time (tsc=0)",
	     timeless);
	note(&n, too_long,
	     "Intel PT: %" PRIu64
	     " guest sections have more than 4096 events each; of those the first are left out",
	     too_long);
	say_unmatched(&n, j);
	return n.found ? j->note : NULL;
}

void pt_join_free(struct pt_join *j)
{
	if (!j)
		return;
	for (size_t i = 0; j->lanes && i < j->o.n_queues; i++) {
		pt_guest_free(j->lanes[i].guest);
		free(j->lanes[i].stays);
		pt_runs_free(&j->lanes[i].runs);
	}
	for (uint64_t i = j->first_held; i < j->n_held; i++)
		free(j->held[i % j->held_room].saw);
	free(j->held);
	free(j->lanes);
	free(j->lane_of);
	pt_ahead_free(j->ahead);
	pt_vcpus_free(&j->vcpus);
	pt_vcpus_free(&j->vms);
	free(j->out);
	free(j);
}
