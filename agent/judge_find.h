/* SPDX-License-Identifier: BSD-2-Clause */
/* What the judge does with what the audit says. Private to judge.c. */
#ifndef AGENT_JUDGE_FIND_H
#define AGENT_JUDGE_FIND_H

#include "agent/judge.h"

/* The audit's callbacks; CONTEXT is the judge, and the metrics' lock is held. */
int judge_finding(void *context, const struct reblock_finding *finding);
void judge_judgement(void *context, const struct reblock_judgement *judgement);

/* The capture of V is complete: it goes to the writer. */
void judge_close(struct judge *judge, struct vcpus_vcpu *v);

/* Says how many findings were not told, where it is time to; NOW as for limit_untold. */
void judge_say_untold(struct judge *judge, uint64_t now);

#endif
