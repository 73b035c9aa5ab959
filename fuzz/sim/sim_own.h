/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The sim's own hypervisor, as a policy like any other: it follows the rules, and does wrong what
 * it is told to.
 */
#ifndef SIM_OWN_H
#define SIM_OWN_H

#include <stdbool.h>
#include <reblock/policy.h>
#include "sim/sim_turn.h"

struct sim_own {
	uint8_t mistake; /* enum sim_mistake, of this exit */
	/*
	 * It keeps a copy of "NMIs are not masked", as KVM does: while that is set it does not look at VM-exit
	 * interruption information, and whoever asks for the mask is told 0.
	 */
	bool caches;
	bool known_unmasked;
	bool reblocked; /* at this exit */
};

extern const struct reblock_policy sim_own_policy;

#endif
