/* SPDX-License-Identifier: BSD-2-Clause */
/* The audits of two streams of the same host, compared: the whole one and what a filter let through. */
#ifndef FILTER_COMPARE_H
#define FILTER_COMPARE_H

#include <reblock/audit.h>

#define COMPARED_FINDINGS 6000
#define COMPARED_VCPUS 16

/* An audit's findings and counts. */
struct compared {
	struct reblock_finding list[COMPARED_FINDINGS];
	size_t n;
	struct reblock_summary summaries[COMPARED_VCPUS];
	size_t n_summaries;
};

/*
 * Audits the N records, on request without the audit's short way; the findings come in an order that the numbers of
 * records do not change.
 */
void compare_audit(const struct reblock_record *records, size_t n,
		   const struct reblock_source *source, enum reblock_vnmi vnmi, bool whole_way,
		   struct compared *result);

/* Fails where a finding differs in more than the numbers of its records. */
void compare_findings(const struct compared *whole, const struct compared *filtered,
		      const char *what, uint64_t seed);

/* Every IRET unblock has to be judged the same, or for the same cause not at all. */
void compare_counts(const struct compared *whole, const struct compared *filtered, const char *what,
		    uint64_t seed);

#endif
