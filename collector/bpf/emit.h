/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* Records on their way to the ring: numbering, the exit that was kept back, and drops. */
#ifndef COLLECTOR_BPF_EMIT_H
#define COLLECTOR_BPF_EMIT_H

#include "name.h"

static __always_inline void begin(struct reblock_record *r, __u8 kind)
{
	__builtin_memset(r, 0, sizeof(*r));
	r->t = bpf_ktime_get_ns();
	r->cpu = bpf_get_smp_processor_id();
	r->kind = kind;
}

static __always_inline void number(struct vcpu_state *state, struct reblock_record *r)
{
	r->vm = state->vm;
	r->vcpu = state->vcpu;
	r->seq = state->seq++;
	r->presence |= REBLOCK_HAS_SEQ;
}

static __always_inline void drop(struct vcpu_state *state, __u32 n)
{
	state->lost += n;
	COUNT(dropped, n);
}

/*
 * Puts EVENT (may be NULL) in the ring, after the exit that was kept back, in one piece. What finds no
 * room has been numbered all the same, so that the gap shows.
 */
static __always_inline void emit(struct vcpu_state *state, struct reblock_record *event)
{
	struct reblock_record *r;

	/* Not at a vCPU's end (no EVENT), which may run in any process. */
	if (!state->named && event)
		state->named = emit_name(state->vm, bpf_get_current_pid_tgid() >> 32);
	if (state->pending && event) {
		state->pending = 0;
		number(state, &state->exit);
		number(state, event);
		r = reserve(2);
		if (!r) {
			drop(state, 2);
			return;
		}
		r[0] = state->exit;
		r[1] = *event;
	} else if (state->pending) {
		state->pending = 0;
		number(state, &state->exit);
		r = reserve(1);
		if (!r) {
			drop(state, 1);
			return;
		}
		*r = state->exit;
	} else if (event) {
		number(state, event);
		r = reserve(1);
		if (!r) {
			drop(state, 1);
			return;
		}
		*r = *event;
	} else {
		return;
	}
	if (state->lost)
		COUNT(placed, state->lost);
	state->lost = 0;
	submit(r);
}

#endif
