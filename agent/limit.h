/* SPDX-License-Identifier: BSD-2-Clause */
/* So many findings of a kind and VM a minute are told; what is more is counted, and the count is told. */
#ifndef AGENT_LIMIT_H
#define AGENT_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <reblock/audit.h>

#define LIMIT_WINDOWS 512
#define LIMIT_LABEL_MOST 64

struct limit_window {
	uint64_t until; /* ns; 0: free */
	enum reblock_finding_kind kind;
	uint32_t vm;
	uint64_t told, suppressed;
	char label[LIMIT_LABEL_MOST];
};

/* What was not told, of the windows that have ended and were not spoken of. */
struct limit_untold {
	uint64_t findings, windows;
	struct limit_window worst; /* of these the one with most */
};

struct limit {
	uint64_t rate; /* a minute; 0: no limit */
	struct limit_window windows[LIMIT_WINDOWS];
	struct limit_untold untold;
	uint64_t said; /* when, ns */
};

/* Whether a finding of KIND in the VM of that number and LABEL is told at NOW (ns). */
bool limit_allows(struct limit *limit, enum reblock_finding_kind kind, uint32_t vm,
		  const char *label, uint64_t now);

/*
 * Ends the windows that are over at NOW (UINT64_MAX: all). Returns true with *UNTOLD what was not told, where there is
 * something and it is time to say so: once a minute at most, however many VMs there are.
 */
bool limit_untold(struct limit *limit, uint64_t now, struct limit_untold *untold);

#endif
