/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Busy runs from dice: guests with more NMIs, IRETs and faults of IRETs than any other has, a hypervisor that errs, and a
 * recorder that sees and misses this and that. Each run has a theme, which its turns come back to: what takes the same
 * thing several times would hardly come about otherwise.
 */
#ifndef MUTATOR_BUSY_H
#define MUTATOR_BUSY_H

#include <stdint.h>
#include "mutator/mutator.h"

struct busy_theme {
	uint8_t cell[RUN_CELL];  /* its bytes ... */
	uint8_t often[RUN_CELL]; /* ... and of how many turns, out of 4, each is the byte */
};

/* Fills the RUN_HEADER bytes at HEADER with a host. Most see nearly everything, so that most rules are asked. */
void mutator_busy_header(struct mutator *mutator, uint8_t *header);

/* Adds to that header a recording of Intel PT, beside the records or without any. */
void mutator_busy_pt(struct mutator *mutator, uint8_t *header);

void mutator_busy_theme(struct mutator *mutator, struct busy_theme *theme);

/* Fills the RUN_CELL bytes at CELL with a turn. */
void mutator_busy_cell(struct mutator *mutator, const struct busy_theme *theme, uint8_t *cell);

#endif
