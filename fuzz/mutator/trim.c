/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "mutator/trim.h"

static size_t cells(const struct trim *trim)
{
	return trim->size < RUN_HEADER ? 0 : (trim->size - RUN_HEADER) / RUN_CELL;
}

static bool is_plain(const uint8_t *cell)
{
	static const uint8_t plain[RUN_CELL];

	return memcmp(cell, plain, RUN_CELL) == 0;
}

/* The best one without the block at AT. */
static void leave_out(struct trim *trim)
{
	size_t left = cells(trim) - trim->at;
	size_t gone = (trim->block < left ? trim->block : left) * RUN_CELL;
	size_t from = RUN_HEADER + trim->at * RUN_CELL;

	memcpy(trim->candidate, trim->best, from);
	memcpy(trim->candidate + from, trim->best + from + gone, trim->size - from - gone);
	trim->candidate_size = trim->size - gone;
}

static void make_plain(struct trim *trim)
{
	memcpy(trim->candidate, trim->best, trim->size);
	memset(trim->candidate + RUN_HEADER + trim->at * RUN_CELL, 0, RUN_CELL);
	trim->candidate_size = trim->size;
}

/* Makes the next candidate from AT on, if there is one. */
static bool find(struct trim *trim)
{
	while (trim->block != 0) {
		/* One cell stays. */
		if (trim->at < cells(trim) && cells(trim) > trim->block) {
			leave_out(trim);
			return true;
		}
		trim->at = 0;
		trim->block = trim->block > trim->least ? trim->block / 2 : 0;
		if (trim->block == 0 && cells(trim) > TRIM_PARTS)
			return false;
	}
	while (trim->at < cells(trim) && is_plain(trim->best + RUN_HEADER + trim->at * RUN_CELL))
		trim->at++;
	if (trim->at >= cells(trim))
		return false;
	make_plain(trim);
	return true;
}

bool trim_start(struct trim *trim, const uint8_t *data, size_t size)
{
	trim->size = size < MUTATOR_SIZE_MOST ? size : MUTATOR_SIZE_MOST;
	memcpy(trim->best, data, trim->size);
	trim->at = 0;
	trim->least = cells(trim) / TRIM_PARTS;
	if (trim->least == 0)
		trim->least = 1;
	trim->block = 1;
	while (2 * trim->block < cells(trim))
		trim->block *= 2;
	return cells(trim) != 0 && find(trim);
}

const uint8_t *trim_candidate(const struct trim *trim, size_t *size)
{
	*size = trim->candidate_size;
	return trim->candidate;
}

bool trim_judge(struct trim *trim, bool same)
{
	if (same) {
		memcpy(trim->best, trim->candidate, trim->candidate_size);
		trim->size = trim->candidate_size;
	}
	/* What follows a block that is gone is at its place now. */
	if (!same || trim->block == 0)
		trim->at += trim->block == 0 ? 1 : trim->block;
	return find(trim);
}
