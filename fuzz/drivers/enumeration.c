/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "drivers/enumeration.h"

struct walk {
	const struct enumeration *enumeration;
	unsigned cells;
	size_t places; /* fields of the header, then those of each cell */
	uint8_t data[ENUMERATION_SIZE_MOST];
};

static size_t places(unsigned cells)
{
	return run_header_fields.n + (size_t)cells * run_cell_fields.n;
}

static const struct run_field *field_at(size_t place)
{
	if (place < run_header_fields.n)
		return &run_header_fields.at[place];
	return &run_cell_fields.at[(place - run_header_fields.n) % run_cell_fields.n];
}

/* Where the header or cell begins that PLACE lies in. */
static size_t start_of(size_t place)
{
	if (place < run_header_fields.n)
		return 0;
	return RUN_HEADER + (place - run_header_fields.n) / run_cell_fields.n * RUN_CELL;
}

/* What the base has there. */
static unsigned base_at(const struct enumeration *enumeration, size_t place)
{
	return place < run_header_fields.n ? run_field_get(field_at(place), enumeration->header) :
					     0;
}

/* Value number I of FIELD, 0 among them as the first. */
static unsigned value(const struct run_field *field, unsigned i)
{
	return i == 0 ? 0 : run_field_value(field, i - 1);
}

/* How many values there are but the base's. */
static unsigned others(const struct enumeration *enumeration, size_t place)
{
	const struct run_field *field = field_at(place);
	unsigned n = 0;

	for (unsigned i = 0; i <= field->n; i++)
		n += value(field, i) != base_at(enumeration, place);
	return n;
}

uint64_t enumeration_count(const struct enumeration *enumeration, unsigned cells, unsigned fields)
{
	/* ways[w]: to choose values for w of the places seen so far */
	uint64_t ways[ENUMERATION_FIELDS_MOST + 1] = { 1 };

	for (size_t place = 0; place < places(cells); place++) {
		for (unsigned w = fields; w > 0; w--) {
			uint64_t more;

			if (__builtin_mul_overflow(ways[w - 1], others(enumeration, place),
						   &more) ||
			    __builtin_add_overflow(ways[w], more, &ways[w]))
				ways[w] = UINT64_MAX;
		}
	}
	return ways[fields];
}

/* Changes FIELDS more of the places from FIRST on, in every way. */
static bool change(struct walk *walk, size_t first, unsigned fields)
{
	const struct enumeration *enumeration = walk->enumeration;

	if (fields == 0)
		return enumeration->each(enumeration->context, walk->data,
					 RUN_HEADER + (size_t)walk->cells * RUN_CELL);
	for (size_t place = first; place + fields <= walk->places; place++) {
		const struct run_field *field = field_at(place);
		uint8_t *bytes = walk->data + start_of(place);
		unsigned base = base_at(enumeration, place);

		for (unsigned i = 0; i <= field->n; i++) {
			if (value(field, i) == base)
				continue;
			run_field_set(field, bytes, value(field, i));
			if (!change(walk, place + 1, fields - 1))
				return false;
		}
		run_field_set(field, bytes, base);
	}
	return true;
}

bool enumerate_runs(const struct enumeration *enumeration)
{
	for (unsigned fields = 0; fields <= enumeration->fields; fields++) {
		for (unsigned cells = 0; cells <= enumeration->cells; cells++) {
			struct walk walk = { .enumeration = enumeration,
					     .cells = cells,
					     .places = places(cells) };

			memcpy(walk.data, enumeration->header, RUN_HEADER);
			if (!change(&walk, 0, fields))
				return false;
		}
	}
	return true;
}
