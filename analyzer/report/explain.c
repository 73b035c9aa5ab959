/* SPDX-License-Identifier: BSD-2-Clause */
/* What the VMM must do after an exit, what it was seen to do, and what the audit made of it. */
#include <inttypes.h>
#include <reblock/json.h>
#include <reblock/rules.h>
#include "report/explain_steps.h"
#include "report/witness.h"

static void name_record(const struct report *r, uint64_t number)
{
	if (number != EXPLAIN_NO_NUMBER)
		fprintf(r->out, "%s#%" PRIu64, r->file, number);
	else
		fprintf(r->out, "%s", r->file);
}

static void field(const struct report *r, const struct reblock_record *x, unsigned has,
		  const char *name, uint64_t value, const char *meaning)
{
	if (reblock_has(x, has))
		fprintf(r->out, "  %-18s 0x%" PRIx64 "%s%s\n", name, value, *meaning ? "  " : "",
			meaning);
}

void explain_record(const struct report *r, const struct reblock_record *x, uint64_t number)
{
	char text[REBLOCK_JSON_RECORD_MAX], time[REPORT_TIME_MAX], meaning[DECODE_MAX];
	const char *kind = reblock_kind_name(x->kind);

	fprintf(r->out, "%s", report_bold(r));
	name_record(r, number);
	fprintf(r->out, ": %s", kind ? kind : "?");
	if (x->vm != REBLOCK_NO_VM)
		fprintf(r->out, " of vm %" PRIu32, x->vm);
	if (x->vcpu != REBLOCK_NO_VCPU)
		fprintf(r->out, " vcpu %" PRIu16, x->vcpu);
	if (x->t != REBLOCK_NO_TIME)
		fprintf(r->out, " at %s", report_time(x->t, time));
	if (x->cpu != REBLOCK_NO_CPU)
		fprintf(r->out, " on CPU %" PRIu16, x->cpu);
	reblock_json_record(x, text);
	fprintf(r->out, "%s\n  %s\n", report_plain(r), text);
	if (reblock_flag(x, REBLOCK_LEFT_OUT))
		fprintf(r->out, "  %s\n",
			x->kind == REBLOCK_EXIT ?
				"before it, exits of which nothing can come may have been left out" :
				"the exit before it was left out: nothing can come of it");
	if (x->kind == REBLOCK_WITNESS) {
		char saw[WITNESS_TEXT_MAX];

		fprintf(r->out, "  Intel PT: %s\n", witness_text(x, saw));
	}
	if (x->kind != REBLOCK_EXIT && x->kind != REBLOCK_ENTRY)
		return;
	field(r, x, REBLOCK_HAS_REASON, "reason", x->reason, decode_reason(x->reason, meaning));
	field(r, x, REBLOCK_HAS_RIP, "rip", x->rip, "");
	field(r, x, REBLOCK_HAS_QUALIFICATION, "qualification", x->qualification,
	      reblock_has(x, REBLOCK_HAS_REASON) ?
		      decode_qualification(x->reason, x->qualification, meaning) :
		      "");
	field(r, x, REBLOCK_HAS_INTR_INFO, "intr_info", x->intr_info,
	      decode_interruption(x->intr_info,
				  x->kind == REBLOCK_ENTRY ? DECODE_BIT12_ENTRY : DECODE_BIT12_EXIT,
				  meaning));
	field(r, x, REBLOCK_HAS_ERROR_CODE, "error_code", x->error_code, "");
	field(r, x, REBLOCK_HAS_IDT_VECTORING, "idt_vectoring", x->idt_vectoring,
	      decode_interruption(x->idt_vectoring, DECODE_BIT12_IDTV, meaning));
	field(r, x, REBLOCK_HAS_INTERRUPTIBILITY, "interruptibility", x->interruptibility,
	      decode_interruptibility(x->interruptibility, meaning));
	field(r, x, REBLOCK_HAS_PIN, "pin", x->pin, decode_pin(x->pin, meaning));
	field(r, x, REBLOCK_HAS_EXEC, "exec", x->exec, decode_exec(x->exec, meaning));
}

void explain_pair(struct explain *e, const struct reblock_pair *pair)
{
	e->assumed_pin = reblock_has(pair->exit, REBLOCK_HAS_PIN) &&
			 !reblock_has(&e->exit, REBLOCK_HAS_PIN);
	e->exit = *pair->exit;
	e->entry = *pair->entry;
	e->between = pair->between;
	e->verdict = pair->verdict;
	e->has_verdict = true;
}

bool explain_assume_pin(struct reblock_record *exit, enum reblock_vnmi vnmi)
{
	if (vnmi == REBLOCK_VNMI_NOT_ASSUMED || reblock_has(exit, REBLOCK_HAS_PIN))
		return false;
	exit->presence |= REBLOCK_HAS_PIN;
	exit->pin = REBLOCK_PIN_NMI_EXITING;
	if (vnmi == REBLOCK_VNMI_ON)
		exit->pin |= REBLOCK_PIN_VIRTUAL_NMIS;
	return true;
}

