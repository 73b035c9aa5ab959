/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/*
 * The exit that is kept back and what follows it, until it is known whether they matter: then they go to
 * the ring in their order, or are left out (reblock/filter.h).
 */
#ifndef COLLECTOR_BPF_KEPT_H
#define COLLECTOR_BPF_KEPT_H

#include "awake.h"
#include "emit.h"

/* The operations since the exit, after that exit itself. */
static __noinline int emit_operations(struct vcpu_state *state)
{
	struct reblock_record r;
	__u32 n = state->n_operations;

	state->n_operations = 0;
#pragma unroll
	for (int i = 0; i < COLLECTOR_OPERATIONS; i++) {
		const struct kept_operation *o = &state->operations[i];

		if (i >= n)
			break;
		__builtin_memset(&r, 0, sizeof(r));
		r.t = o->t;
		r.reason = o->reason;
		r.cpu = o->cpu;
		r.presence = o->presence;
		r.kind = o->kind;
		r.flags = o->flags;
		emit(state, &r);
	}
	return 0;
}

/* All that is kept, and EVENT (may be NULL). */
static __always_inline void emit_kept(struct vcpu_state *state, struct reblock_record *event)
{
	if (state->n_operations)
		emit_operations(state);
	if (state->pending || event)
		emit(state, event);
}

static __always_inline void leave_out(struct vcpu_state *state)
{
	state->pending = 0;
	state->n_operations = 0;
	state->left_out = 1;
}

/* The exit that is kept is followed by another one, or by the end: no entry tells more of it. */
static __always_inline void close_exit(struct vcpu_state *state)
{
	if (ship_all) {
		emit_kept(state, 0);
		return;
	}
	if (!state->exit_seen)
		return;
	if (reblock_filter_pair(&state->filter, &state->exit, state->asked, 0))
		emit_kept(state, 0);
	else
		leave_out(state);
	state->exit_seen = 0;
	state->asked = 0;
}

/* An exit, as far as it is known now, in state->exit: kept, or left out at once. */
static __always_inline void keep_exit(struct vcpu_state *state, __u64 key)
{
	struct reblock_record *r = &state->exit;

	state->pending = 1;
	state->exit_seen = 1;
	if (ship_all)
		return;
	state->asked = 0;
	state->decided = reblock_filter_open(&state->filter) ||
			 reblock_filter_exit_alone(r) == REBLOCK_MATTERS;
	if (!state->decided && !reblock_filter_exit(&state->filter, r)) {
		leave_out(state);
		state->exit_seen = 0;
	} else if (!state->awake || state->left_out) {
		/* While a vCPU sleeps nobody takes down that something is left out. */
		r->flags |= REBLOCK_LEFT_OUT;
		state->left_out = 0;
	}
	settle(state, key, r->t);
}

/* An operation: kept with its exit, while it is not known whether that matters. */
static __always_inline void take_operation(struct vcpu_state *state, struct reblock_record *r)
{
	__u32 n = state->n_operations;

	if (ship_all) {
		emit(state, r);
		return;
	}
	if (!state->exit_seen) {
		/* Its exit was left out; or there was none, where none is left out. */
		if (reblock_filter_open(&state->filter)) {
			reblock_filter_pair(&state->filter, 0, true, 0);
			emit(state, r);
		}
		return;
	}
	if (reblock_filter_operation(&state->exit, r->kind) || n >= COLLECTOR_OPERATIONS)
		state->asked = 1;
	if (state->asked || state->decided) {
		emit_kept(state, r);
		return;
	}
	if (n < COLLECTOR_OPERATIONS) {
		struct kept_operation *o = &state->operations[n];

		o->t = r->t;
		o->reason = r->reason;
		o->cpu = r->cpu;
		o->presence = r->presence;
		o->kind = r->kind;
		o->flags = r->flags;
		state->n_operations = n + 1;
	}
}

/* An entry: now it is decided. */
static __always_inline void take_entry(struct vcpu_state *state, struct reblock_record *r,
				       __u64 key)
{
	/* No exit: it was left out, unless none is left out now; then it was not seen. */
	bool missing = !state->exit_seen && reblock_filter_open(&state->filter);

	if (ship_all) {
		emit(state, r);
	} else if (reblock_filter_pair(&state->filter, state->exit_seen ? &state->exit : 0,
				       state->asked || missing, r)) {
		if (!state->exit_seen && !missing) {
			r->flags |= REBLOCK_LEFT_OUT;
			state->left_out = 0;
		}
		emit_kept(state, r);
	} else {
		leave_out(state);
	}
	state->exit_seen = 0;
	state->asked = 0;
	state->blocked_seen = 0;
	settle(state, key, r->t);
}

#endif
