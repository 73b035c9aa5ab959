/* SPDX-License-Identifier: BSD-2-Clause */
/* What the VMM must do after an exit, what it was seen to do, and what the audit made of it. */
#include <inttypes.h>
#include <reblock/json.h>
#include <reblock/rules.h>
#include "report/decode.h"
#include "report/explain_steps.h"

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

static void show_between(const struct report *r, const struct explain *e)
{
	static const struct {
		unsigned bit;
		const char *text;
	} texts[] = {
		{ REBLOCK_BETWEEN_MASK_WRITE, "the hypervisor set its NMI mask" },
		{ REBLOCK_BETWEEN_EVENTS_WRITE, "user space set the vCPU's events" },
		{ REBLOCK_BETWEEN_USER_SPACE,
		  "user space ran, and this source does not record its events writes" },
		{ REBLOCK_BETWEEN_UNRECORDED,
		  "an exit to user space cannot be excluded: this source does not say that it records them" },
		{ REBLOCK_BETWEEN_OTHER_VMCS, "the entry used another VMCS (nested guest)" },
		{ REBLOCK_BETWEEN_L2_UNKNOWN, "whether the entry used the same VMCS is not known" },
	};

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
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (e->between & texts[i].bit)
			fprintf(r->out, "  %s\n", texts[i].text);
}

/* The names of the absent fields in MISSING. */
static void list_missing(const struct report *r, const char *where, unsigned missing)
{
	const char *sep = "";

	if (!missing)
		return;
	fprintf(r->out, "  absent at the %s: ", where);
	for (unsigned i = 0; reblock_field_name(i); i++) {
		if (!(missing >> i & 1))
			continue;
		fprintf(r->out, "%s%s", sep, reblock_field_name(i));
		sep = ", ";
	}
	fprintf(r->out, "\n");
}

static void show_required(const struct report *r, const struct explain *e)
{
	static const char *const musts[] = {
		[REBLOCK_MUST_UNKNOWN] = "nothing that can be checked",
		[REBLOCK_MUST_BE_0] = "blocking by NMI must be 0",
		[REBLOCK_MUST_BE_1] = "blocking by NMI must be 1",
		[REBLOCK_MUST_NOT_CHANGE] = "blocking by NMI must not change",
	};
	static const char *const injections[] = {
		[REBLOCK_INJECTS_NOTHING] = "nothing",
		[REBLOCK_INJECTS_EXTERNAL_INTERRUPT] = "an external interrupt",
		[REBLOCK_INJECTS_NMI] = "an NMI",
		[REBLOCK_INJECTS_HARD_EXCEPTION] = "a hardware exception",
		[REBLOCK_INJECTS_SOFT_EXCEPTION] = "a software exception",
		[REBLOCK_INJECTS_OTHER] = "a software interrupt or another event",
		[REBLOCK_INJECTS_NO_NMI] = "no NMI; whether anything else is not known",
		[REBLOCK_INJECTS_NOTHING_OR_NMI] = "nothing, or an NMI",
		[REBLOCK_INJECTS_UNKNOWN] = "not known",
	};
	static const char *const rips[] = { "elsewhere", "at the RIP of the exit",
					    "not known where" };
	const struct reblock_verdict *v = &e->verdict;
	enum reblock_tri before = reblock_blocking(&e->exit), after = reblock_blocking(&e->entry);

	fprintf(r->out, "\n%sWhat the VMM must do%s (docs/rules.md, section 2)\n", report_bold(r),
		report_plain(r));
	fprintf(r->out, "  the entry injects  %s\n", injections[reblock_injects(&e->entry)]);
	fprintf(r->out, "  the guest resumes  %s\n", rips[reblock_rip_same(&e->exit, &e->entry)]);
	if (!e->has_verdict) {
		fprintf(r->out,
			"  no row             records are missing between exit and entry (section 3)\n");
	} else if (v->row) {
		fprintf(r->out, "  row %u              %s\n", v->row, reblock_row_text(v->row));
	} else {
		fprintf(r->out, "  row not known      %s\n  possible rows     ",
			reblock_row_text(0));
		for (unsigned row = 1; row <= 12; row++)
			if (v->rows >> row & 1)
				fprintf(r->out, " %u", row);
		fprintf(r->out, "\n");
		list_missing(r, "exit",
			     ~e->exit.presence &
				     (REBLOCK_HAS_REASON | REBLOCK_HAS_RIP |
				      REBLOCK_HAS_QUALIFICATION | REBLOCK_HAS_INTR_INFO |
				      REBLOCK_HAS_IDT_VECTORING | REBLOCK_HAS_PIN));
		list_missing(r, "entry",
			     ~e->entry.presence &
				     (REBLOCK_HAS_RIP | REBLOCK_HAS_INTR_INFO |
				      REBLOCK_HAS_NMI_INJECTED | REBLOCK_HAS_RIP_SAME));
	}
	fprintf(r->out, "  required           %s%s%s\n", report_bold(r), musts[v->must],
		report_plain(r));
	fprintf(r->out, "  seen at the exit   ");
	fprintf(r->out,
		before == REBLOCK_UNKNOWN ? "blocking is absent\n" : "blocking by NMI was %d\n",
		before);
	fprintf(r->out, "  seen at the entry  ");
	if (after == REBLOCK_UNKNOWN) {
		fprintf(r->out, "blocking is absent: only what the audit found can tell\n");
		return;
	}
	fprintf(r->out, "blocking by NMI was %d", after);
	if (v->must == REBLOCK_MUST_BE_0 || v->must == REBLOCK_MUST_BE_1 ||
	    (v->must == REBLOCK_MUST_NOT_CHANGE && before != REBLOCK_UNKNOWN)) {
		enum reblock_tri want = v->must == REBLOCK_MUST_BE_0 ? REBLOCK_NO :
					v->must == REBLOCK_MUST_BE_1 ? REBLOCK_YES :
								       before;

		fprintf(r->out, ": %s%s%s",
			after == want ? "" : report_severity_colour(r, REBLOCK_ERROR),
			after == want ? "as required" : "not what is required", report_plain(r));
	}
	fprintf(r->out, "\n");
}

