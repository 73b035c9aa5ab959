/* SPDX-License-Identifier: BSD-2-Clause */
/* The counts in Prometheus' text format 0.0.4. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "agent/metrics.h"

static void head(FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(FILE *out, const char *name, const char *type, const char *help, uint64_t value)
{
	head(out, name, type, help);
	fprintf(out, "%s %" PRIu64 "\n", name, value);
}

/* The value of a label: backslash, double quote and newline are escaped; guests' names come from anywhere. */
static void label_value(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '\\' || *text == '"')
			fprintf(out, "\\%c", *text);
		else
			fputc(*text, out);
	}
}

/* NAME{LABEL="VALUE"[,SECOND="VALUE"][,vm="..."]} COUNT; VM NULL: none. */
struct row {
	const char *name, *label, *value, *second, *second_value, *vm;
};

static void print_row(FILE *out, const struct row *row, uint64_t count)
{
	fprintf(out, "%s{%s=\"", row->name, row->label);
	label_value(out, row->value);
	if (row->second) {
		fprintf(out, "\",%s=\"", row->second);
		label_value(out, row->second_value);
	}
	if (row->vm) {
		fputs("\",vm=\"", out);
		label_value(out, row->vm);
	}
	fprintf(out, "\"} %" PRIu64 "\n", count);
}

/* Of one VM only what is not 0, or a thousand VMs fill the page; the total is whole, so that every series begins at 0. */
struct rows {
	FILE *out;
	const struct metrics_judged *judged;
	const char *vm;
	bool whole;
};

static void put(const struct rows *rows, const struct row *row, uint64_t count)
{
	if (count || rows->whole)
		print_row(rows->out, row, count);
}

typedef void rows_fn(const struct rows *rows);

static void unblocks(const struct rows *rows)
{
	for (unsigned i = 0; i < REBLOCK_UNBLOCK_EXITS; i++)
		put(rows,
		    &(struct row){ .name = "reblock_iret_unblocks_total",
				   .label = "exit",
				   .value = metrics_unblock_exit(i),
				   .vm = rows->vm },
		    rows->judged->unblocks[i]);
}

static void reblocks(const struct rows *rows)
{
	for (unsigned i = 0; i < REBLOCK_UNBLOCK_EXITS; i++)
		put(rows,
		    &(struct row){ .name = "reblock_reblocks_total",
				   .label = "exit",
				   .value = metrics_unblock_exit(i),
				   .vm = rows->vm },
		    rows->judged->reblocks[i]);
}

static void findings(const struct rows *rows)
{
	/* Without a policy nothing is predicted, and without Intel PT nothing is unreportable. */
	for (unsigned kind = 0; kind < REBLOCK_UNREPORTABLE; kind++)
		for (unsigned grade = REBLOCK_DERIVED; grade < REBLOCK_EVIDENCES; grade++)
			put(rows,
			    &(struct row){ "reblock_findings_total", "kind",
					   reblock_finding_name(kind), "evidence",
					   reblock_evidence_name(grade), rows->vm },
			    rows->judged->findings[kind][grade]);
}

static void causes(const struct rows *rows, const char *name, const uint64_t *counts)
{
	for (unsigned i = 0; i < REBLOCK_CAUSES; i++)
		put(rows,
		    &(struct row){ .name = name,
				   .label = "cause",
				   .value = reblock_cause_name(i),
				   .vm = rows->vm },
		    counts[i]);
}

static void unjudged(const struct rows *rows)
{
	causes(rows, "reblock_unjudged_total", rows->judged->unjudged);
}

static void possible(const struct rows *rows)
{
	causes(rows, "reblock_possible_unblocks_total", rows->judged->possible);
}

static void judged(FILE *out, const struct metrics *m, rows_fn *print)
{
	static const struct metrics_judged nothing;

	if (!m->per_vm) {
		print(&(struct rows){ out, &m->total, NULL, true });
		return;
	}
	/* An empty label is none: these rows are what a VM's counts begin with. */
	print(&(struct rows){ out, &nothing, "", true });
	for (size_t i = 0; i < m->n_vms; i++)
		print(&(struct rows){ out, &m->vms[i].judged, i ? m->vms[i].label : "(others)",
				      false });
}

