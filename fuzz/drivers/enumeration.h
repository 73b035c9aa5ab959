/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * All short runs, in an order in which the simplest come first: by how many fields (mutator/fields.h) differ from the
 * base, a header and plain cells, then by how many cells there are. Each comes once.
 */
#ifndef DRIVERS_ENUMERATION_H
#define DRIVERS_ENUMERATION_H

#include <stdbool.h>
#include "mutator/fields.h"
#include "run.h"

#define ENUMERATION_CELLS_MOST 8
#define ENUMERATION_FIELDS_MOST 8
#define ENUMERATION_SIZE_MOST (RUN_HEADER + ENUMERATION_CELLS_MOST * RUN_CELL)

struct enumeration {
	uint8_t header[RUN_HEADER]; /* the base's */
	unsigned cells, fields;     /* at most; neither above its ..._MOST */
	/* Gets each run. False ends it. The bytes may be changed, if they are put back. */
	bool (*each)(void *context, uint8_t *data, size_t size);
	void *context;
};

/* How many runs of exactly CELLS cells differ from the base in exactly FIELDS fields; 2^64 - 1 where there are more. */
uint64_t enumeration_count(const struct enumeration *enumeration, unsigned cells, unsigned fields);

/* Gives all runs of *ENUMERATION to its callback. Returns false if that has ended it. */
bool enumerate_runs(const struct enumeration *enumeration);

#endif
