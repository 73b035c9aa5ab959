/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The target truth on runs from seeds: busy guests, a hypervisor that errs, and a recorder that sees and misses
 * this and that. Where it does not hold its reason is printed, and the seed.
 *
 *   truth_seeds [FIRST [SEEDS [pt]]]
 *
 * Each is also run with Intel PT beside the records, or in place of them; with pt only so.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fuzz.h"
#include "mutator/busy.h"
#include "run.h"

#define SEEDS 400
#define CELLS 200

static char seed_line[32];

/* The target has said why; nothing is printed for the many seeds that hold. */
static void say_seed(int signal)
{
	(void)signal;
	if (write(STDERR_FILENO, seed_line, strlen(seed_line)) < 0)
		return; /* it aborts in any case */
}

int main(int argc, char **argv)
{
	static uint8_t data[RUN_HEADER + CELLS * RUN_CELL];
	unsigned long first = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
	unsigned long seeds = argc > 2 ? strtoul(argv[2], NULL, 10) : SEEDS;
	bool pt = argc > 3 && strcmp(argv[3], "pt") == 0;

	signal(SIGABRT, say_seed);
	for (unsigned long seed = first; seed < first + seeds; seed++) {
		struct busy_theme theme;
		struct mutator dice;
		unsigned cells;

		snprintf(seed_line, sizeof(seed_line), "seed %lu\n", seed);
		mutator_seed(&dice, seed << 32);
		cells = 1 + mutator_below(&dice, CELLS);
		mutator_busy_header(&dice, data);
		mutator_busy_theme(&dice, &theme);
		for (unsigned i = 0; i < cells; i++)
			mutator_busy_cell(&dice, &theme, data + RUN_HEADER + i * RUN_CELL);
		if (!pt)
			LLVMFuzzerTestOneInput(data, RUN_HEADER + cells * RUN_CELL);
		mutator_busy_pt(&dice, data);
		snprintf(seed_line, sizeof(seed_line), "seed %lu pt\n", seed);
		LLVMFuzzerTestOneInput(data, RUN_HEADER + cells * RUN_CELL);
	}
	printf("%lu seeds\n", seeds);
	return 0;
}
