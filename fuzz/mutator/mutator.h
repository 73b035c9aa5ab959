/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Changes runs (run.h) as runs: whole turns are inserted, deleted, swapped and repeated, guests are spliced, and one field of a
 * turn or of the header is changed, most often to a value that means something. At times turns, or whole runs, are made anew, in which
 * more happens than changes would bring about (busy.h). mutator/afl.c and mutator/libfuzzer.c bring it to the fuzzers.
 *
 * The same seed and the same calls give the same bytes.
 */
#ifndef MUTATOR_H
#define MUTATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "run.h"

#define MUTATOR_SIZE_MOST \
	(RUN_HEADER + RUN_CELLS_MOST * RUN_CELL) /* bytes that a run has at most */
#define MUTATOR_CHANGES_MOST 16                  /* at once */
#define MUTATOR_CELLS_USUAL 64

enum mutator_operation {
	MUTATOR_CELL_FIELD, /* one field of a cell gets another value */
	MUTATOR_HEADER_FIELD,
	MUTATOR_TAKE_FIELD, /* ... gets the value that it has in another cell */
	MUTATOR_INSERT,     /* a cell: the plain one with a few fields changed, or a copy */
	MUTATOR_DELETE,     /* a few cells */
	MUTATOR_SWAP,       /* two cells, or two blocks of them */
	MUTATOR_REPEAT,     /* a few cells, several times */
	MUTATOR_COPY,       /* a block over other cells */
	MUTATOR_SPLICE,     /* this run's beginning, the other's end */
	MUTATOR_GRAFT,      /* a block of the other run is put between */
	MUTATOR_MIX,        /* cells of both in turn: their guests run side by side */
	MUTATOR_ADOPT,      /* the other's header */
	MUTATOR_HOST,       /* a header from dice (busy.h) */
	MUTATOR_BUSY,       /* turns from dice, put between or over others */
	MUTATOR_FRESH,      /* a whole run from dice */
	MUTATOR_OPERATIONS
};

struct mutator {
	uint64_t state; /* of the random numbers */
	unsigned n;     /* of the operations of the last mutator_change, in their order: */
	uint8_t done[MUTATOR_CHANGES_MOST]; /* enum mutator_operation */
};

/* A run that is being changed: SIZE bytes of MOST. At least RUN_HEADER; MOST at least that and one cell. */
struct mutator_run {
	uint8_t *data;
	size_t size, most;
};

void mutator_seed(struct mutator *mutator, uint64_t seed);

/* A number below LIMIT, which is not 0. */
unsigned mutator_below(struct mutator *mutator, unsigned limit);

/*
 * Changes the run of SIZE bytes at DATA, which has room for MOST bytes, by one to MUTATOR_CHANGES_MOST operations. OTHER is
 * another run of OTHER_SIZE bytes, or NULL. Returns the new size, which is not above MOST. The bytes of an incomplete
 * cell stay as they are, and are dropped when cells are moved. A run without cells becomes a fresh one. Most changes
 * let no run grow above MUTATOR_CELLS_USUAL cells: what takes longer is rare, and a fuzzer's time goes by the turn.
 */
size_t mutator_change(struct mutator *mutator, uint8_t *data, size_t size, size_t most,
		      const uint8_t *other, size_t other_size);

/* Does OPERATION once. Returns false if it cannot be done to this run, or finds nothing to change; the run is then as it was. */
bool mutator_do(struct mutator *mutator, enum mutator_operation operation, struct mutator_run *run,
		const uint8_t *other, size_t other_size);

/* "delete", "splice", ... */
const char *mutator_operation_name(enum mutator_operation operation);

/* Names the operations of the last mutator_change, as "insert+splice", cut off at SIZE - 1 characters. */
void mutator_describe(const struct mutator *mutator, char *text, size_t size);

#endif
