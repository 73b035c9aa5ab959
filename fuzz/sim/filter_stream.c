/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/filter_stream.h"

static struct filter_vcpu *find(struct filter_stream *s, const struct reblock_record *r)
{
	unsigned i = 0;

	while (i < FILTER_VCPUS - 1 && s->vcpus[i].used &&
	       (s->vcpus[i].vm != r->vm || s->vcpus[i].vcpu != r->vcpu))
		i++;
	s->vcpus[i].used = true;
	s->vcpus[i].vm = r->vm;
	s->vcpus[i].vcpu = r->vcpu;
	return &s->vcpus[i];
}

static void put(struct filter_stream *s, struct filter_vcpu *v, const struct reblock_record *r,
		size_t at)
{
	struct reblock_record *out = &s->out[s->n];

	*out = *r;
	if (r->presence & REBLOCK_HAS_SEQ)
		out->seq = v->seq++;
	s->from[s->n++] = at;
}

/* The exit and the operations that are kept, with the entry (may be NULL) that follows. */
static void decide(struct filter_stream *s, struct filter_vcpu *v,
		   const struct reblock_record *entry, size_t at)
{
	const struct reblock_record *exit = v->kept ? &v->exit : NULL;
	bool asked = v->asked || (entry && !v->exited);

	if (!exit && !entry)
		return;
	if (reblock_filter_pair(&v->filter, exit, asked, entry)) {
		if (exit && !v->recorded) {
			v->exit.flags |= v->left_out ? REBLOCK_LEFT_OUT : 0;
			put(s, v, exit, v->exit_at);
		}
		for (unsigned i = 0; i < v->n; i++)
			put(s, v, &v->operations[i], v->operations_at[i]);
		if (entry) {
			struct reblock_record alone = *entry;

			if (v->exited && !exit)
				alone.flags |= REBLOCK_LEFT_OUT;
			put(s, v, &alone, at);
		}
		v->left_out = false;
	} else {
		v->left_out = true;
	}
	v->kept = v->asked = v->recorded = false;
	v->n = 0;
}

/* No room for more operations: then the exit matters, and is recorded before its entry comes. */
static void record_now(struct filter_stream *s, struct filter_vcpu *v)
{
	v->asked = v->recorded = true;
	v->exit.flags |= v->left_out ? REBLOCK_LEFT_OUT : 0;
	put(s, v, &v->exit, v->exit_at);
	for (unsigned i = 0; i < v->n; i++)
		put(s, v, &v->operations[i], v->operations_at[i]);
	v->n = 0;
}

static void take_exit(struct filter_stream *s, struct filter_vcpu *v,
		      const struct reblock_record *r, size_t at)
{
	decide(s, v, NULL, 0);
	v->exited = true;
	v->kept = reblock_filter_exit(&v->filter, r);
	if (v->kept) {
		v->exit = *r;
		v->exit_at = at;
	} else {
		v->left_out = true;
	}
}

static void take_operation(struct filter_stream *s, struct filter_vcpu *v,
			   const struct reblock_record *r, size_t at)
{
	if (!v->kept && v->exited)
		return; /* it goes with its exit */
	if (reblock_filter_operation(v->kept ? &v->exit : NULL, r->kind))
		v->asked = true;
	if (!v->kept) {
		(void)reblock_filter_pair(&v->filter, NULL, true, NULL);
		v->asked = false;
		put(s, v, r, at);
		return;
	}
	if (v->n == FILTER_OPERATIONS)
		record_now(s, v);
	if (v->recorded) {
		put(s, v, r, at);
		return;
	}
	v->operations[v->n] = *r;
	v->operations_at[v->n++] = at;
}

void filter_stream_take(struct filter_stream *s, const struct reblock_record *r, size_t at)
{
	struct filter_vcpu *v;

	/* What PT saw comes from elsewhere, and no recorder's filter sees it. */
	if (r->kind == REBLOCK_META || r->kind == REBLOCK_WITNESS) {
		s->out[s->n] = *r;
		s->from[s->n++] = at;
		return;
	}
	v = find(s, r);
	switch (r->kind) {
	case REBLOCK_EXIT:
		take_exit(s, v, r, at);
		break;
	case REBLOCK_ENTRY:
		decide(s, v, r, at);
		v->exited = false;
		break;
	case REBLOCK_LOST:
		decide(s, v, NULL, 0);
		v->exited = false;
		put(s, v, r, at);
		break;
	default:
		take_operation(s, v, r, at);
		break;
	}
}

void filter_stream_end(struct filter_stream *s)
{
	for (unsigned i = 0; i < FILTER_VCPUS; i++)
		decide(s, &s->vcpus[i], NULL, 0);
}
