/* SPDX-License-Identifier: BSD-2-Clause */
/* What the audit says of some records, a line for each thing, as the cases of tests have it. */
#ifndef AUDIT_SEEN_H
#define AUDIT_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <reblock/audit.h>

#define SEEN_LINES 64
#define SEEN_LINE 240

struct audit_seen {
	char lines[SEEN_LINES][SEEN_LINE]; /* what is behind a line's end is 0 */
	size_t n;
};

/*
 * Audits the N records at RECORDS of SOURCE, and adds to SEEN (all 0 at first) a line for each finding; with JUDGED for each IRET
 * unblock, and with PT what Intel PT was worth: tables/audit.cases says how they look. Fails where the audit does.
 */
void audit_seen(struct audit_seen *seen, const struct reblock_source *source,
		const struct reblock_audit_options *options, const struct reblock_record *records,
		size_t n, bool judged, bool pt);

#endif
