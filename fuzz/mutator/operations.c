/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdbool.h>
#include <string.h>
#include "mutator/busy.h"
#include "mutator/fields.h"
#include "mutator/mutator.h"

#define BLOCK_MOST 64 /* cells, where a block is not to be any part of the run */

static size_t cells_in(size_t size)
{
	return size < RUN_HEADER ? 0 : (size - RUN_HEADER) / RUN_CELL;
}

static size_t cells(const struct mutator_run *run)
{
	return cells_in(run->size);
}

/* How many more fit. */
static size_t room(const struct mutator_run *run)
{
	return cells_in(run->most) - cells(run);
}

static uint8_t *cell(const struct mutator_run *run, size_t i)
{
	return run->data + RUN_HEADER + i * RUN_CELL;
}

static const uint8_t *cell_of(const uint8_t *data, size_t i)
{
	return data + RUN_HEADER + i * RUN_CELL;
}

static void set_cells(struct mutator_run *run, size_t n)
{
	run->size = RUN_HEADER + n * RUN_CELL;
}

static size_t below(struct mutator *mutator, size_t limit)
{
	return mutator_below(mutator, (unsigned)limit);
}

/* How long a block of at most LIMIT cells is to be: short ones are likelier. */
static size_t length(struct mutator *mutator, size_t limit)
{
	size_t most = 1;

	while (most < limit && most < BLOCK_MOST && below(mutator, 2) == 0)
		most *= 2;
	return 1 + below(mutator, most < limit ? most : limit);
}

/* Makes room for N cells before cell AT. */
static uint8_t *open_at(struct mutator_run *run, size_t at, size_t n)
{
	size_t old = cells(run);

	memmove(cell(run, at + n), cell(run, at), (old - at) * RUN_CELL);
	set_cells(run, old + n);
	return cell(run, at);
}

/* One field gets another value: mostly one that means something else, at times any byte. */
static void change_field(struct mutator *mutator, const struct run_fields *fields, uint8_t *bytes,
			 size_t size)
{
	const struct run_field *field = &fields->at[below(mutator, fields->n)];
	unsigned old = run_field_get(field, bytes), value = 0, i;

	if (below(mutator, 8) == 0) {
		bytes[below(mutator, size)] ^= (uint8_t)(1 + below(mutator, 255));
		return;
	}
	/* The plain value is one of them; the one that it has is not. */
	i = (unsigned)below(mutator, field->n + 1u);
	if (i < field->n)
		value = run_field_value(field, i);
	if (value == old)
		value = old == 0 ? run_field_value(field, (unsigned)below(mutator, field->n)) : 0;
	run_field_set(field, bytes, value);
}

static bool cell_field(struct mutator *mutator, struct mutator_run *run)
{
	if (cells(run) == 0)
		return false;
	change_field(mutator, &run_cell_fields, cell(run, below(mutator, cells(run))), RUN_CELL);
	return true;
}

static bool header_field(struct mutator *mutator, struct mutator_run *run)
{
	change_field(mutator, &run_header_fields, run->data, RUN_HEADER);
	return true;
}

static bool take_field(struct mutator *mutator, struct mutator_run *run, const uint8_t *other,
		       size_t other_size)
{
	const struct run_field *field = &run_cell_fields.at[below(mutator, run_cell_fields.n)];
	const uint8_t *from = run->data;
	size_t n = cells(run);
	uint8_t *to;
	unsigned value;

	if (n == 0)
		return false;
	to = cell(run, below(mutator, n));
	if (cells_in(other_size) != 0 && below(mutator, 2) == 0) {
		from = other;
		n = cells_in(other_size);
	}
	value = run_field_get(field, cell_of(from, below(mutator, n)));
	if (value == run_field_get(field, to))
		return false;
	run_field_set(field, to, value);
	return true;
}

