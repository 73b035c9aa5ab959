/* SPDX-License-Identifier: BSD-2-Clause */
/* The differences that are known, each with its trace in corpus/findings and its words in docs/findings.md. */
#ifndef POLICY_KNOWN_H
#define POLICY_KNOWN_H

#include <stdbool.h>
#include <stddef.h>

/* "kvm.over-block.fault": the policy's name and that of the difference; NULL past the last. */
const char *policy_known_at(size_t i);

bool policy_known(const char *policy, const char *difference);

#endif
