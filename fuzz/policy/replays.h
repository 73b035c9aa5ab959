/* SPDX-License-Identifier: BSD-2-Clause */
/* What must hold of a policy's replay whatever the policy does: replays of one run that have to end in the same. */
#ifndef POLICY_REPLAYS_H
#define POLICY_REPLAYS_H

#include "run.h"

/*
 * Replays POLICY over RUN, whose hypervisor may be another, and whose records are all seen and of one vCPU:
 *
 * - an exit from which blocking follows without its interruptibility is judged the same without it;
 * - where all alternatives had left NMIs open and the guest meets them blocked, and after another VMCS was entered, it goes
 *   on as one that begins there, and there nothing is said of that entry.
 *
 * Returns NULL, or what is not so; *AT is the record then.
 */
const char *policy_replays(const struct run *run, const struct reblock_policy *policy, size_t *at);

#endif
