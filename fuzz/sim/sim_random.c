/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/sim_random.h"

/* xorshift64*, and the upper half of a product in the place of a division. */
static unsigned seeded_below(struct sim_random *random, unsigned limit)
{
	struct sim_seeded *seeded = (struct sim_seeded *)random;
	uint64_t s = seeded->state;

	s ^= s >> 12;
	s ^= s << 25;
	s ^= s >> 27;
	seeded->state = s;
	return (unsigned)((s * 0x2545f4914f6cdd1dULL >> 32) * limit >> 32);
}

void sim_seed(struct sim_seeded *seeded, uint64_t seed)
{
	seeded->random = (struct sim_random){ .below = seeded_below };
	/* A state of 0 would stay 0. */
	seeded->state = (seed + 1) * 0x9e3779b97f4a7c15ULL | 1;
}
