/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "pt/runs.h"

static const struct pt_run not_known = { 0, 0, UINT32_MAX };

int pt_runs_add(struct pt_runs *r, uint64_t t, uint32_t pid, uint32_t tid)
{
	struct pt_run *last = r->runs && r->n ? &r->runs[r->first + r->n - 1] : NULL;

	if (last && last->tid == tid) {
		/* It is told when a thread is put there and when it begins. */
		if (!last->pid || last->pid == UINT32_MAX)
			last->pid = pid;
		return 0;
	}
	if (last && t < last->from)
		t = last->from;
	if (r->runs && r->n == PT_RUNS_MOST) {
		r->first++;
		r->n--;
		r->forgotten = r->runs[r->first].from;
	}
	if (!r->runs || r->first + r->n == r->room) {
		if (r->runs && r->first > r->n) {
			memcpy(r->runs, r->runs + r->first, r->n * sizeof(*r->runs));
		} else {
			size_t room = r->room ? r->room * 2 : 16;
			struct pt_run *runs = realloc(r->runs, room * sizeof(*runs));

			if (!runs)
				return -ENOMEM;
			memmove(runs, runs + r->first, r->n * sizeof(*runs));
			r->runs = runs;
			r->room = room;
		}
		r->first = 0;
	}
	if (!r->n && !r->forgotten)
		r->forgotten = t;
	r->runs[r->first + r->n++] = (struct pt_run){ t, pid, tid };
	return 0;
}

void pt_runs_forget(struct pt_runs *r, uint64_t t)
{
	while (r->n > 1 && r->runs[r->first + 1].from < t) {
		r->first++;
		r->n--;
		r->forgotten = r->runs[r->first].from;
	}
}

/* How many of the runs begin at T or before it. */
static size_t begun(const struct pt_runs *r, uint64_t t)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (r->runs[r->first + middle].from <= t)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct pt_run *pt_runs_between(const struct pt_runs *r, uint64_t from, uint64_t to, size_t i)
{
	size_t first = begun(r, from), last = begun(r, to);

	if (!first) {
		if (!i)
			return &not_known;
		i--;
	} else {
		first--;
	}
	return first + i < last ? &r->runs[r->first + first + i] : NULL;
}

uint64_t pt_runs_end(const struct pt_runs *r, const struct pt_run *run)
{
	if (run == &not_known)
		return r->n ? r->runs[r->first].from : UINT64_MAX;
	run++;
	return run < r->runs + r->first + r->n ? run->from : UINT64_MAX;
}

void pt_runs_free(struct pt_runs *r)
{
	free(r->runs);
	memset(r, 0, sizeof(*r));
}
