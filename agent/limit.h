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

struct limit {
	uint64_t rate; /* a minute; 0: no limit */
	struct limit_window windows[LIMIT_WINDOWS];
};

/* Called where a window with suppressed findings ends. */
typedef void limit_fn(const struct limit_window *window);

/* Whether a finding of KIND in the VM of that number and LABEL is told at NOW (ns). */
bool limit_allows(struct limit *limit, enum reblock_finding_kind kind, uint32_t vm,
		  const char *label, uint64_t now, limit_fn *ended);

/* Ends the windows that are over at NOW; UINT64_MAX: all. */
void limit_end(struct limit *limit, uint64_t now, limit_fn *ended);

#endif
