/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where a simulation takes its choices from. Everything else in it is decided by them: a seed makes
 * a run that can be repeated, a byte string makes one that a fuzzer can change.
 */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct sim_random {
	/* Returns a number below LIMIT, which is not 0. Must return 0 where nothing is left to choose from. */
	unsigned (*below)(struct sim_random *random, unsigned limit);
	/* A vCPU's turn begins: what is chosen from here on belongs to it. May be NULL. */
	void (*turn)(struct sim_random *random);
};

/* Choices from a seed: the same numbers everywhere. */
struct sim_seeded {
	struct sim_random random;
	uint64_t state;
};

void sim_seed(struct sim_seeded *seeded, uint64_t seed);

static inline unsigned sim_below(struct sim_random *random, unsigned limit)
{
	return random->below(random, limit);
}

/* True THOUSANDTHS times of 1000. */
static inline bool sim_chance(struct sim_random *random, unsigned thousandths)
{
	/* No choice is taken where there is none. */
	return thousandths != 0 && sim_below(random, 1000) >= 1000 - thousandths;
}

#endif
