/* SPDX-License-Identifier: BSD-2-Clause */
/* One exit walked through the decision diagram, with what followed. */
#ifndef REPORT_EXPLAIN_H
#define REPORT_EXPLAIN_H

#include "report/report.h"

#define EXPLAIN_NO_NUMBER UINT64_MAX
#define EXPLAIN_BETWEEN 16 /* records between exit and entry that are shown */
#define EXPLAIN_FINDINGS 16
#define EXPLAIN_AFTER 4 /* witnesses after the entry that are shown */

struct explain {
	struct reblock_record exit, entry;
	uint64_t exit_number, entry_number; /* EXPLAIN_NO_NUMBER: not from a file */
	bool has_entry;
	unsigned assumed_pin; /* the exit's pin was absent and stands for an option */
	bool has_verdict; /* the audit has judged exit and entry as a pair; else records are missing between */
	unsigned between; /* enum reblock_between, of that pair */
	struct reblock_verdict verdict;
	struct reblock_record seen[EXPLAIN_BETWEEN]; /* what lies between */
	uint64_t seen_number[EXPLAIN_BETWEEN];
	unsigned n_seen, n_between;                         /* shown, and in all */
	bool has_before;                                    /* the witness right before the exit */
	struct reblock_record before, after[EXPLAIN_AFTER]; /* and those right after the entry */
	uint64_t before_number, after_number[EXPLAIN_AFTER];
	unsigned n_after;
	bool audited; /* what follows was looked for */
	bool has_judgement;
	struct reblock_judgement judgement;
	struct reblock_finding findings[EXPLAIN_FINDINGS];
	unsigned n_findings; /* may be more than are kept */
};

/* Takes over what the audit said of the exit and its entry. */
void explain_pair(struct explain *e, const struct reblock_pair *pair);

/*
 * Puts what an option says of "virtual NMIs" in for the absent controls of an exit. Returns whether
 * it did.
 */
bool explain_assume_pin(struct reblock_record *exit, enum reblock_vnmi vnmi);

/* The record as JSON, and its fields with the names of their bits. */
void explain_record(const struct report *r, const struct reblock_record *x, uint64_t number);

/* The whole walk: the exit's conditions, what is required, what was seen, the findings. */
void explain_exit(const struct report *r, const struct explain *e);

/* The findings alone, for records that belong to no exit. */
void explain_findings(const struct report *r, const struct explain *e);

#endif
