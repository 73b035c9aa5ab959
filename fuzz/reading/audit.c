/* SPDX-License-Identifier: BSD-2-Clause */
/* What was read is audited: whatever an input says, the audit has to cope with it. */
#include <string.h>
#include <reblock/audit.h>
#include "fuzz.h"
#include "reading/reading.h"

static int check_finding(void *context, const struct reblock_finding *f)
{
	const struct reading *reading = context;

	if (!f->n_records || f->n_records > REBLOCK_FINDING_RECORDS)
		fuzz_fail("a finding that rests on no records, or too many");
	for (unsigned i = 0; i < f->n_records; i++) {
		if (f->records[i] >= reading->n || (i && f->records[i - 1] >= f->records[i]))
			fuzz_fail("a finding's records are not there, or not ascending");
		if (reading->records[f->records[i]].vm != f->vm ||
		    reading->records[f->records[i]].vcpu != f->vcpu)
			fuzz_fail("a finding's records are those of another vCPU");
	}
	if (!f->why[0] || !memchr(f->why, 0, sizeof(f->why)))
		fuzz_fail("a finding gives no reason");
	return 0;
}

void reading_audit(const struct reading *reading)
{
	struct reading *context = (struct reading *)(uintptr_t)reading;
	struct reblock_audit_options options = { .vnmi = reading->n % 2 ? REBLOCK_VNMI_ON :
									  REBLOCK_VNMI_NOT_ASSUMED,
						 .finding = check_finding,
						 .context = context };
	struct reblock_audit *audit = reblock_audit_new(&reading->source, &options);
	size_t n = reading->n < READING_RECORDS ? (size_t)reading->n : READING_RECORDS;

	if (!audit || reblock_audit_feed(audit, 0, reading->records, n) ||
	    reblock_audit_finish(audit))
		fuzz_fail("out of memory");
	(void)reblock_audit_summary(audit, 0);
	reblock_audit_free(audit);
}
