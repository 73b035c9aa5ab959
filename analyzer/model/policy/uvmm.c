/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * L4Re uvmm bb9517a on Fiasco 245fce5: nothing about blocking; an interrupted event is injected again as
 * IDT-vectoring information had it. Fiasco sets the pin-based controls: the trace's are taken.
 */
#include "model/policy/policies.h"

const struct reblock_policy reblock_policy_uvmm = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "uvmm",
	.source = "L4Re uvmm bb9517a, Fiasco 245fce5",
	.summary = "nothing about blocking",
	.exit = step_exit_nothing,
	.inject = step_inject_copy,
};
