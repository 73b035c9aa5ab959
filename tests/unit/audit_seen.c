/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "audit_seen.h"

static void see(struct audit_seen *seen, const char *line)
{
	if (seen->n < SEEN_LINES)
		(void)snprintf(seen->lines[seen->n++], SEEN_LINE, "%s", line);
}

static int on_finding(void *context, const struct reblock_finding *f)
{
	char line[SEEN_LINE];
	int n = snprintf(line, sizeof(line), "%s %s %s %s rule=%s",
			 reblock_severity_name(f->severity), reblock_finding_name(f->kind),
			 reblock_evidence_name(f->evidence), "records", f->rule);
	unsigned i;

	for (i = 0; i < f->n_records; i++)
		n += snprintf(line + n, sizeof(line) - (size_t)n, " #%llu",
			      (unsigned long long)f->records[i]);
	for (i = 0; i < REBLOCK_ASSUMPTIONS; i++)
		if (f->assumes & 1u << i)
			n += snprintf(line + n, sizeof(line) - (size_t)n, " assumes %s",
				      reblock_assumption_name(i));
	if (f->policy)
		(void)snprintf(line + n, sizeof(line) - (size_t)n, " policy %s", f->policy);
	if ((f->evidence == REBLOCK_PREDICTED) != (f->policy != NULL))
		(void)snprintf(line, sizeof(line), "a policy, or none, with that grade");
	if (strlen(f->why) < 20 || f->why[strlen(f->why) - 1] != '.')
		(void)snprintf(line, sizeof(line), "not one sentence: %.100s", f->why);
	see(context, line);
	return 0;
}

static void on_judgement(void *context, const struct reblock_judgement *j)
{
	static const char *const outcomes[] = { "reblocked", "missed", "reflected", "unjudged" };
	char line[SEEN_LINE];

	(void)snprintf(line, sizeof(line), "judged #%llu %s%s%s%s",
		       (unsigned long long)j->exit_number,
		       j->unblocked == REBLOCK_UNKNOWN ? "possible " : "", outcomes[j->outcome],
		       j->outcome == REBLOCK_OUTCOME_UNJUDGED ? " " : "",
		       j->outcome == REBLOCK_OUTCOME_UNJUDGED ? reblock_cause_name(j->cause) : "");
	see(context, line);
}

/* What Intel PT was worth: the counts that are not 0, of all vCPUs. */
static void see_pt(struct audit_seen *seen, struct reblock_audit *audit)
{
	struct reblock_summary total = { .vm = 0 };
	const struct reblock_pt_summary *pt = &total.pt;
	const struct reblock_summary *s;
	const struct {
		const char *name;
		const uint64_t *n;
	} counts[] = { { "gaps", &pt->gaps },
		       { "exits", &pt->exits },
		       { "matched", &pt->matched },
		       { "disagree", &pt->disagree },
		       { "unwitnessed", &pt->unwitnessed },
		       { "confirmed", &pt->confirmed },
		       { "contradicted", &pt->contradicted },
		       { "unconfirmed", &pt->unconfirmed },
		       { "bit12", &pt->bit12 },
		       { "nmis", &pt->nmis } };
	char line[SEEN_LINE] = "pt";
	size_t n = 2;

	for (size_t i = 0; (s = reblock_audit_summary(audit, i)); i++)
		reblock_summary_add(&total, s);
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		if (*counts[i].n)
			n += (size_t)snprintf(line + n, sizeof(line) - n, " %s %llu",
					      counts[i].name, (unsigned long long)*counts[i].n);
	for (unsigned i = 0; i < REBLOCK_PT_CAUSES; i++)
		if (pt->unjudged_nmis[i])
			n += (size_t)snprintf(line + n, sizeof(line) - n, " %s:%llu",
					      reblock_pt_cause_name(i),
					      (unsigned long long)pt->unjudged_nmis[i]);
	see(seen, line);
}

void audit_seen(struct audit_seen *seen, const struct reblock_source *source,
		const struct reblock_audit_options *options, const struct reblock_record *records,
		size_t n, bool judged, bool pt)
{
	struct reblock_audit_options o = *options;
	struct reblock_audit *audit;

	o.context = seen;
	o.finding = on_finding;
	o.judgement = judged ? on_judgement : NULL;
	audit = reblock_audit_new(source, &o);
	assert_non_null(audit);
	assert_int_equal(reblock_audit_feed(audit, 0, records, n), 0);
	assert_int_equal(reblock_audit_finish(audit), 0);
	if (pt)
		see_pt(seen, audit);
	reblock_audit_free(audit);
}
