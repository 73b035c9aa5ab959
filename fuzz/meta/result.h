/* SPDX-License-Identifier: BSD-2-Clause */
/* What an audit said, kept so that it can be held against what another said of the same. */
#ifndef META_RESULT_H
#define META_RESULT_H

#include <reblock/audit.h>
#include "run.h"

#define RESULT_FINDINGS 2048

struct result {
	/* In the order in which they came. Where there are more than fit, nothing is compared. */
	size_t n_findings;
	struct reblock_finding findings[RESULT_FINDINGS];
	/* A sum over all judgements, in whatever order they come, and how many of them unblocked for certain. */
	uint64_t judgements, judged;
	/* The record numbers of what is audited, as those that count: NULL for itself. */
	const uint32_t *from;
	size_t n_summaries;
	struct reblock_summary summaries[SIM_VCPUS_MOST];
	uint64_t losses, lost_records;
};

/* Makes *RESULT empty; FROM as in it. */
void result_empty(struct result *result, const uint32_t *from);

/* Starts an audit whose findings and judgements are added to *RESULT. */
struct reblock_audit *result_audit(struct result *result, const struct reblock_source *source,
				   const struct reblock_audit_options *options);

/* Both of them. */
struct reblock_audit *result_begin(struct result *result, const struct reblock_source *source,
				   const struct reblock_audit_options *options,
				   const uint32_t *from);

/* Takes the counts of AUDIT, which has ended, and frees it. */
void result_take(struct result *result, struct reblock_audit *audit);

/* All of it, for N records that are fed at once. */
void result_of(struct result *result, const struct reblock_record *records, size_t n,
	       const struct reblock_source *source, const struct reblock_audit_options *options,
	       const uint32_t *from);

/* Whether all findings fit. */
bool result_complete(const struct result *result);

/* Brings findings that came from several audits of one stream into the order of one. */
void result_order(struct result *result);

/* Brings them into an order that does not depend on how vCPUs stand to each other. */
void result_order_by_vcpu(struct result *result);

/* Numbers of records are those of the other stream. */
uint64_t result_number(const struct result *result, uint64_t number);

/*
 * Fails with one line that begins with HOW where B is not the same as A. Numbers of records are compared as those that
 * count; found_at and vcpu_first only where NUMBERS.
 */
void result_expect_same(const struct result *a, const struct result *b, bool numbers,
			const char *how);
void result_expect_same_findings(const struct result *a, const struct result *b, bool numbers,
				 const char *how);
/* How every IRET unblock was judged: the same counts for each vCPU. */
void result_expect_same_counts(const struct result *a, const struct result *b, const char *how);

#endif