static bool insert(struct mutator *mutator, struct mutator_run *run)
{
	size_t n = cells(run), changes = 1 + below(mutator, 4);
	uint8_t new[RUN_CELL] = { 0 };

	if (room(run) == 0)
		return false;
	if (n != 0 && below(mutator, 2) == 0)
		memcpy(new, cell(run, below(mutator, n)), RUN_CELL);
	while (changes-- > 0)
		change_field(mutator, &run_cell_fields, new, RUN_CELL);
	memcpy(open_at(run, below(mutator, n + 1), 1), new, RUN_CELL);
	return true;
}

static bool remove_cells(struct mutator *mutator, struct mutator_run *run)
{
	size_t n = cells(run), at, some;

	if (n < 2)
		return false;
	some = length(mutator, n - 1);
	at = below(mutator, n - some + 1);
	memmove(cell(run, at), cell(run, at + some), (n - at - some) * RUN_CELL);
	set_cells(run, n - some);
	return true;
}

static bool swap(struct mutator *mutator, struct mutator_run *run)
{
	size_t n = cells(run), some, a, b;
	uint8_t block[BLOCK_MOST * RUN_CELL];

	if (n < 2)
		return false;
	some = length(mutator, n / 2 < BLOCK_MOST ? n / 2 : BLOCK_MOST);
	/* A before B, and they do not overlap. */
	a = below(mutator, n - 2 * some + 1);
	b = a + some + below(mutator, n - a - 2 * some + 1);
	if (memcmp(cell(run, a), cell(run, b), some * RUN_CELL) == 0)
		return false;
	memcpy(block, cell(run, a), some * RUN_CELL);
	memcpy(cell(run, a), cell(run, b), some * RUN_CELL);
	memcpy(cell(run, b), block, some * RUN_CELL);
	return true;
}

/* Mostly a few times; at times as often as there is room for: some things take a thousand exits to be seen. */
static bool repeat(struct mutator *mutator, struct mutator_run *run)
{
	size_t n = cells(run), at, some, times, most;
	uint8_t *to;

	if (n == 0 || room(run) == 0)
		return false;
	some = length(mutator, n < room(run) ? n : room(run));
	at = below(mutator, n - some + 1);
	most = room(run) / some;
	times = below(mutator, 16) == 0 ? most : length(mutator, most);
	to = open_at(run, at, some * times);
	for (size_t i = 0; i < times; i++)
		memcpy(to + i * some * RUN_CELL, to + times * some * RUN_CELL, some * RUN_CELL);
	return true;
}

static bool copy(struct mutator *mutator, struct mutator_run *run)
{
	size_t n = cells(run), some, from, to;

	if (n < 2)
		return false;
	some = length(mutator, n - 1);
	from = below(mutator, n - some + 1);
	to = below(mutator, n - some + 1);
	if (memcmp(cell(run, from), cell(run, to), some * RUN_CELL) == 0)
		return false;
	memmove(cell(run, to), cell(run, from), some * RUN_CELL);
	return true;
}

static bool splice(struct mutator *mutator, struct mutator_run *run, const uint8_t *other,
		   size_t other_size)
{
	size_t n = cells(run), others = cells_in(other_size), keep, from, some;

	if (n == 0 || others == 0)
		return false;
	keep = 1 + below(mutator, n);
	from = below(mutator, others);
	some = others - from;
	if (some > cells_in(run->most) - keep)
		some = cells_in(run->most) - keep;
	if (some == 0)
		return false;
	memcpy(cell(run, keep), cell_of(other, from), some * RUN_CELL);
	set_cells(run, keep + some);
	return true;
}

static bool graft(struct mutator *mutator, struct mutator_run *run, const uint8_t *other,
		  size_t other_size)
{
	size_t others = cells_in(other_size), some, from;

	if (others == 0 || room(run) == 0)
		return false;
	some = length(mutator, others < room(run) ? others : room(run));
	from = below(mutator, others - some + 1);
	memcpy(open_at(run, below(mutator, cells(run) + 1), some), cell_of(other, from),
	       some * RUN_CELL);
	return true;
}

