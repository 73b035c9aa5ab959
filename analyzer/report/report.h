/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings, summaries and explanations for people and for programs. Write errors stay in the FILE. */
#ifndef REPORT_REPORT_H
#define REPORT_REPORT_H

#include <stdbool.h>
#include <stdio.h>
#include <reblock/audit.h>

/* Where a report goes and how it looks. */
struct report {
	FILE *out;
	bool colour;
	const char *file; /* name of the input, as findings give it */
};

/* A finding as a block of text, or as one line of JSON (report_json_schema). */
void report_text_finding(const struct report *r, const struct reblock_finding *f);
void report_json_finding(const struct report *r, const struct reblock_finding *f);

/* What reblock watch knows beside a finding. */
struct report_live {
	const char *time;          /* when it was found, RFC 3339 */
	const char *name;          /* of the VM, empty: not known */
	uint32_t pid;              /* of the VM, 0: not known */
	const char *evidence_file; /* NULL: none */
	uint64_t
		evidence_record; /* number there of the finding's first record; UINT64_MAX: it is not in there */
};

/* As report_json_finding, with that (NULL: without). */
void report_json_live(const struct report *r, const struct reblock_finding *f,
		      const struct report_live *live);

/* One clause on how sure a finding of that evidence is. */
const char *report_evidence_text(enum reblock_evidence evidence);

/* The JSON schema of report_json_finding's lines, as text with a newline at its end. */
extern const char report_json_schema[];

/* What the audit of one input came to, beside the vCPUs' summaries. */
struct report_input {
	const struct reblock_source *source;
	uint64_t records, lost; /* lost: lost records in the stream */
	uint64_t damages;
	uint64_t severities[3]; /* findings by enum reblock_severity: what was seen */
	const char *policy;     /* name of the policy that was replayed, NULL: none */
	uint64_t predicted[3];  /* its findings, likewise */
	char **hints;           /* plain sentences on what this input could not tell */
	size_t n_hints;
};

/* Sum of all vCPUs; its vm, vcpu, pid and name mean nothing. */
void report_total(struct reblock_audit *audit, struct reblock_summary *total);

uint64_t report_unblocks(const struct reblock_summary *s);
uint64_t report_unjudged(const struct reblock_summary *s); /* of these */
uint64_t report_possible(const struct reblock_summary *s);

/* IRET unblocks for which the policy has no certain answer. */
uint64_t report_unpredicted(const struct reblock_summary *s);

/*
 * The policies that come with reblock: a list, and what each does in each situation of the rules (a
 * table with a legend); for people, or one JSON object a line for each policy.
 */
void report_policy_names(FILE *out); /* one a line */
void report_text_policies(FILE *out);
void report_json_policies(FILE *out);
void report_text_comparison(FILE *out);
void report_json_comparison(FILE *out);

/* What the input could not tell, a line each. */
void report_text_hints(const struct report *r, const struct report_input *in);

/* The summary of one input: the source, each VM, each vCPU, the hints and the verdict. */
void report_text_summary(const struct report *r, struct reblock_audit *audit,
			 const struct report_input *in);

/* The verdict alone, one line. */
void report_text_verdict(const struct report *r, const struct reblock_summary *total,
			 const struct report_input *in);

/* Escape sequences, empty without colour. */
const char *report_bold(const struct report *r);
const char *report_plain(const struct report *r);
const char *report_severity_colour(const struct report *r, enum reblock_severity severity);

/* "1.000000400 s", or "unknown" for REBLOCK_NO_TIME. */
#define REPORT_TIME_MAX 40
const char *report_time(uint64_t t, char text[REPORT_TIME_MAX]);

#endif
