/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A target that takes runs and fails, for the test of NAME_shrink: over the third exit, with the number of its record; and
 * for another reason over runs of one turn.
 */
#include <reblock/record.h>
#include "fuzz.h"
#include "run.h"

static struct run run;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned exits = 0;

	run_decode(&run, data, size);
	if (run.cells == 1)
		fuzz_fail("a single turn");
	for (size_t i = 0; i < run.n; i++) {
		exits += run.seen[i].kind == REBLOCK_EXIT;
		if (exits == 3)
			fuzz_fail("a third exit, of 1 vCPU or more, at record %zu", i);
	}
	return 0;
}