static bool mix(struct mutator *mutator, struct mutator_run *run, const uint8_t *other,
		size_t other_size)
{
	size_t n = cells(run), others = cells_in(other_size), from, some, at;

	if (n < 2 || others == 0 || room(run) == 0)
		return false;
	from = below(mutator, others);
	some = others - from;
	if (some > room(run))
		some = room(run);
	at = below(mutator, n);
	for (size_t i = 0; i < some && at <= cells(run); i++) {
		memcpy(open_at(run, at, 1), cell_of(other, from + i), RUN_CELL);
		at += 1 + length(mutator, 4);
	}
	return true;
}

static bool adopt(struct mutator_run *run, const uint8_t *other, size_t other_size)
{
	if (other_size < RUN_HEADER || memcmp(run->data, other, RUN_HEADER) == 0)
		return false;
	memcpy(run->data, other, RUN_HEADER);
	return true;
}

static void new_header(struct mutator *mutator, struct mutator_run *run)
{
	mutator_busy_header(mutator, run->data);
	if (below(mutator, 4) == 0)
		mutator_busy_pt(mutator, run->data);
}

static bool host(struct mutator *mutator, struct mutator_run *run)
{
	new_header(mutator, run);
	return true;
}

static bool busy(struct mutator *mutator, struct mutator_run *run)
{
	size_t n = cells(run), some;
	struct busy_theme theme;
	uint8_t *to;

	if (n != 0 && (room(run) == 0 || below(mutator, 2) == 0)) {
		some = length(mutator, n);
		to = cell(run, below(mutator, n - some + 1));
	} else {
		if (room(run) == 0)
			return false;
		some = length(mutator, room(run));
		to = open_at(run, below(mutator, n + 1), some);
	}
	mutator_busy_theme(mutator, &theme);
	for (size_t i = 0; i < some; i++)
		mutator_busy_cell(mutator, &theme, to + i * RUN_CELL);
	return true;
}

/* Short ones are as likely as long ones: what the end of a run shows is lost in a long one. */
static bool fresh(struct mutator *mutator, struct mutator_run *run)
{
	size_t n = cells_in(run->most), most = 4;
	struct busy_theme theme;

	if (n == 0)
		return false;
	while (most < MUTATOR_CELLS_USUAL && below(mutator, 3) != 0)
		most *= 2;
	n = 1 + below(mutator, n < most ? n : most);
	new_header(mutator, run);
	mutator_busy_theme(mutator, &theme);
	for (size_t i = 0; i < n; i++)
		mutator_busy_cell(mutator, &theme, cell(run, i));
	set_cells(run, n);
	return true;
}

bool mutator_do(struct mutator *mutator, enum mutator_operation operation, struct mutator_run *run,
		const uint8_t *other, size_t other_size)
{
	if (other == NULL)
		other_size = 0;
	switch (operation) {
	case MUTATOR_CELL_FIELD:
		return cell_field(mutator, run);
	case MUTATOR_HEADER_FIELD:
		return header_field(mutator, run);
	case MUTATOR_TAKE_FIELD:
		return take_field(mutator, run, other, other_size);
	case MUTATOR_INSERT:
		return insert(mutator, run);
	case MUTATOR_DELETE:
		return remove_cells(mutator, run);
	case MUTATOR_SWAP:
		return swap(mutator, run);
	case MUTATOR_REPEAT:
		return repeat(mutator, run);
	case MUTATOR_COPY:
		return copy(mutator, run);
	case MUTATOR_SPLICE:
		return splice(mutator, run, other, other_size);
	case MUTATOR_GRAFT:
		return graft(mutator, run, other, other_size);
	case MUTATOR_MIX:
		return mix(mutator, run, other, other_size);
	case MUTATOR_ADOPT:
		return adopt(run, other, other_size);
	case MUTATOR_HOST:
		return host(mutator, run);
	case MUTATOR_BUSY:
		return busy(mutator, run);
	case MUTATOR_FRESH:
		return fresh(mutator, run);
	case MUTATOR_OPERATIONS:
		break;
	}
	return false;
}
