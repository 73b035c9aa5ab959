/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include "mutator/mutator.h"

#define FRESH_ONCE_IN 2 /* changes */
#define LONG_ONCE_IN 64

static const struct {
	const char *name;
	unsigned weight; /* how often it is chosen, of their sum; fresh is by itself */
} operations[MUTATOR_OPERATIONS] = {
	[MUTATOR_CELL_FIELD] = { "field", 40 }, [MUTATOR_HEADER_FIELD] = { "header", 6 },
	[MUTATOR_TAKE_FIELD] = { "take", 10 },  [MUTATOR_INSERT] = { "insert", 12 },
	[MUTATOR_DELETE] = { "delete", 10 },    [MUTATOR_SWAP] = { "swap", 5 },
	[MUTATOR_REPEAT] = { "repeat", 4 },     [MUTATOR_COPY] = { "copy", 4 },
	[MUTATOR_SPLICE] = { "splice", 4 },     [MUTATOR_GRAFT] = { "graft", 6 },
	[MUTATOR_MIX] = { "mix", 2 },           [MUTATOR_ADOPT] = { "adopt", 2 },
	[MUTATOR_HOST] = { "host", 4 },         [MUTATOR_BUSY] = { "busy", 16 },
	[MUTATOR_FRESH] = { "fresh", 0 },
};

void mutator_seed(struct mutator *mutator, uint64_t seed)
{
	*mutator = (struct mutator){ .state = seed };
}

/* SplitMix64 (Steele, Lea and Flood, 2014): any state will do, neighbouring ones too. */
static uint64_t next(struct mutator *mutator)
{
	uint64_t z = mutator->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

unsigned mutator_below(struct mutator *mutator, unsigned limit)
{
	return (unsigned)((next(mutator) >> 32) * limit >> 32);
}

static enum mutator_operation choose(struct mutator *mutator)
{
	unsigned sum = 0, operation = 0, at;

	for (unsigned i = 0; i < MUTATOR_OPERATIONS; i++)
		sum += operations[i].weight;
	at = mutator_below(mutator, sum);
	while (at >= operations[operation].weight)
		at -= operations[operation++].weight;
	return (enum mutator_operation)operation;
}

/* How long the run may become. */
static size_t most_of(struct mutator *mutator, size_t size, size_t most)
{
	size_t usual = RUN_HEADER + MUTATOR_CELLS_USUAL * RUN_CELL;

	if (most > MUTATOR_SIZE_MOST)
		most = MUTATOR_SIZE_MOST;
	if (mutator_below(mutator, LONG_ONCE_IN) != 0 && most > usual)
		most = size > usual && size < most ? size : usual;
	return most;
}

size_t mutator_change(struct mutator *mutator, uint8_t *data, size_t size, size_t most,
		      const uint8_t *other, size_t other_size)
{
	struct mutator_run run = { data, size, most };
	/* One, as often two, half as often three, ... */
	unsigned wanted = 1;

	mutator->n = 0;
	if (run.size > run.most)
		run.size = run.most;
	run.most = most_of(mutator, run.size, run.most);
	if (run.size > run.most)
		run.size = run.most;
	if (run.most < RUN_HEADER + RUN_CELL)
		return run.size;
	if (run.size < RUN_HEADER) {
		memset(data + run.size, 0, RUN_HEADER - run.size);
		run.size = RUN_HEADER;
	}
	if (run.size < RUN_HEADER + RUN_CELL || mutator_below(mutator, FRESH_ONCE_IN) == 0) {
		if (mutator_do(mutator, MUTATOR_FRESH, &run, other, other_size))
			mutator->done[mutator->n++] = MUTATOR_FRESH;
		return run.size;
	}
	while (wanted < MUTATOR_CHANGES_MOST && mutator_below(mutator, 2) == 0)
		wanted++;
	/* Some cannot be done to a short run; a field can always be changed. */
	for (unsigned tries = 0; mutator->n < wanted && tries < 4 * MUTATOR_CHANGES_MOST; tries++) {
		enum mutator_operation operation = choose(mutator);

		if (mutator_do(mutator, operation, &run, other, other_size))
			mutator->done[mutator->n++] = (uint8_t)operation;
	}
	return run.size;
}

const char *mutator_operation_name(enum mutator_operation operation)
{
	return operations[operation].name;
}

void mutator_describe(const struct mutator *mutator, char *text, size_t size)
{
	size_t at = 0;

	if (size == 0)
		return;
	text[0] = '\0';
	for (unsigned i = 0; i < mutator->n && at < size; i++) {
		const char *name = operations[mutator->done[i]].name;

		at += (size_t)snprintf(text + at, size - at, i == 0 ? "%s" : "+%s", name);
	}
}
