/* SPDX-License-Identifier: BSD-2-Clause */
/* A trace and its audit as one page that needs nothing else. Write errors stay in the FILE. */
#ifndef REPORT_HTML_H
#define REPORT_HTML_H

#include "report/report.h"
#include "report/timeline.h"

/*
 * Writes the page of an audit that is finished to R->out; T is what timeline.h gathered of it, after timeline_end.
 * Returns 0 or -ENOMEM.
 */
int html_write(const struct report *r, struct timeline *t, struct reblock_audit *audit,
	       const struct report_input *in);

#endif
