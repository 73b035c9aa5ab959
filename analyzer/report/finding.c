/* SPDX-License-Identifier: BSD-2-Clause */
/* One finding, as text and as JSON. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "report/report.h"

const char *report_evidence_text(enum reblock_evidence evidence)
{
	static const char *const texts[] = {
		[REBLOCK_PREDICTED] = "a model of the hypervisor says so; it was not seen",
		[REBLOCK_DERIVED] =
			"it follows from the hypervisor's own state, or from what the processor did next",
		[REBLOCK_DELIVERED] = "an NMI was delivered where none could be",
		[REBLOCK_DIRECT] = "the VMCS was read, or the processor said so",
	};

	return texts[evidence];
}

void report_text_finding(const struct report *r, const struct reblock_finding *f)
{
	char time[REPORT_TIME_MAX];

	fprintf(r->out, "%s%s: %s%s  ", report_severity_colour(r, f->severity),
		reblock_severity_name(f->severity), reblock_finding_name(f->kind), report_plain(r));
	if (f->n_records)
		fprintf(r->out, "%s%s#%" PRIu64 "%s  ", report_bold(r), r->file, f->records[0],
			report_plain(r));
	fprintf(r->out, "vm %" PRIu32 " vcpu %" PRIu16 "  t %s\n", f->vm, f->vcpu,
		report_time(f->t, time));
	fprintf(r->out, "    %s\n", f->why);
	fprintf(r->out, "    rule      %s (docs/rules.md)\n", f->rule ? f->rule : "?");
	fprintf(r->out, "    evidence  %s: %s\n", reblock_evidence_name(f->evidence),
		report_evidence_text(f->evidence));
	if (f->policy)
		fprintf(r->out, "    policy    %s\n", f->policy);
	fprintf(r->out, "    records  ");
	for (unsigned i = 0; i < f->n_records; i++)
		fprintf(r->out, " #%" PRIu64, f->records[i]);
	fprintf(r->out, "\n");
	for (unsigned bit = 0; bit < REBLOCK_ASSUMPTIONS; bit++)
		if (f->assumes >> bit & 1)
			fprintf(r->out, "    assumes   %s: %s\n", reblock_assumption_name(bit),
				reblock_assumption_text(bit));
	fprintf(r->out, "\n");
}

/* TEXT as a JSON string; a name that is not UTF-8 keeps its ASCII part. */
static json_t *string(const char *text)
{
	json_t *value = json_string(text);
	char *ascii;

	if (value)
		return value;
	ascii = strdup(text);
	for (char *p = ascii; p && *p; p++)
		if ((unsigned char)*p >= 0x80)
			*p = '?';
	value = json_string(ascii ? ascii : "?");
	free(ascii);
	return value;
}

static void add_live(json_t *object, const struct report_live *live)
{
	json_object_set_new(object, "time", string(live->time));
	if (live->name[0])
		json_object_set_new(object, "vm_name", string(live->name));
	if (live->pid)
		json_object_set_new(object, "pid", json_integer(live->pid));
	if (!live->evidence_file)
		return;
	json_object_set_new(object, "evidence_file", string(live->evidence_file));
	if (live->evidence_record != UINT64_MAX)
		json_object_set_new(object, "evidence_record",
				    json_integer((json_int_t)live->evidence_record));
}

void report_json_finding(const struct report *r, const struct reblock_finding *f)
{
	report_json_live(r, f, NULL);
}

void report_json_live(const struct report *r, const struct reblock_finding *f,
		      const struct report_live *live)
{
	json_t *object = json_object(), *records = json_array(), *assumes = json_array();

	for (unsigned i = 0; i < f->n_records; i++)
		json_array_append_new(records, json_integer((json_int_t)f->records[i]));
	for (unsigned bit = 0; bit < REBLOCK_ASSUMPTIONS; bit++)
		if (f->assumes >> bit & 1)
			json_array_append_new(assumes, json_string(reblock_assumption_name(bit)));
	json_object_set_new(object, "kind", json_string(reblock_finding_name(f->kind)));
	json_object_set_new(object, "severity", json_string(reblock_severity_name(f->severity)));
	json_object_set_new(object, "evidence", json_string(reblock_evidence_name(f->evidence)));
	json_object_set_new(object, "file", string(r->file));
	json_object_set_new(object, "vm", json_integer(f->vm));
	json_object_set_new(object, "vcpu", json_integer(f->vcpu));
	if (f->t <= INT64_MAX)
		json_object_set_new(object, "t", json_integer((json_int_t)f->t));
	json_object_set_new(object, "records", records);
	json_object_set_new(object, "why", string(f->why));
	json_object_set_new(object, "rule", string(f->rule ? f->rule : ""));
	json_object_set_new(object, "assumes", assumes);
	if (f->policy)
		json_object_set_new(object, "policy", string(f->policy));
	if (live)
		add_live(object, live);
	json_dumpf(object, r->out, JSON_COMPACT);
	fputc('\n', r->out);
	json_decref(object);
}