void explain_findings(const struct report *r, const struct explain *e)
{
	fprintf(r->out, "\n%sWhat the audit says%s\n", report_bold(r), report_plain(r));
	if (e->has_judgement) {
		const struct reblock_judgement *j = &e->judgement;

		fprintf(r->out, "  this %sIRET unblock was ",
			j->unblocked == REBLOCK_YES ? "" : "possible ");
		switch (j->outcome) {
		case REBLOCK_OUTCOME_REBLOCKED:
			fprintf(r->out, "judged: re-blocked\n");
			break;
		case REBLOCK_OUTCOME_MISSED:
			fprintf(r->out, "judged: the re-block was missed\n");
			break;
		case REBLOCK_OUTCOME_REFLECTED:
			fprintf(r->out, "judged: reflected to the guest, nothing to re-block\n");
			break;
		case REBLOCK_OUTCOME_UNJUDGED:
			fprintf(r->out, "not judged: %s (%s)\n", reblock_cause_name(j->cause),
				reblock_cause_text(j->cause));
			break;
		}
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
	explain_steps(r, e, &u);
	if (e->has_entry) {
		show_between(r, e);
		fprintf(r->out, "\n");
		explain_record(r, &e->entry, e->entry_number);
		show_required(r, e);
	} else {
		fprintf(r->out, "\n%sWhat the VMM must do%s (docs/rules.md, section 2)\n",
			report_bold(r), report_plain(r));
		if (u.unblocked == REBLOCK_YES)
			fprintf(r->out,
				"  row 6              if the guest resumes at this RIP with nothing or an external interrupt"
				" injected: %s\n",
				reblock_row_text(6));
		if (reblock_idtv_is_nmi(&e->exit) == REBLOCK_YES)
			fprintf(r->out, "  row 4              %s\n", reblock_row_text(4));
		fprintf(r->out,
			e->audited ?
				"  the entry that follows was not recorded\n" :
				"  the entry that follows decides; give it with --entry '{...}'\n");
	}
	if (e->audited)
		explain_findings(r, e);
}
