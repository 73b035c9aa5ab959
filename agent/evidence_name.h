/* SPDX-License-Identifier: BSD-2-Clause */
/* The names of evidence files: what tells them from everything else in the folder. */
#ifndef AGENT_EVIDENCE_NAME_H
#define AGENT_EVIDENCE_NAME_H

#include <stdbool.h>
#include "agent/capture.h"

#define EVIDENCE_NAME_MOST 200

/*
 * "reblock-20261122T205901.123456789Z-guest-a-vcpu0-missed-reblock.rbt": the time of the first finding, the VM, the
 * vCPU, the kind. COPY above 0 tells several of one name apart.
 */
void evidence_name(const struct capture *capture, unsigned copy, char name[EVIDENCE_NAME_MOST]);

/* Whether NAME is one that evidence_name gives. */
bool evidence_name_is(const char *name);

/* The name of a file that is being written, and whether a name is one. */
#define EVIDENCE_TEMPORARY ".reblock-evidence-%ld.tmp"
bool evidence_name_is_temporary(const char *name);

#endif
