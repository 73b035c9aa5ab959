/* SPDX-License-Identifier: BSD-2-Clause */
/* What was read is audited: whatever an input says, the audit has to cope with it. */
#include <string.h>
#include <reblock/audit.h>
#include <reblock/policy.h>
#include "fuzz.h"
#include "reading/plain.h"
#include "reading/reading.h"

struct audited {
	const struct reading *reading;
	const struct reblock_policy *policy;
};

static int check_finding(void *context, const struct reblock_finding *f)
{
	const struct audited *audited = context;
	const struct reading *reading = audited->reading;

	if (!f->n_records || f->n_records > REBLOCK_FINDING_RECORDS)
		fuzz_fail("a finding that rests on no records, or too many");
	for (unsigned i = 0; i < f->n_records; i++) {
		if (f->records[i] >= reading->n || (i && f->records[i - 1] >= f->records[i]))
			fuzz_fail("a finding's records are not there, or not ascending");
		if (reading->records[f->records[i]].vm != f->vm ||
		    reading->records[f->records[i]].vcpu != f->vcpu)
			fuzz_fail("a finding's records are those of another vCPU");
	}
	if (!f->why[0] || !memchr(f->why, 0, sizeof(f->why)) || !plain_text(f->why))
		fuzz_fail("a finding gives no reason, or one that is not plain text");
	if ((f->evidence == REBLOCK_PREDICTED) != (f->policy != NULL))
		fuzz_fail("a finding is predicted by no policy, or seen by one");
	if (f->policy && (f->policy != audited->policy->name || strcmp(f->policy, "sdm") == 0))
		fuzz_fail("a finding is another policy's, or the SDM's");
	return 0;
}

void reading_audit(const struct reading *reading, const struct reblock_policy *policy)
{
	struct audited audited = { reading, policy };
	struct reblock_audit_options options = { .vnmi = reading->n % 2 ? REBLOCK_VNMI_ON :
									  REBLOCK_VNMI_NOT_ASSUMED,
						 .policy = policy,
						 .finding = check_finding,
						 .context = &audited };
	struct reblock_audit *audit = reblock_audit_new(&reading->source, &options);
	size_t n = reading->n < READING_RECORDS ? (size_t)reading->n : READING_RECORDS;
	const struct reblock_summary *s;

	if (!audit || reblock_audit_feed(audit, 0, reading->records, n) ||
	    reblock_audit_finish(audit))
		fuzz_fail("out of memory");
	for (size_t i = 0; (s = reblock_audit_summary(audit, i)); i++)
		if (s->records > n)
			fuzz_fail("a vCPU has more records than there are");
	reblock_audit_free(audit);
}
