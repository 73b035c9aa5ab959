/* SPDX-License-Identifier: BSD-2-Clause */
/* The mutator for libFuzzer, and for others who know its names. */
#include <string.h>
#include "fuzz.h"
#include "mutator/mutator.h"

size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
				 size_t size2, uint8_t *out, size_t most, unsigned seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	struct mutator mutator;

	mutator_seed(&mutator, seed);
	/* libFuzzer's own takes what it has seen the target compare. */
	if (mutator_below(&mutator, 8) == 0)
		return LLVMFuzzerMutate(data, size, max_size);
	return mutator_change(&mutator, data, size, max_size, NULL, 0);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *data1, size_t size1, const uint8_t *data2,
				 size_t size2, uint8_t *out, size_t most, unsigned seed)
{
	static const enum mutator_operation of_two[] = { MUTATOR_SPLICE, MUTATOR_GRAFT, MUTATOR_MIX,
							 MUTATOR_ADOPT };
	struct mutator_run run = { .data = out, .size = size1 < most ? size1 : most, .most = most };
	struct mutator mutator;
	unsigned which;

	memcpy(out, data1, run.size);
	if (run.most > MUTATOR_SIZE_MOST)
		run.most = MUTATOR_SIZE_MOST;
	if (run.size > run.most)
		run.size = run.most;
	if (run.size < RUN_HEADER || run.most < RUN_HEADER + RUN_CELL)
		return run.size;
	mutator_seed(&mutator, seed);
	which = mutator_below(&mutator, 4);
	for (unsigned i = 0; i < 4; i++) {
		if (mutator_do(&mutator, of_two[(which + i) % 4], &run, data2, size2))
			break;
	}
	return run.size;
}
