/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include "agent/line.h"
#include "report/report.h"

const char *line_time(const struct timespec *at, char text[LINE_TIME_MOST])
{
	char seconds[32];
	struct tm tm;

	gmtime_r(&at->tv_sec, &tm);
	strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(text, LINE_TIME_MOST, "%s.%03ldZ", seconds, at->tv_nsec / 1000000);
	return text;
}

static void text(FILE *out, const struct told *told, const struct report_live *live)
{
	const struct reblock_finding *f = &told->finding;
	char t[REPORT_TIME_MAX];

	fprintf(out, "%s %s: %s (%s)  %s  vm %" PRIu32 " vcpu %" PRIu16 "  t %s\n", live->time,
		reblock_severity_name(f->severity), reblock_finding_name(f->kind),
		reblock_evidence_name(f->evidence), told->vm_text, f->vm, f->vcpu,
		report_time(f->t, t));
	fprintf(out, "    %s", f->why);
	if (live->evidence_file) {
		fprintf(out, "  evidence: %s", live->evidence_file);
		if (live->evidence_record != UINT64_MAX)
			fprintf(out, "#%" PRIu64, live->evidence_record);
	}
	fputc('\n', out);
}

char *line_of(const struct line_style *style, const struct told *told, const char *file,
	      const struct capture *capture)
{
	char time[LINE_TIME_MOST], *line = NULL;
	size_t size;
	FILE *out = open_memstream(&line, &size);
	struct report report = { out, false, style->input };
	struct report_live live = { .time = line_time(&told->at, time),
				    .name = told->name,
				    .pid = told->pid,
				    .evidence_file = file,
				    .evidence_record = UINT64_MAX };

	if (!out)
		return NULL;
	if (file && told->finding.n_records)
		live.evidence_record = capture_number(capture, told->finding.records[0]);
	if (style->json)
		report_json_live(&report, &told->finding, &live);
	else
		text(out, told, &live);
	if (fclose(out) != 0) {
		free(line);
		return NULL;
	}
	return line;
}