static void print_judged(FILE *out, const struct metrics *m)
{
	static const struct {
		const char *name, *help;
		rows_fn *print;
	} families[] = {
		{ "reblock_iret_unblocks_total",
		  "Exits that unblocked NMIs because an IRET took them, by exit reason.",
		  unblocks },
		{ "reblock_reblocks_total",
		  "Of these: NMIs were seen to be blocked again at the entry.", reblocks },
		{ "reblock_findings_total", "Findings, by kind and by how sure they are.",
		  findings },
		{ "reblock_unjudged_total", "IRET unblocks that could not be judged, by cause.",
		  unjudged },
		{ "reblock_possible_unblocks_total",
		  "Exits that may have been IRET unblocks and could not be judged, by cause.",
		  possible },
	};

	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		head(out, families[i].name, "counter", families[i].help);
		judged(out, m, families[i].print);
	}
}

static void print_exits(FILE *out, const struct metrics *m)
{
	struct row row = { .name = "reblock_exits_total", .label = "reason" };

	head(out, row.name, "counter", "VM exits by basic exit reason.");
	for (unsigned i = 0; i <= METRICS_REASONS; i++) {
		char number[16];

		if (!m->exits[i] && i != REBLOCK_REASON_EPT_VIOLATION)
			continue;
		row.value = metrics_reason(i);
		(void)snprintf(number, sizeof(number), "%u", i);
		if (!row.value)
			row.value = i == METRICS_REASONS ? "other" : number;
		print_row(out, &row, m->exits[i]);
	}
}

static void print_lost(FILE *out, const struct metrics *m)
{
	static const char *const names[] = { [METRICS_LOST_RING] = "ring-full",
					     [METRICS_LOST_BUDGET] = "budget",
					     [METRICS_LOST_UNTRACKED] = "untracked",
					     [METRICS_LOST_INPUT] = "input",
					     [METRICS_LOST_SEQUENCE] = "sequence" };
	struct row row = { .name = "reblock_lost_records_total", .label = "cause" };

	head(out, row.name, "counter",
	     "Records that were not judged because they were lost, by cause.");
	for (unsigned i = 0; i < METRICS_LOSTS; i++) {
		row.value = names[i];
		print_row(out, &row, m->lost[i]);
	}
}

static void print(const struct metrics *m, FILE *out)
{
	head(out, "reblock_build_info", "gauge", "1; the version is its label.");
	print_row(out,
		  &(struct row){
			  .name = "reblock_build_info", .label = "version", .value = m->version },
		  1);
	head(out, "reblock_start_time_seconds", "gauge",
	     "When the agent was started, in seconds since 1970.");
	fprintf(out, "reblock_start_time_seconds %.3f\n", m->started);
	one(out, "reblock_attached", "gauge", "1 while records come: from KVM or from an input.",
	    m->attached);
	one(out, "reblock_attached_total", "counter", "How often it became 1.", m->attached_times);
	one(out, "reblock_counting_only", "gauge",
	    "1 while there are more records than --max-records-per-second: exits are only counted.",
	    m->counting_only);
	one(out, "reblock_records_total", "counter", "Records judged.", m->records);
	print_exits(out, m);
	print_judged(out, m);
	print_lost(out, m);
	if (m->bpf_stats) {
		head(out, "reblock_bpf_run_seconds_total", "counter",
		     "Time that the BPF programs ran.");
		fprintf(out, "reblock_bpf_run_seconds_total %.9f\n", (double)m->bpf_run_ns / 1e9);
	}
	one(out, "reblock_findings_suppressed_total", "counter",
	    "Findings that were counted but not printed: more than --rate of their kind and VM.",
	    m->suppressed);
	one(out, "reblock_output_lines_dropped_total", "counter",
	    "Lines for standard output that nobody took, or that could not be written.",
	    m->lines_dropped);
	one(out, "reblock_evidence_bytes", "gauge", "Size of the evidence files.",
	    m->evidence_bytes);
	one(out, "reblock_evidence_failures_total", "counter",
	    "Findings printed without the evidence that should have been kept.",
	    m->evidence_failures);
	one(out, "reblock_vcpus", "gauge", "vCPUs of which the agent keeps a state.", m->vcpus);
	one(out, "reblock_vcpus_retired_total", "counter",
	    "vCPUs that are no longer kept: not seen for long, or too many.", m->retired);
}

void metrics_print(struct metrics *m, FILE *out)
{
	struct metrics copy;

	pthread_mutex_lock(&m->lock);
	copy = *m;
	if (m->per_vm) {
		copy.vms = calloc(m->n_vms, sizeof(*copy.vms));
		copy.n_vms = copy.vms ? m->n_vms : 0;
		if (copy.vms)
			memcpy(copy.vms, m->vms, m->n_vms * sizeof(*copy.vms));
	}
	pthread_mutex_unlock(&m->lock);
	print(&copy, out);
	if (m->per_vm)
		free(copy.vms);
}
