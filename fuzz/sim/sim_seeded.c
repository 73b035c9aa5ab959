/* SPDX-License-Identifier: BSD-2-Clause */
/* Turns from a seed. */
#include "sim/sim.h"

/* xorshift64*, and the upper half of a product in the place of a division. */
static unsigned below(struct sim_seeded *seeded, unsigned limit)
{
	uint64_t s = seeded->state;

	s ^= s >> 12;
	s ^= s << 25;
	s ^= s >> 27;
	seeded->state = s;
	return (unsigned)((s * 0x2545f4914f6cdd1dULL >> 32) * limit >> 32);
}

/* True THOUSANDTHS times of 1000. */
static bool chance(struct sim_seeded *seeded, unsigned thousandths)
{
	return thousandths && below(seeded, 1000) < thousandths;
}

/* Some of the guest's handlers end before the exit, some faults and events come. */
static uint8_t steps(struct sim_seeded *s, const struct sim_habits *habits)
{
	unsigned bits = 0;

	/* Most turns are short. */
	if (below(s, 8))
		return 0;
	for (unsigned i = 0; i < SIM_STEPS; i++) {
		unsigned step = below(s, 2)              ? SIM_STEP_IRET :
				chance(s, habits->fault) ? SIM_STEP_FAULT :
				chance(s, habits->nmi)   ? SIM_STEP_EVENT :
							   SIM_STEP_NONE;

		bits |= step << 2 * i;
	}
	return (uint8_t)bits;
}

static uint8_t exit_of(struct sim_seeded *s, const struct sim_config *config)
{
	static const uint8_t odd[4] = { SIM_CLASS_IRET_FAULT, SIM_CLASS_IRET_BREAK,
					SIM_CLASS_IRET_DOUBLE, SIM_CLASS_IRET_BREAK };
	static const uint8_t ordinary[8] = { SIM_CLASS_HOST,        SIM_CLASS_INSTRUCTION,
					     SIM_CLASS_INSTRUCTION, SIM_CLASS_INSTRUCTION,
					     SIM_CLASS_ACCESS,      SIM_CLASS_EMULATED,
					     SIM_CLASS_WAITING,     SIM_CLASS_HOST };
	unsigned which = below(s, 16) << 4;

	if (chance(s, config->habits.iret_exits))
		return (uint8_t)(which | SIM_CLASS_IRET);
	if (chance(s, config->habits.delivery_exits))
		return (uint8_t)(which | SIM_CLASS_DELIVERY);
	if (chance(s, config->habits.task_switch))
		return (uint8_t)(which | (below(s, 2) ? SIM_CLASS_IRET_TASK : SIM_CLASS_GATE));
	if (chance(s, config->habits.odd))
		return (uint8_t)(which | odd[below(s, 4)]);
	if (config->nested && chance(s, 100))
		return (uint8_t)(which | SIM_CLASS_NESTED);
	return (uint8_t)(which | ordinary[below(s, 8)]);
}

static uint8_t mistake_of(struct sim_seeded *s, const struct sim_policy *policy)
{
	if (chance(s, policy->miss))
		return below(s, 2) ? SIM_MISSES : SIM_MISSES_BELIEVES;
	if (chance(s, policy->careless))
		return SIM_CARELESS;
	return chance(s, policy->mistakes) ? (uint8_t)below(s, SIM_MISTAKES) : SIM_DOES_RIGHT;
}

static uint8_t inject_of(struct sim_seeded *s, const struct sim_policy *policy)
{
	bool nmi = chance(s, policy->nmi), interrupt = chance(s, policy->interrupt);
	unsigned what = nmi && interrupt             ? SIM_COMES_BOTH :
			nmi                          ? SIM_COMES_NMI :
			interrupt                    ? SIM_COMES_INTERRUPT :
			chance(s, policy->exception) ? SIM_COMES_EXCEPTION :
						       SIM_COMES_NOTHING;

	return (uint8_t)(what | (chance(s, policy->reflect) ? SIM_TO_GUEST : 0) |
			 below(s, 16) << 4);
}

static uint8_t between_of(struct sim_seeded *s, const struct sim_policy *policy)
{
	if (!chance(s, policy->user_space))
		return SIM_BETWEEN_NOTHING;
	if (!chance(s, policy->events))
		return (uint8_t)(SIM_BETWEEN_USER | below(s, 4) << 4);
	return chance(s, policy->wrong) ? SIM_BETWEEN_WRITE_OTHER : SIM_BETWEEN_WRITE_BACK;
}

/* Each bit one time in four. */
static uint8_t detail_of(struct sim_seeded *s)
{
	unsigned bits = below(s, 256);

	return (uint8_t)(bits & below(s, 256));
}

static void turn_of(struct sim_random *random, const struct sim_config *config,
		    struct sim_turn *turn)
{
	struct sim_seeded *s = (struct sim_seeded *)random;

	*turn = (struct sim_turn){
		.who = (uint8_t)(below(s, 128) | (chance(s, config->habits.pause) ? SIM_PAUSE : 0)),
		.steps = steps(s, &config->habits),
		.exit = exit_of(s, config),
		.detail = detail_of(s),
		.mistake = mistake_of(s, &config->policy),
		.inject = inject_of(s, &config->policy),
		.between = between_of(s, &config->policy),
		.record = SIM_RECORD_SEEN,
	};
	/* A turn has some two and a half records. */
	if (chance(s, config->view.lost * 5 / 2))
		turn->record |= (uint8_t)(1 + below(s, 6));
	if (config->view.ragged)
		turn->record |= (uint8_t)(below(s, 8) << 4);
	if (config->view.sometimes && below(s, 4))
		turn->record &= (uint8_t)~SIM_RECORD_SEEN;
}

void sim_seed(struct sim_seeded *seeded, uint64_t seed)
{
	seeded->random = (struct sim_random){ .turn = turn_of };
	/* A state of 0 would stay 0. */
	seeded->state = (seed + 1) * 0x9e3779b97f4a7c15ULL | 1;
}
