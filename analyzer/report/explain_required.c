/* SPDX-License-Identifier: BSD-2-Clause */
/* What the VMM must do after an exit, and what it was seen to do, line by line. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <reblock/json.h>
#include <reblock/rules.h>
#include "report/explain_steps.h"

__attribute__((format(printf, 3, 4))) static struct explain_line *line(struct explain_line **next,
								       const char *label,
								       const char *format, ...)
{
	struct explain_line *l = (*next)++;
	va_list args;

	l->label = label;
	l->important = false;
	l->as_required = REBLOCK_UNKNOWN;
	va_start(args, format);
	vsnprintf(l->text, sizeof(l->text), format, args);
	va_end(args);
	return l;
}

static const char *injects_text(enum reblock_injects injects)
{
	static const char *const texts[] = {
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

	return texts[injects];
}

static const char *must_text(unsigned must)
{
	static const char *const texts[] = {
		[REBLOCK_MUST_UNKNOWN] = "nothing that can be checked",
		[REBLOCK_MUST_BE_0] = "blocking by NMI must be 0",
		[REBLOCK_MUST_BE_1] = "blocking by NMI must be 1",
		[REBLOCK_MUST_NOT_CHANGE] = "blocking by NMI must not change",
	};

	return texts[must];
}

/* The names of the absent fields in MISSING. */
static void list_missing(struct explain_line **next, const char *label, unsigned missing)
{
	const char *sep = "";
	struct explain_line *l;

	if (!missing)
		return;
	l = line(next, label, "%s", "");
	for (unsigned i = 0; reblock_field_name(i); i++) {
		size_t length = strlen(l->text);

		if (!(missing >> i & 1))
			continue;
		snprintf(l->text + length, sizeof(l->text) - length, "%s%s", sep,
			 reblock_field_name(i));
		sep = ", ";
	}
}

static void row_lines(struct explain_line **next, const struct explain *e)
{
	static const char *const labels[13] = { NULL,     "row 1",  "row 2", "row 3", "row 4",
						"row 5",  "row 6",  "row 7", "row 8", "row 9",
						"row 10", "row 11", "row 12" };
	const struct reblock_verdict *v = &e->verdict;
	struct explain_line *l;

	if (!e->has_verdict) {
		line(next, "no row", "records are missing between exit and entry (section 3)");
		return;
	}
	if (v->row) {
		line(next, labels[v->row], "%s", reblock_row_text(v->row));
		return;
	}
	line(next, "row not known", "%s", reblock_row_text(0));
	l = line(next, "possible rows", "%s", "");
	for (unsigned row = 1; row <= 12; row++) {
		size_t length = strlen(l->text);

		if (v->rows >> row & 1)
			snprintf(l->text + length, sizeof(l->text) - length, "%s%u",
				 length ? " " : "", row);
	}
	list_missing(next, "absent at exit",
		     ~e->exit.presence &
			     (REBLOCK_HAS_REASON | REBLOCK_HAS_RIP | REBLOCK_HAS_QUALIFICATION |
			      REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_IDT_VECTORING | REBLOCK_HAS_PIN));
	list_missing(next, "absent at entry",
		     ~e->entry.presence & (REBLOCK_HAS_RIP | REBLOCK_HAS_INTR_INFO |
					   REBLOCK_HAS_NMI_INJECTED | REBLOCK_HAS_RIP_SAME));
}

static void seen_lines(struct explain_line **next, const struct explain *e)
{
	enum reblock_tri before = reblock_blocking(&e->exit), after = reblock_blocking(&e->entry);
	unsigned must = e->verdict.must;
	struct explain_line *l;

	if (before == REBLOCK_UNKNOWN)
		line(next, "seen at the exit", "blocking is absent");
	else
		line(next, "seen at the exit", "blocking by NMI was %d", before);
	if (after == REBLOCK_UNKNOWN) {
		line(next, "seen at the entry",
		     "blocking is absent: only what the audit found can tell");
		return;
	}
	l = line(next, "seen at the entry", "blocking by NMI was %d", after);
	if (must == REBLOCK_MUST_BE_0 || must == REBLOCK_MUST_BE_1 ||
	    (must == REBLOCK_MUST_NOT_CHANGE && before != REBLOCK_UNKNOWN)) {
		enum reblock_tri want = must == REBLOCK_MUST_BE_0 ? REBLOCK_NO :
					must == REBLOCK_MUST_BE_1 ? REBLOCK_YES :
								    before;

		l->as_required = reblock_tri_of(after == want);
	}
}

unsigned explain_required(const struct explain *e, const struct reblock_unblock *u,
			  struct explain_line lines[EXPLAIN_LINES])
{
	static const char *const rips[] = { "elsewhere", "at the RIP of the exit",
					    "not known where" };
	struct explain_line *next = lines;

	if (e->has_entry) {
		line(&next, "the entry injects", "%s", injects_text(reblock_injects(&e->entry)));
		line(&next, "the guest resumes", "%s", rips[reblock_rip_same(&e->exit, &e->entry)]);
		row_lines(&next, e);
		line(&next, "required", "%s", must_text(e->verdict.must))->important = true;
		seen_lines(&next, e);
		return (unsigned)(next - lines);
	}
	if (u->unblocked == REBLOCK_YES)
		line(&next, "row 6",
		     "if the guest resumes at this RIP with nothing or an external interrupt injected: %s",
		     reblock_row_text(6));
	if (reblock_idtv_is_nmi(&e->exit) == REBLOCK_YES)
		line(&next, "row 4", "%s", reblock_row_text(4));
	line(&next, "", "%s",
	     e->audited ? "the entry that follows was not recorded" :
			  "the entry that follows decides; give it with --entry '{...}'");
	return (unsigned)(next - lines);
}

const char *explain_judgement(const struct reblock_judgement *j, char text[DECODE_MAX])
{
	const char *possible = j->unblocked == REBLOCK_YES ? "" : "possible ";
	const char *said;

	switch (j->outcome) {
	case REBLOCK_OUTCOME_REBLOCKED:
		said = "judged: re-blocked";
		break;
	case REBLOCK_OUTCOME_MISSED:
		said = "judged: the re-block was missed";
		break;
	case REBLOCK_OUTCOME_REFLECTED:
		said = "judged: reflected to the guest, nothing to re-block";
		break;
	default:
		snprintf(text, DECODE_MAX, "this %sIRET unblock was not judged: %s (%s)", possible,
			 reblock_cause_name(j->cause), reblock_cause_text(j->cause));
		return text;
	}
	snprintf(text, DECODE_MAX, "this %sIRET unblock was %s", possible, said);
	return text;
}