static void show_between(const struct report *r, const struct explain *e)
{
	if (!e->between && !e->n_between && e->has_verdict)
		return;
	fprintf(r->out, "\n%sBetween exit and entry%s\n", report_bold(r), report_plain(r));
	for (unsigned i = 0; i < e->n_seen; i++) {
		char text[REBLOCK_JSON_RECORD_MAX];

		reblock_json_record(&e->seen[i], text);
		fprintf(r->out, "  ");
		name_record(r, e->seen_number[i]);
		fprintf(r->out, " %s\n", text);
	}
	if (e->n_between > e->n_seen)
		fprintf(r->out, "  and %u more records\n", e->n_between - e->n_seen);
	if (!e->has_verdict)
		fprintf(r->out, "  records are missing: what happened there is not known\n");
	for (unsigned bit = 0; explain_between(bit); bit++)
		if (e->between >> bit & 1)
			fprintf(r->out, "  %s\n", explain_between(bit));
}

static void show_steps(const struct report *r, const struct explain *e,
		       const struct reblock_unblock *u)
{
	struct explain_step steps[EXPLAIN_STEPS];
	unsigned n = explain_steps(e, u, steps);

	fprintf(r->out,
		"\n%sWhat the processor says%s (SDM volume 3C, \"Information About NMI Unblocking Due to IRET\")\n",
		report_bold(r), report_plain(r));
	for (unsigned i = 0; i < n; i++) {
		fprintf(r->out, "  %u. %s %s%s%s\n", i + 1, steps[i].question, report_bold(r),
			explain_answer(steps[i].answer), report_plain(r));
		fprintf(r->out, "       %s\n", steps[i].from);
		if (steps[i].then)
			fprintf(r->out, "       -> %s\n", steps[i].then);
	}
	fprintf(r->out, "  %s%s%s\n", report_bold(r), explain_outcome(u), report_plain(r));
}

static void show_required(const struct report *r, const struct explain *e,
			  const struct reblock_unblock *u)
{
	struct explain_line lines[EXPLAIN_LINES];
	unsigned n = explain_required(e, u, lines);

	fprintf(r->out, "\n%sWhat the VMM must do%s (docs/rules.md, section 2)\n", report_bold(r),
		report_plain(r));
	for (unsigned i = 0; i < n; i++) {
		const struct explain_line *l = &lines[i];

		fprintf(r->out, "  ");
		if (*l->label)
			fprintf(r->out, "%-18s ", l->label);
		fprintf(r->out, "%s%s%s", l->important ? report_bold(r) : "", l->text,
			l->important ? report_plain(r) : "");
		if (l->as_required != REBLOCK_UNKNOWN)
			fprintf(r->out, ": %s%s%s",
				l->as_required ? "" : report_severity_colour(r, REBLOCK_ERROR),
				l->as_required ? "as required" : "not what is required",
				report_plain(r));
		fprintf(r->out, "\n");
	}
}

/* What Intel PT saw right before the exit and after the entry. */
static void show_witnesses(const struct report *r, const struct explain *e)
{
	char text[WITNESS_TEXT_MAX];

	if (!e->has_before && !e->n_after)
		return;
	fprintf(r->out, "\n%sWhat Intel PT shows%s (docs/rules.md, section 6)\n", report_bold(r),
		report_plain(r));
	if (e->has_before) {
		fprintf(r->out, "  before the exit    ");
		name_record(r, e->before_number);
		fprintf(r->out, " %s\n", witness_text(&e->before, text));
	}
	for (unsigned i = 0; i < e->n_after; i++) {
		fprintf(r->out, "  %-18s ", i ? "" : "after the entry");
		name_record(r, e->after_number[i]);
		fprintf(r->out, " %s\n", witness_text(&e->after[i], text));
	}
}

void explain_findings(const struct report *r, const struct explain *e)
{
	fprintf(r->out, "\n%sWhat the audit says%s\n", report_bold(r), report_plain(r));
	if (e->has_judgement) {
		char text[DECODE_MAX];

		fprintf(r->out, "  %s\n", explain_judgement(&e->judgement, text));
	}
	if (!e->n_findings)
		fprintf(r->out, "  no finding rests on this record\n");
	else
		fprintf(r->out, "  %u finding%s on this record:\n\n", e->n_findings,
			e->n_findings == 1 ? " rests" : "s rest");
	for (unsigned i = 0; i < e->n_findings && i < EXPLAIN_FINDINGS; i++)
		report_text_finding(r, &e->findings[i]);
}

void explain_exit(const struct report *r, const struct explain *e)
{
	struct reblock_unblock u;

	reblock_unblock_of(&e->exit, &u);
	explain_record(r, &e->exit, e->exit_number);
	show_steps(r, e, &u);
	if (e->has_entry) {
		show_between(r, e);
		fprintf(r->out, "\n");
		explain_record(r, &e->entry, e->entry_number);
	}
	show_required(r, e, &u);
	show_witnesses(r, e);
	if (e->audited)
		explain_findings(r, e);
}
