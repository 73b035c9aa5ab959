/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one call of reblock_input_next gave, and what came of it: kept until all groups have judged it and its
 * turn has come to be told.
 */
#ifndef PARALLEL_BATCH_H
#define PARALLEL_BATCH_H

#include <stdbool.h>
#include <reblock/audit.h>
#include <reblock/input.h>
#include "parallel/share.h"

struct batch_findings {
	struct reblock_finding *list;
	size_t n, room;
};

struct batch {
	const struct reblock_record *records;
	uint32_t n;
	uint64_t first; /* number of the first record */
	struct share *share;
	struct reblock_record *own; /* a copy, where the reader goes on in the same place */
	struct batch_findings findings[GROUPS]; /* of each group */
	char **damages;                         /* that the reader met before these records */
	size_t n_damages, damages_room;
	bool short_of_memory; /* for a damage */
	unsigned groups_left; /* that have not yet judged it */
};

/* Room for it, but not for a copy. Returns 0 or -ENOMEM; batch_free even then. */
int batch_new(struct batch *batch);
void batch_free(struct batch *batch);

/* Takes N records as the reader gave them; COPY: they do not stay there. Returns 0 or -ENOMEM. */
int batch_take(struct batch *batch, const struct reblock_record *records, uint32_t n, bool copy);

/* Keeps a finding of GROUP. Returns 0 or -ENOMEM. */
int batch_finding(struct batch *batch, unsigned group, const struct reblock_finding *finding);

/* Keeps a message; short_of_memory says if it could not. */
void batch_damage(struct batch *batch, const char *message);

/* Whether there are findings or damages to tell. */
bool batch_has_something(const struct batch *batch);

/* Tells damages, then findings as one audit would have. Returns 0, what FINDING returned, or -ENOMEM. Empties it. */
int batch_tell(struct batch *batch, reblock_damage_fn *damage, void *damage_context,
	       reblock_finding_fn *finding, void *context);

#endif
