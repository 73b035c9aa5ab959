/* SPDX-License-Identifier: BSD-2-Clause */
/* The numbers of the summary. Its sentences stand in the page as the terminal has them. */
#include <inttypes.h>
#include <stdlib.h>
#include "report/html_data.h"
#include "report/witness.h"

#define VCPUS_LISTED 512

static void write_causes(struct html_data *d, const uint64_t counts[REBLOCK_CAUSES])
{
	const char *sep = "";

	for (unsigned i = 0; i < REBLOCK_CAUSES; i++) {
		if (!counts[i])
			continue;
		fprintf(d->out, "%s[\"%s\",%" PRIu64 ",%ld]", sep, reblock_cause_name(i), counts[i],
			html_strings_add(&d->strings, reblock_cause_text(i)));
		sep = ",";
	}
}

static void write_findings(struct html_data *d, const uint64_t counts[REBLOCK_FINDING_KINDS])
{
	const char *sep = "";

	for (unsigned i = 0; i < REBLOCK_FINDING_KINDS; i++) {
		if (!counts[i])
			continue;
		fprintf(d->out, "%s\"%s\":%" PRIu64, sep, reblock_finding_name(i), counts[i]);
		sep = ",";
	}
}

struct pt_lines {
	struct html_data *d;
	const char *sep;
};

static void write_pt_line(void *context, const char *text)
{
	struct pt_lines *lines = context;

	fputs(lines->sep, lines->d->out);
	html_json_string(lines->d->out, text);
	lines->sep = ",";
}

static void write_counts(struct html_data *d, const struct reblock_summary *s)
{
	struct pt_lines lines = { d, "" };
	const char *sep = "";

	fprintf(d->out,
		"\"records\":%" PRIu64 ",\"exits\":%" PRIu64 ",\"entries\":%" PRIu64
		",\"reinjections\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"lost_records\":%" PRIu64
		",\"out_of_order\":%" PRIu64 ",\"left_out\":%" PRIu64 ",\"unblocks\":[",
		s->records, s->exits, s->entries, s->nmi_reinjections, s->lost, s->lost_records,
		s->out_of_order, s->left_out);
	for (unsigned i = 0; i < REBLOCK_UNBLOCK_EXITS; i++) {
		if (!s->unblocks[i])
			continue;
		fprintf(d->out,
			"%s[\"%s\",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "]",
			sep, reblock_unblock_exit_name(i), s->unblocks[i], s->reblocked[i],
			s->missed[i], s->reflected[i],
			s->unblocks[i] - s->reblocked[i] - s->missed[i] - s->reflected[i]);
		sep = ",";
	}
	fputs("],\"unjudged\":[", d->out);
	write_causes(d, s->unjudged);
	fputs("],\"possible\":[", d->out);
	write_causes(d, s->possible);
	fputs("],\"findings\":{", d->out);
	write_findings(d, s->findings);
	fputs("},\"predicted\":{", d->out);
	write_findings(d, s->predicted);
	fputs("},\"assumes\":[", d->out);
	sep = "";
	for (unsigned bit = 0; bit < REBLOCK_ASSUMPTIONS; bit++) {
		if (!((s->assumes | s->pt.assumes) >> bit & 1))
			continue;
		fprintf(d->out, "%s[\"%s\",%ld]", sep, reblock_assumption_name(bit),
			html_strings_add(&d->strings, reblock_assumption_text(bit)));
		sep = ",";
	}
	fputs("],\"pt\":[", d->out);
	witness_lines(s, write_pt_line, &lines);
	fputs("]", d->out);
}

