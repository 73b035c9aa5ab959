/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit against what was true in a run. What is not is said with fuzz_fail. */
#ifndef ORACLE_TRUTH_H
#define ORACLE_TRUTH_H

#include <reblock/audit.h>
#include "run.h"

/* A finding is true, or an assumption that it names does not hold in this run. */
void truth_of_finding(const struct run *run, const struct reblock_finding *finding);

/* What the audit says became of the unblock at record EXIT; ASSUMES: what it assumed for that vCPU. */
void truth_of_outcome(const struct run *run, size_t exit, enum reblock_outcome outcome,
		      uint8_t assumes);

/* All that the audit found: where blocking is seen at an entry, with all else that the rules need, no miss is left out. */
void truth_of_silence(const struct run *run, const struct reblock_finding *findings, size_t n);

#endif
