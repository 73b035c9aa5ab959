/* SPDX-License-Identifier: BSD-2-Clause */
/* What was judged, what was not and why, by VM and vCPU. Silence must never read as health. */
#include <inttypes.h>
#include <string.h>
#include "report/report.h"
#include "report/witness.h"

uint64_t report_unblocks(const struct reblock_summary *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < REBLOCK_UNBLOCK_EXITS; i++)
		n += s->unblocks[i];
	return n;
}

uint64_t report_unjudged(const struct reblock_summary *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < REBLOCK_CAUSES; i++)
		n += s->unjudged[i];
	return n;
}

uint64_t report_possible(const struct reblock_summary *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < REBLOCK_CAUSES; i++)
		n += s->possible[i];
	return n;
}

uint64_t report_unpredicted(const struct reblock_summary *s)
{
	return report_unblocks(s) - s->predicted_unblocks;
}

void report_total(struct reblock_audit *audit, struct reblock_summary *total)
{
	const struct reblock_summary *s;

	memset(total, 0, sizeof(*total));
	reblock_summary_add(total, reblock_audit_retired(audit));
	for (size_t i = 0; (s = reblock_audit_summary(audit, i)); i++)
		reblock_summary_add(total, s);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void source_line(const struct report *r, const struct report_input *in)
{
	const struct reblock_source *s = in->source;
	const char *sep = ": ";

#define ITEM(...) (fprintf(r->out, "%s", sep), fprintf(r->out, __VA_ARGS__), sep = ", ")
	fprintf(r->out, "%s%s%s", report_bold(r), r->file, report_plain(r));
	if (s->source[0])
		ITEM("%s", s->source);
	if (s->host[0])
		ITEM("host %s", s->host);
	if (s->kernel[0])
		ITEM("Linux %s", s->kernel);
	if (s->presence & REBLOCK_SOURCE_CPU)
		ITEM("CPU %" PRIu32 "-%" PRIu32 "-%" PRIu32, s->family, s->model, s->stepping);
	if (s->presence & REBLOCK_SOURCE_MICROCODE)
		ITEM("microcode 0x%" PRIx32, s->microcode);
	if (s->presence & REBLOCK_SOURCE_EPT)
		ITEM("ept=%d", s->ept);
	if (s->presence & REBLOCK_SOURCE_VNMI)
		ITEM("vnmi=%d", s->vnmi);
	if (s->presence & REBLOCK_SOURCE_PML)
		ITEM("pml=%d", s->pml);
	if (s->presence & REBLOCK_SOURCE_NESTED)
		ITEM("nested=%d", s->nested);
	ITEM("%" PRIu64 " record%s\n", in->records, plural(in->records));
#undef ITEM
}

static void causes(const struct report *r, const char *what, const uint64_t counts[REBLOCK_CAUSES])
{
	for (unsigned i = 0; i < REBLOCK_CAUSES; i++)
		if (counts[i])
			fprintf(r->out, "    %s: %" PRIu64 " %s: %s\n", what, counts[i],
				reblock_cause_name(i), reblock_cause_text(i));
}

static void findings(const struct report *r, const char *heading,
		     const uint64_t counts[REBLOCK_FINDING_KINDS])
{
	const char *sep = heading;

	for (unsigned i = 0; i < REBLOCK_FINDING_KINDS; i++) {
		if (!counts[i])
			continue;
		fprintf(r->out, "%s%" PRIu64 " %s", sep, counts[i], reblock_finding_name(i));
		sep = ", ";
	}
	if (sep != heading)
		fprintf(r->out, "\n");
}

static void unblock_table(const struct report *r, const struct reblock_summary *s)
{
	fprintf(r->out, "    %-16s %9s %11s %7s %10s %11s\n", "IRET unblocks", "all", "re-blocked",
		"missed", "reflected", "not judged");
	for (unsigned i = 0; i < REBLOCK_UNBLOCK_EXITS; i++) {
		uint64_t judged = s->reblocked[i] + s->missed[i] + s->reflected[i];

		if (s->unblocks[i])
			fprintf(r->out,
				"      %-14s %9" PRIu64 " %11" PRIu64 " %7" PRIu64 " %10" PRIu64
				" %11" PRIu64 "\n",
				reblock_unblock_exit_name(i), s->unblocks[i], s->reblocked[i],
				s->missed[i], s->reflected[i], s->unblocks[i] - judged);
	}
}

static void pt_line(void *context, const char *text)
{
	const struct report *r = context;

	fprintf(r->out, "    Intel PT: %s\n", text);
}

static void counts(const struct report *r, const struct reblock_summary *s)
{
	struct report copy = *r;

	fprintf(r->out, "%" PRIu64 " exit%s, %" PRIu64 " entr%s, %" PRIu64 " IRET unblock%s",
		s->exits, plural(s->exits), s->entries, s->entries == 1 ? "y" : "ies",
		report_unblocks(s), plural(report_unblocks(s)));
	if (s->nmi_reinjections)
		fprintf(r->out, ", %" PRIu64 " interrupted NMI deliver%s", s->nmi_reinjections,
			s->nmi_reinjections == 1 ? "y" : "ies");
	fprintf(r->out, "\n");
	if (s->left_out)
		fprintf(r->out,
			"    filtered: at %" PRIu64
			" place%s exits of which nothing can come were left out; all counts are of what was recorded\n",
			s->left_out, plural(s->left_out));
	if (report_unblocks(s))
		unblock_table(r, s);
	causes(r, "not judged", s->unjudged);
	causes(r, "not known whether unblocked", s->possible);
	if (s->lost)
		fprintf(r->out,
			"    lost: records are missing at %" PRIu64 " place%s, %" PRIu64
			" or more\n",
			s->lost, plural(s->lost), s->lost_records);
	if (s->out_of_order)
		fprintf(r->out,
			"    out of order: %" PRIu64 " record%s older than the one before\n",
			s->out_of_order, plural(s->out_of_order));
	witness_lines(s, pt_line, &copy);
	findings(r, "    findings: ", s->findings);
	findings(r, "    predicted: ", s->predicted);
	for (unsigned bit = 0; bit < REBLOCK_ASSUMPTIONS; bit++)
		if ((s->assumes | s->pt.assumes) >> bit & 1)
			fprintf(r->out, "    assumed: %s: %s\n", reblock_assumption_name(bit),
				reblock_assumption_text(bit));
}

/* The heading of a VM; with more than one vCPU also their sum. */
static void vm_lines(const struct report *r, struct reblock_audit *audit, size_t first)
{
	const struct reblock_summary *s, *head = reblock_audit_summary(audit, first);
	uint32_t vm = head->vm;
	struct reblock_summary total;
	size_t n = 0;

	memset(&total, 0, sizeof(total));
	for (; (s = reblock_audit_summary(audit, first + n)) && s->vm == vm; n++)
		reblock_summary_add(&total, s);
	fprintf(r->out, "%svm %" PRIu32 "%s", report_bold(r), vm, report_plain(r));
	if (head->name[0])
		fprintf(r->out, " %s", head->name);
	if (head->pid)
		fprintf(r->out, " (pid %" PRIu32 ")", head->pid);
	if (n == 1) {
		fprintf(r->out, "\n");
	} else {
		fprintf(r->out, ", %zu vCPUs: ", n);
		counts(r, &total);
	}
}

/* What the model says stands on a line of its own: it is about another hypervisor than what was seen. */
static void policy_line(const struct report *r, const struct reblock_summary *total,
			const struct report_input *in)
{
	uint64_t errors = in->predicted[REBLOCK_ERROR], notes = in->predicted[REBLOCK_NOTE],
		 unblocks = report_unblocks(total), unpredicted = report_unpredicted(total);

	fprintf(r->out, "%s%s%s: policy %s: ", report_bold(r), r->file, report_plain(r),
		in->policy);
	if (errors)
		fprintf(r->out, "%s%" PRIu64 " error%s, %" PRIu64 " note%s predicted%s",
			report_severity_colour(r, REBLOCK_ERROR), errors, plural(errors), notes,
			plural(notes), report_plain(r));
	else
		fprintf(r->out, "nothing wrong predicted, %" PRIu64 " note%s", notes,
			plural(notes));
	if (!unblocks)
		fprintf(r->out, "; no IRET unblock was seen\n");
	else if (!unpredicted)
		fprintf(r->out, "; %s%" PRIu64 " IRET unblock%s replayed\n",
			unblocks == 1 ? "" : "all ", unblocks, plural(unblocks));
	else
		fprintf(r->out,
			"; %" PRIu64 " of %" PRIu64
			" IRET unblock%s replayed (docs/policies.md says why not all)\n",
			unblocks - unpredicted, unblocks, plural(unblocks));
}

void report_text_hints(const struct report *r, const struct report_input *in)
{
	for (size_t i = 0; i < in->n_hints; i++)
		fprintf(r->out, "%shint%s: %s\n", report_bold(r), report_plain(r), in->hints[i]);
}

void report_text_verdict(const struct report *r, const struct reblock_summary *total,
			 const struct report_input *in)
{
	uint64_t unblocks = report_unblocks(total), unjudged = report_unjudged(total),
		 possible = report_possible(total), errors = in->severities[REBLOCK_ERROR],
		 warnings = in->severities[REBLOCK_WARNING], notes = in->severities[REBLOCK_NOTE];

	fprintf(r->out, "%s%s%s: ", report_bold(r), r->file, report_plain(r));
	if (errors || warnings)
		fprintf(r->out,
			"%s%" PRIu64 " error%s, %" PRIu64 " warning%s, %" PRIu64 " note%s%s",
			report_severity_colour(r, errors ? REBLOCK_ERROR : REBLOCK_WARNING), errors,
			plural(errors), warnings, plural(warnings), notes, plural(notes),
			report_plain(r));
	else if (notes)
		fprintf(r->out, "nothing wrong found, %" PRIu64 " note%s", notes, plural(notes));
	else
		fprintf(r->out, "nothing wrong found");
	if (!total->exits && total->pt.exits)
		fprintf(r->out, "; no VM exit was recorded, Intel PT shows %" PRIu64,
			total->pt.exits);
	else if (!total->exits)
		fprintf(r->out, "; no VM exit was seen");
	else if (!unblocks)
		fprintf(r->out, "; no IRET unblock was seen");
	else if (!unjudged)
		fprintf(r->out, "; %s%" PRIu64 " IRET unblock%s judged",
			unblocks == 1 ? "" : "all ", unblocks, plural(unblocks));
	else
		fprintf(r->out, "; %" PRIu64 " of %" PRIu64 " IRET unblock%s could not be judged",
			unjudged, unblocks, plural(unblocks));
	if (possible)
		fprintf(r->out, "; of %" PRIu64 " exit%s it is not known whether %s", possible,
			plural(possible),
			possible == 1 ? "it was an IRET unblock" : "they were IRET unblocks");
	if (total->lost || in->lost)
		fprintf(r->out, "; records are missing");
	if (in->damages)
		fprintf(r->out, "; the input is damaged (%" PRIu64 " place%s)", in->damages,
			plural(in->damages));
	fprintf(r->out, "\n");
	if (in->policy)
		policy_line(r, total, in);
}

void report_text_summary(const struct report *r, struct reblock_audit *audit,
			 const struct report_input *in)
{
	const struct reblock_summary *s;
	struct reblock_summary total;
	bool begun = false;
	uint32_t vm = 0;

	source_line(r, in);
	for (size_t i = 0; (s = reblock_audit_summary(audit, i)); i++) {
		if (!begun || s->vm != vm)
			vm_lines(r, audit, i);
		begun = true;
		vm = s->vm;
		fprintf(r->out, "  vcpu %" PRIu16 ": ", s->vcpu);
		counts(r, s);
	}
	report_total(audit, &total);
	report_text_hints(r, in);
	report_text_verdict(r, &total, in);
}
