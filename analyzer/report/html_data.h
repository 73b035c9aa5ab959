/* SPDX-License-Identifier: BSD-2-Clause */
/* The parts of a page's data, as JSON; html/data.js reads them. */
#ifndef REPORT_HTML_DATA_H
#define REPORT_HTML_DATA_H

#include "report/html.h"
#include "report/html_text.h"

/* What all parts of one page's data share. */
struct html_data {
	FILE *out;
	struct timeline *t;
	struct html_strings strings; /* sentences, named by number */
	struct html_strings keys;    /* a field and its value, such as "pin:63" */
	long *meanings;              /* by key: number of the string that says what it means */
	size_t meanings_room;
};

/* html_lanes.c: the vCPUs with their records and buckets, then what the records' fields mean. */
void html_lanes(struct html_data *d, struct reblock_audit *audit);
void html_meanings(struct html_data *d);

/* html_cases.c: exits walked through the decision diagram. */
void html_cases(struct html_data *d);

/* html_findings.c */
void html_findings(struct html_data *d);

/* html_summary.c: the numbers and sentences of the summary. */
void html_summary(struct html_data *d, const struct report *r, struct reblock_audit *audit,
		  const struct report_input *in);

#endif
