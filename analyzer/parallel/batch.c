/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "parallel/batch.h"

#define KEPT 64 /* findings that room is kept for */

int batch_new(struct batch *batch)
{
	memset(batch, 0, sizeof(*batch));
	batch->share = malloc(sizeof(*batch->share));
	return batch->share ? 0 : -ENOMEM;
}

static void empty(struct batch *batch)
{
	for (size_t i = 0; i < batch->n_damages; i++)
		free(batch->damages[i]);
	batch->n_damages = 0;
	for (unsigned g = 0; g < GROUPS; g++) {
		struct batch_findings *f = &batch->findings[g];

		f->n = 0;
		if (f->room <= KEPT)
			continue;
		free(f->list);
		f->list = NULL;
		f->room = 0;
	}
}

void batch_free(struct batch *batch)
{
	empty(batch);
	for (unsigned g = 0; g < GROUPS; g++)
		free(batch->findings[g].list);
	free(batch->damages);
	free(batch->own);
	free(batch->share);
}

int batch_take(struct batch *batch, const struct reblock_record *records, uint32_t n, bool copy)
{
	batch->n = n;
	batch->records = records;
	if (!copy)
		return 0;
	if (!batch->own)
		batch->own = aligned_alloc(64, REBLOCK_CHUNK_RECORDS * sizeof(*batch->own));
	if (!batch->own)
		return -ENOMEM;
	memcpy(batch->own, records, n * sizeof(*records));
	batch->records = batch->own;
	return 0;
}

int batch_finding(struct batch *batch, unsigned group, const struct reblock_finding *finding)
{
	struct batch_findings *f = &batch->findings[group];

	if (f->n == f->room) {
		size_t room = f->room ? f->room * 2 : 8;
		struct reblock_finding *list = realloc(f->list, room * sizeof(*list));

		if (!list)
			return -ENOMEM;
		f->list = list;
		f->room = room;
	}
	f->list[f->n++] = *finding;
	return 0;
}

void batch_damage(struct batch *batch, const char *message)
{
	if (batch->n_damages == batch->damages_room) {
		size_t room = batch->damages_room ? batch->damages_room * 2 : 8;
		char **damages = realloc(batch->damages, room * sizeof(*damages));

		if (!damages) {
			batch->short_of_memory = true;
			return;
		}
		batch->damages = damages;
		batch->damages_room = room;
	}
	batch->damages[batch->n_damages] = strdup(message);
	if (batch->damages[batch->n_damages])
		batch->n_damages++;
	else
		batch->short_of_memory = true;
}

bool batch_has_something(const struct batch *batch)
{
	if (batch->n_damages)
		return true;
	for (unsigned g = 0; g < GROUPS; g++)
		if (batch->findings[g].n)
			return true;
	return false;
}

/* In the order of one audit; those of one vCPU at one record are of one group and stay in theirs. */
static bool before(const struct reblock_finding *a, const struct reblock_finding *b)
{
	if (a->found_at != b->found_at)
		return a->found_at < b->found_at;
	return a->vcpu_first < b->vcpu_first;
}

int batch_tell(struct batch *batch, reblock_damage_fn *damage, void *damage_context,
	       reblock_finding_fn *finding, void *context)
{
	size_t told[GROUPS] = { 0 };
	int result = 0;

	for (size_t i = 0; damage && i < batch->n_damages; i++)
		damage(damage_context, batch->damages[i]);
	/* Each group's are in order: the smallest of the first ones is next. */
	while (!result) {
		const struct reblock_finding *next = NULL;
		unsigned of = 0;

		for (unsigned g = 0; g < GROUPS; g++) {
			const struct batch_findings *f = &batch->findings[g];

			if (told[g] == f->n || (next && !before(&f->list[told[g]], next)))
				continue;
			next = &f->list[told[g]];
			of = g;
		}
		if (!next)
			break;
		told[of]++;
		result = finding(context, next);
	}
	empty(batch);
	return result;
}
