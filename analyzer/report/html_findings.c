/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of findings, and how many more there are of each kind. */
#include <inttypes.h>
#include <limits.h>
#include "report/html_data.h"

static void write_finding(struct html_data *d, const struct timeline_finding *listed)
{
	const struct reblock_finding *f = &listed->finding;
	const char *sep = "";

	fprintf(d->out,
		"{\"kind\":\"%s\",\"severity\":\"%s\",\"evidence\":\"%s\",\"evidence_text\":%ld",
		reblock_finding_name(f->kind), reblock_severity_name(f->severity),
		reblock_evidence_name(f->evidence),
		html_strings_add(&d->strings, report_evidence_text(f->evidence)));
	fprintf(d->out, ",\"vm\":%" PRIu32 ",\"vcpu\":%u", f->vm, (unsigned)f->vcpu);
	if (listed->lane != TIMELINE_NO_LANE)
		fprintf(d->out, ",\"lane\":%u", (unsigned)listed->lane);
	if (listed->case_index != UINT_MAX)
		fprintf(d->out, ",\"case\":%u", listed->case_index);
	/* As text: a number of a script has 53 bits. */
	if (f->t != REBLOCK_NO_TIME)
		fprintf(d->out, ",\"t\":\"%" PRIu64 "\"", f->t);
	fputs(",\"records\":[", d->out);
	for (unsigned i = 0; i < f->n_records; i++)
		fprintf(d->out, "%s%" PRIu64, i ? "," : "", f->records[i]);
	fputs("],\"why\":", d->out);
	html_json_string(d->out, f->why);
	fputs(",\"rule\":", d->out);
	html_json_string(d->out, f->rule ? f->rule : "?");
	if (f->policy) {
		fputs(",\"policy\":", d->out);
		html_json_string(d->out, f->policy);
	}
	fputs(",\"assumes\":[", d->out);
	for (unsigned bit = 0; bit < REBLOCK_ASSUMPTIONS; bit++) {
		if (!(f->assumes >> bit & 1))
			continue;
		fprintf(d->out, "%s[\"%s\",%ld]", sep, reblock_assumption_name(bit),
			html_strings_add(&d->strings, reblock_assumption_text(bit)));
		sep = ",";
	}
	fputs("]}", d->out);
}

void html_findings(struct html_data *d)
{
	const struct timeline *t = d->t;
	const char *sep = "";

	fputs("\"findings\":[", d->out);
	for (size_t i = 0; i < t->n_findings; i++) {
		fputs(i ? ",\n" : "", d->out);
		write_finding(d, &t->findings[i]);
	}
	fputs("],\"unlisted\":{", d->out);
	for (unsigned kind = 0; kind < REBLOCK_FINDING_KINDS; kind++) {
		if (t->found[kind] == t->listed[kind])
			continue;
		fprintf(d->out, "%s\"%s\":%" PRIu64, sep, reblock_finding_name(kind),
			t->found[kind] - t->listed[kind]);
		sep = ",";
	}
	fputs("}", d->out);
}
