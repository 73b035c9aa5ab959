/* SPDX-License-Identifier: BSD-2-Clause */
/* Findings: making one and handing it on. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include "state.h"

static enum reblock_severity severity_of(enum reblock_finding_kind kind)
{
	switch (kind) {
	case REBLOCK_OVER_BLOCK:
	case REBLOCK_UNREPORTABLE:
		return REBLOCK_NOTE;
	case REBLOCK_HARDWARE:
		return REBLOCK_WARNING;
	default:
		return REBLOCK_ERROR;
	}
}

struct reblock_finding audit_finding(enum reblock_finding_kind kind, enum reblock_evidence evidence,
				     uint64_t t, const char *rule, uint8_t assumes)
{
	struct reblock_finding finding = { .kind = kind,
					   .severity = severity_of(kind),
					   .evidence = evidence,
					   .assumes = assumes,
					   .t = t,
					   .rule = rule };

	return finding;
}

void audit_finding_record(struct reblock_finding *finding, uint64_t number)
{
	unsigned i = finding->n_records;

	if (i == REBLOCK_FINDING_RECORDS)
		return;
	for (; i > 0 && finding->records[i - 1] >= number; i--) {
		if (finding->records[i - 1] == number)
			return;
	}
	for (unsigned k = finding->n_records; k > i; k--)
		finding->records[k] = finding->records[k - 1];
	finding->records[i] = number;
	finding->n_records++;
}

void audit_emit(struct reblock_audit *audit, struct audit_vcpu *v,
		const struct reblock_finding *finding, const char *why, ...)
{
	struct reblock_finding out = *finding;
	va_list arguments;

	out.vm = v->summary.vm;
	out.vcpu = v->summary.vcpu;
	out.found_at = audit->now;
	out.vcpu_first = v->first;
	va_start(arguments, why);
	(void)vsnprintf(out.why, sizeof(out.why), why, arguments);
	va_end(arguments);
	if (out.policy)
		v->summary.predicted[out.kind]++;
	else
		v->summary.findings[out.kind]++;
	if (audit->options.finding && !audit->stop)
		audit->stop = audit->options.finding(audit->options.context, &out);
}

const char *audit_exit_words(const struct reblock_record *exit, char words[AUDIT_EXIT_WORDS])
{
	const char *name = NULL;
	char number[24];

	if (reblock_has(exit, REBLOCK_HAS_REASON)) {
		enum reblock_unblock_exit kind = reblock_unblock_exit_of(exit);

		name = kind == REBLOCK_UNBLOCK_EXITS ? reblock_reason_name(exit->reason) :
						       reblock_unblock_exit_name(kind);
	}
	if (!name) {
		(void)snprintf(number, sizeof(number), "exit reason %" PRIu32,
			       exit->reason & REBLOCK_REASON_BASIC);
		name = reblock_has(exit, REBLOCK_HAS_REASON) ? number : "exit";
	}
	if (reblock_has(exit, REBLOCK_HAS_RIP))
		(void)snprintf(words, AUDIT_EXIT_WORDS, "%s at RIP %#" PRIx64, name, exit->rip);
	else
		(void)snprintf(words, AUDIT_EXIT_WORDS, "%s", name);
	return words;
}
