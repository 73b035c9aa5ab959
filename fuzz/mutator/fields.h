/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The fields of a run's header and cells (run.h, sim/sim_turn.h): what a mutator changes and an enumerator counts through.
 *
 * In each field 0 is the plain thing. It need not be told here what a value means, only which are of interest.
 */
#ifndef MUTATOR_FIELDS_H
#define MUTATOR_FIELDS_H

#include <stddef.h>
#include <stdint.h>

struct run_field {
	const char *name;
	uint8_t byte, shift, bits; /* byte: of the header or the cell */
	/*
	 * How many of its values are of interest, 0 apart: VALUES[0], ... or, where that is NULL, 1, 2, ..., N. Others mean
	 * the same as one of these, or differ in nothing that is judged.
	 */
	uint8_t n;
	const uint8_t *values;
};

struct run_fields {
	size_t n;
	const struct run_field *at;
};

extern const struct run_fields run_header_fields, run_cell_fields;

/* Value number I (from 0, below field->n) of FIELD, not yet shifted. */
static inline unsigned run_field_value(const struct run_field *field, unsigned i)
{
	return field->values != NULL ? field->values[i] : i + 1;
}

/* Sets FIELD of the header or cell at BYTES to VALUE, of which only the field's bits count. */
static inline void run_field_set(const struct run_field *field, uint8_t *bytes, unsigned value)
{
	unsigned mask = ((1u << field->bits) - 1) << field->shift;

	bytes[field->byte] =
		(uint8_t)((bytes[field->byte] & ~mask) | (value << field->shift & mask));
}

static inline unsigned run_field_get(const struct run_field *field, const uint8_t *bytes)
{
	return bytes[field->byte] >> field->shift & ((1u << field->bits) - 1);
}

#endif
