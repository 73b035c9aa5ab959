/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include "cli/audit_reports.h"
#include "cli/cli.h"
#include "cli/output_file.h"
#include "report/html.h"
#include "report/perfetto.h"

struct audit_reports {
	struct timeline *timeline; /* of the page; NULL: none is wanted */
	struct perfetto *perfetto;
	struct output_file html_file, perfetto_file;
};

static bool no_memory(struct audit_reports *reports)
{
	cli_say("audit", "out of memory");
	audit_reports_drop(reports);
	return false;
}

bool audit_reports_begin(struct audit_reports **reports, const char *html, const char *perfetto,
			 const struct reblock_source *source, enum reblock_vnmi vnmi)
{
	struct audit_reports *new;

	*reports = NULL;
	if (!html && !perfetto)
		return true;
	new = calloc(1, sizeof(*new));
	if (!new)
		return no_memory(NULL);
	if (html) {
		new->timeline = malloc(sizeof(*new->timeline));
		if (!new->timeline)
			return no_memory(new);
		timeline_begin(new->timeline, source, vnmi);
	}
	if ((html && !output_file_begin(&new->html_file, "audit", html)) ||
	    (perfetto && !output_file_begin(&new->perfetto_file, "audit", perfetto))) {
		audit_reports_drop(new);
		return false;
	}
	if (perfetto) {
		new->perfetto = perfetto_new(new->perfetto_file.out, source);
		if (!new->perfetto)
			return no_memory(new);
	}
	*reports = new;
	return true;
}

void audit_reports_record(struct audit_reports *reports, uint64_t number,
			  const struct reblock_record *r)
{
	if (reports && reports->timeline)
		timeline_record(reports->timeline, number, r);
	if (reports && reports->perfetto)
		perfetto_record(reports->perfetto, number, r);
}

void audit_reports_pair(struct audit_reports *reports, const struct reblock_pair *pair)
{
	if (reports && reports->timeline)
		timeline_pair(reports->timeline, pair);
	if (reports && reports->perfetto)
		perfetto_pair(reports->perfetto, pair);
}

void audit_reports_judgement(struct audit_reports *reports,
			     const struct reblock_judgement *judgement)
{
	if (reports && reports->timeline)
		timeline_judgement(reports->timeline, judgement);
}

void audit_reports_finding(struct audit_reports *reports, const struct reblock_finding *finding)
{
	if (reports && reports->timeline)
		timeline_finding(reports->timeline, finding);
	if (reports && reports->perfetto)
		perfetto_finding(reports->perfetto, finding);
}

bool audit_reports_end(struct audit_reports *reports, const char *file, struct reblock_audit *audit,
		       const struct report_input *in)
{
	struct report page = { NULL, false, file };
	bool ok = true;

	if (!reports)
		return true;
	if (reports->timeline) {
		page.out = reports->html_file.out;
		if (!timeline_end(reports->timeline) ||
		    html_write(&page, reports->timeline, audit, in) != 0)
			return no_memory(reports);
		ok = output_file_end(&reports->html_file);
	}
	if (reports->perfetto) {
		if (!perfetto_end(reports->perfetto))
			return no_memory(reports);
		ok = output_file_end(&reports->perfetto_file) && ok;
	}
	audit_reports_drop(reports);
	return ok;
}

void audit_reports_drop(struct audit_reports *reports)
{
	if (!reports)
		return;
	if (reports->timeline)
		timeline_free(reports->timeline);
	free(reports->timeline);
	perfetto_free(reports->perfetto);
	output_file_drop(&reports->html_file);
	output_file_drop(&reports->perfetto_file);
	free(reports);
}
