/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an audit must not look at: on which CPU of the host something ran, what VMs are called, when it was, and how
 * vCPUs, which know nothing of each other, come in turn.
 */
#include "fuzz.h"
#include "meta/meta.h"

/* Moves what was found back to where the run has it. */
static void move_back(struct result *result, uint64_t later, uint32_t more)
{
	for (size_t i = 0; i < result->n_findings && i < RESULT_FINDINGS; i++) {
		if (result->findings[i].t != REBLOCK_NO_TIME)
			result->findings[i].t -= later;
		result->findings[i].vm -= more;
	}
	for (size_t i = 0; i < result->n_summaries; i++)
		result->summaries[i].vm -= more;
}

void meta_elsewhere(struct meta *m)
{
	const struct run *run = m->run;
	uint64_t later = (uint64_t)dice(&m->dice, UINT32_MAX) << dice(&m->dice, 24);
	uint32_t more = dice(&m->dice, 2) ? dice(&m->dice, 1 << 24) : 0;

	for (size_t i = 0; i < m->n; i++) {
		struct reblock_record *r = &meta_records[i];

		*r = m->records[i];
		if (r->t != REBLOCK_NO_TIME) {
			if (r->t >> 60 || r->vm >> 28)
				return;
			r->t += later;
		}
		if (r->vm != REBLOCK_NO_VM)
			r->vm += more;
		r->cpu = REBLOCK_NO_CPU;
	}
	result_of(&m->other, meta_records, m->n, &run->source, &m->options, NULL);
	move_back(&m->other, later, more);
	result_expect_same(&m->whole, &m->other, true, "at another time and place");
}

/* The records from BEGIN to END, all of them of a vCPU, by vCPU: chains of places. */
struct chains {
	struct {
		uint32_t vm;
		uint16_t vcpu;
		size_t first, last;
	} of[SIM_VCPUS_MOST];
	unsigned n;
	size_t next[RUN_RECORDS_MOST];
};

static void chain(struct chains *c, const struct meta *m, size_t i)
{
	const struct reblock_record *r = &m->records[i];
	unsigned k = 0;

	while (k < c->n && (c->of[k].vm != r->vm || c->of[k].vcpu != r->vcpu))
		k++;
	if (k == SIM_VCPUS_MOST)
		fuzz_fail("the run has more vCPUs than it may have");
	c->next[i] = SIZE_MAX;
	if (k == c->n) {
		c->of[c->n].vm = r->vm;
		c->of[c->n].vcpu = r->vcpu;
		c->of[c->n++].first = i;
	} else {
		c->next[c->of[k].last] = i;
	}
	c->of[k].last = i;
}

/* Takes all chains to pieces, in any order; N records are there already. */
static size_t merge(struct meta *m, struct chains *c, size_t n)
{
	unsigned most = 1 + dice(&m->dice, 16);

	while (c->n) {
		unsigned k = dice(&m->dice, c->n), some = 1 + dice(&m->dice, most);

		while (some-- && c->of[k].first != SIZE_MAX) {
			size_t i = c->of[k].first;

			c->of[k].first = c->next[i];
			meta_from[n] = (uint32_t)i;
			meta_records[n++] = m->records[i];
		}
		if (c->of[k].first == SIZE_MAX)
			c->of[k] = c->of[--c->n];
	}
	return n;
}

void meta_interleaved(struct meta *m)
{
	static struct chains chains;
	const struct run *run = m->run;
	size_t n = 0;

	chains.n = 0;
	for (size_t i = 0; i < m->n; i++) {
		if (m->records[i].vcpu != REBLOCK_NO_VCPU) {
			chain(&chains, m, i);
			continue;
		}
		/* What is said of all vCPUs stays where it is for each. */
		n = merge(m, &chains, n);
		meta_from[n] = (uint32_t)i;
		meta_records[n++] = m->records[i];
	}
	n = merge(m, &chains, n);
	if (n != m->n)
		fuzz_fail("interleaved otherwise: records are gone");
	result_of(&m->other, meta_records, n, &run->source, &m->options, meta_from);
	result_order_by_vcpu(&m->whole);
	result_order_by_vcpu(&m->other);
	result_expect_same(&m->whole, &m->other, false, "interleaved otherwise");
}
