/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The target truth on runs from seeds: busy guests, a hypervisor that errs, and a recorder that sees and misses
 * this and that. Where it does not hold its reason is printed, and the seed.
 *
 *   truth_seeds [FIRST [SEEDS]]
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fuzz.h"
#include "run.h"

#define SEEDS 400
#define CELLS 200

struct random {
	uint64_t state;
};

static unsigned below(struct random *random, unsigned limit)
{
	random->state = random->state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)((random->state >> 33) % limit);
}

/* A byte of which each bit is 1 once in 2 to the power of TIMES. */
static uint8_t few_bits(struct random *random, unsigned times)
{
	unsigned bits = 255;

	while (times--)
		bits &= below(random, 256);
	return (uint8_t)bits;
}

/* What a host of SEED is like: most see nearly everything, so that most rules are asked. */
static void make_header(struct random *random, uint8_t header[RUN_HEADER])
{
	memset(header, 0, RUN_HEADER);
	header[RUN_VIEW] = below(random, 2) ? (uint8_t)below(random, SIM_VIEWS) : 0;
	header[RUN_HOST] = few_bits(random, 2);
	header[RUN_HYPERVISOR] =
		(uint8_t)(below(random, 4) ? 1 + below(random, 2) : below(random, 30));
	header[RUN_PIN] = below(random, 2) ? (uint8_t)below(random, 64) : 0;
	header[RUN_PROCESSOR] = below(random, 8) ? 0 : (uint8_t)below(random, 16);
	header[RUN_TIME] = (uint8_t)below(random, 8);
	if (!below(random, 3))
		for (unsigned i = RUN_EXIT_MISSES; i <= RUN_KINDS_MISS; i++)
			header[i] = few_bits(random, 3);
	header[RUN_VNMI] = below(random, 3) ? 0 : (uint8_t)below(random, 4);
}

/* One turn in which more happens that has to do with NMIs than in any other. */
static void make_turn(struct random *random, struct sim_turn *turn)
{
	static const uint8_t comes[] = { SIM_COMES_NOTHING, SIM_COMES_NMI,       SIM_COMES_NMI,
					 SIM_COMES_NMI,     SIM_COMES_INTERRUPT, SIM_COMES_BOTH };

	memset(turn, 0, sizeof(*turn));
	turn->who = (uint8_t)(below(random, 4) | (below(random, 50) ? 0 : SIM_PAUSE));
	turn->steps = below(random, 3) ? 0 : (uint8_t)below(random, 256);
	turn->exit =
		(uint8_t)(below(random, 16) << 4 | (below(random, 2) ? (unsigned)SIM_CLASS_IRET :
						    below(random, 2) ? (unsigned)SIM_CLASS_HOST :
								       below(random, 16)));
	turn->detail = few_bits(random, 2);
	turn->mistake = below(random, 2) ? 0 : (uint8_t)below(random, 256);
	turn->inject = (uint8_t)(below(random, 2) ? comes[below(random, sizeof(comes))] :
						    below(random, 256));
	turn->between = below(random, 3) ? 0 : (uint8_t)below(random, 256);
	turn->record = below(random, 8) ? SIM_RECORD_SEEN : (uint8_t)below(random, 256);
}

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

	signal(SIGABRT, say_seed);
	for (unsigned long seed = first; seed < first + seeds; seed++) {
		struct random random = { .state = seed * 0x9e3779b97f4a7c15u };
		unsigned cells = 1 + below(&random, CELLS);

		snprintf(seed_line, sizeof(seed_line), "seed %lu\n", seed);
		make_header(&random, data);
		for (unsigned i = 0; i < cells; i++) {
			struct sim_turn turn;

			make_turn(&random, &turn);
			memcpy(data + RUN_HEADER + i * RUN_CELL, &turn, RUN_CELL);
		}
		LLVMFuzzerTestOneInput(data, RUN_HEADER + cells * RUN_CELL);
	}
	printf("%lu seeds\n", seeds);
	return 0;
}