static void write_source(struct html_data *d, const struct reblock_source *s)
{
	char text[64];
	const char *sep = "";

#define ITEM(name, value) \
	do { \
		fprintf(d->out, "%s[\"%s\",", sep, name); \
		html_json_string(d->out, value); \
		fputs("]", d->out); \
		sep = ","; \
	} while (0)
	fputs("\"source\":[", d->out);
	if (s->source[0])
		ITEM("recorded by", s->source);
	if (s->host[0])
		ITEM("host", s->host);
	if (s->kernel[0])
		ITEM("Linux", s->kernel);
	if (s->presence & REBLOCK_SOURCE_CPU) {
		snprintf(text, sizeof(text), "%" PRIu32 "-%" PRIu32 "-%" PRIu32, s->family,
			 s->model, s->stepping);
		ITEM("CPU", text);
	}
	if (s->presence & REBLOCK_SOURCE_MICROCODE) {
		snprintf(text, sizeof(text), "0x%" PRIx32, s->microcode);
		ITEM("microcode", text);
	}
	if (s->clock[0])
		ITEM("clock", s->clock);
	if (s->presence & REBLOCK_SOURCE_EPT)
		ITEM("ept", s->ept ? "1" : "0");
	if (s->presence & REBLOCK_SOURCE_VNMI)
		ITEM("vnmi", s->vnmi ? "1" : "0");
	if (s->presence & REBLOCK_SOURCE_PML)
		ITEM("pml", s->pml ? "1" : "0");
	if (s->presence & REBLOCK_SOURCE_NESTED)
		ITEM("nested", s->nested ? "1" : "0");
	fputs("]", d->out);
#undef ITEM
}

/* The verdict as the terminal has it, without the file's name in front. */
static void write_verdict(struct html_data *d, const struct reblock_summary *total,
			  const struct report_input *in)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);
	struct report plain = { memory, false, "" };

	if (!memory) {
		d->strings.failed = true;
		return;
	}
	report_text_verdict(&plain, total, in);
	fclose(memory);
	if (size && text[size - 1] == '\n')
		text[size - 1] = 0;
	fputs("\"verdict\":", d->out);
	html_json_string(d->out, size > 2 ? text + 2 : "");
	fputs(",\n", d->out);
	free(text);
}

void html_summary(struct html_data *d, const struct report *r, struct reblock_audit *audit,
		  const struct report_input *in)
{
	const struct timeline *t = d->t;
	const struct reblock_summary *s;
	struct reblock_summary total;
	size_t n;

	report_total(audit, &total);
	fputs("\"file\":", d->out);
	html_json_string(d->out, r->file);
	fputs(",\n", d->out);
	write_verdict(d, &total, in);
	write_source(d, in->source);
	fprintf(d->out,
		",\n\"t0\":\"%" PRIu64 "\",\"timed\":%s,\"span\":%" PRIu64 ",\"records\":%" PRIu64
		",\"untimed\":%" PRIu64 ",\"unshown\":%" PRIu64 ",\"damages\":%" PRIu64
		",\"losses\":%" PRIu64,
		t->t0, t->begun ? "true" : "false", t->last, in->records, t->untimed, t->unshown,
		in->damages, in->lost);
	fprintf(d->out,
		",\"severities\":[%" PRIu64 ",%" PRIu64 ",%" PRIu64
		"],\"predicted_errors\":%" PRIu64 ",\n\"total\":{",
		in->severities[REBLOCK_NOTE], in->severities[REBLOCK_WARNING],
		in->severities[REBLOCK_ERROR], in->predicted[REBLOCK_ERROR]);
	write_counts(d, &total);
	fputs("},\n\"hints\":[", d->out);
	for (n = 0; n < in->n_hints; n++) {
		fputs(n ? ",\n" : "", d->out);
		html_json_string(d->out, in->hints[n]);
	}
	fputs("],\n\"vcpus\":[", d->out);
	for (n = 0; (s = reblock_audit_summary(audit, n)); n++) {
		if (n >= VCPUS_LISTED)
			continue;
		fprintf(d->out, "%s{\"vm\":%" PRIu32 ",\"vcpu\":%u,\"pid\":%" PRIu32 ",\"name\":",
			n ? ",\n" : "", s->vm, (unsigned)s->vcpu, s->pid);
		html_json_string(d->out, s->name);
		fputs(",", d->out);
		write_counts(d, s);
		fputs("}", d->out);
	}
	fprintf(d->out, "],\"n_vcpus\":%zu", n);
}
