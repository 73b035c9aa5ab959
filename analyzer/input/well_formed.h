/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether records that come from outside keep what record.h promises. */
#ifndef INPUT_WELL_FORMED_H
#define INPUT_WELL_FORMED_H

#include <stdbool.h>
#include <reblock/record.h>

/* Room for the masks of kinds and presences met lately; zeroed before first use. */
#define WELL_FORMED_SLOTS 256

struct well_formed {
	struct well_formed_slot {
		uint64_t must_be_0[8]; /* bits of the record, as words */
		uint32_t key;          /* kind and presence; 0: empty */
	} slot[WELL_FORMED_SLOTS];
};

/* The presence bits that a kind can have; 0 for a number that is no kind. */
uint16_t well_formed_fields(unsigned kind);

/* Returns whether R is well-formed: kind known, identifiers as its kind needs them, all else 0. */
bool well_formed_record(struct well_formed *w, const struct reblock_record *r);

/* Returns the first of N records that is not well-formed, or N. */
size_t well_formed_until(struct well_formed *w, const struct reblock_record *r, size_t n);

#endif
