/* SPDX-License-Identifier: BSD-2-Clause */
/* The files that reblock audit writes beside its findings: --html and --perfetto. */
#ifndef CLI_AUDIT_REPORTS_H
#define CLI_AUDIT_REPORTS_H

#include <stdbool.h>
#include "report/report.h"

struct audit_reports;

/*
 * Begins the files that are named (NULL: not asked for) for the one trace that is audited. Returns false, after saying
 * why, where one cannot be written; *REPORTS is NULL where none is asked for, and all other functions take that.
 */
bool audit_reports_begin(struct audit_reports **reports, const char *html, const char *perfetto,
			 const struct reblock_source *source, enum reblock_vnmi vnmi);

/* Takes a record; to be called just before the audit is fed with it. */
void audit_reports_record(struct audit_reports *reports, uint64_t number,
			  const struct reblock_record *r);

/* What the audit's callbacks said. */
void audit_reports_pair(struct audit_reports *reports, const struct reblock_pair *pair);
void audit_reports_judgement(struct audit_reports *reports,
			     const struct reblock_judgement *judgement);
void audit_reports_finding(struct audit_reports *reports, const struct reblock_finding *finding);

/* After the audit's end: puts the files in place and frees REPORTS. Returns false, after saying why, where one failed. */
bool audit_reports_end(struct audit_reports *reports, const char *file, struct reblock_audit *audit,
		       const struct report_input *in);

/* Gives up: leaves no file, frees REPORTS. */
void audit_reports_drop(struct audit_reports *reports);

#endif
