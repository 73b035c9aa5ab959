/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is predicted of a policy, where it is the hypervisor of the run: then each prediction can be held against what
 * it really did.
 */
#ifndef POLICY_PREDICTIONS_H
#define POLICY_PREDICTIONS_H

#include "run.h"

/*
 * Replays POLICY over RUN, whose hypervisor it is and whose records are all seen and of one vCPU. Returns NULL, or what is
 * not so; *AT is the record then.
 */
const char *policy_predictions(const struct run *run, const struct reblock_policy *policy,
			       size_t *at);

/* The same of what an audit of RUN beside POLICY finds predicted, up to where another hypervisor stands in or
 * goes on. */
const char *policy_audited(const struct run *run, const struct reblock_policy *policy, size_t *at);

#endif
