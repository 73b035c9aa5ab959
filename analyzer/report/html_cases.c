/* SPDX-License-Identifier: BSD-2-Clause */
/* Exits walked through the decision diagram: the same steps and sentences as reblock explain prints. */
#include <inttypes.h>
#include <string.h>
#include "report/explain_steps.h"
#include "report/html_data.h"

static void write_steps(struct html_data *d, const struct explain *e,
			const struct reblock_unblock *u)
{
	struct explain_step steps[EXPLAIN_STEPS];
	unsigned n = explain_steps(e, u, steps);

	fputs(",\"steps\":[", d->out);
	for (unsigned i = 0; i < n; i++)
		fprintf(d->out, "%s[%d,%d,%ld,%ld,%ld]", i ? "," : "", (int)steps[i].node,
			(int)steps[i].answer, html_strings_add(&d->strings, steps[i].question),
			html_strings_add(&d->strings, steps[i].from),
			steps[i].then ? html_strings_add(&d->strings, steps[i].then) : -1);
	fprintf(d->out, "],\"outcome\":%ld", html_strings_add(&d->strings, explain_outcome(u)));
}

static void write_required(struct html_data *d, const struct explain *e,
			   const struct reblock_unblock *u)
{
	struct explain_line lines[EXPLAIN_LINES];
	unsigned n = explain_required(e, u, lines);
	const char *sep = "";

	fputs(",\"required\":[", d->out);
	for (unsigned i = 0; i < n; i++)
		fprintf(d->out, "%s[%ld,%ld,%d,%d]", i ? "," : "",
			html_strings_add(&d->strings, lines[i].label),
			html_strings_add(&d->strings, lines[i].text), lines[i].important,
			(int)lines[i].as_required);
	fputs("],\"between\":[", d->out);
	for (unsigned bit = 0; explain_between(bit); bit++) {
		if (!(e->between >> bit & 1))
			continue;
		fprintf(d->out, "%s%ld", sep, html_strings_add(&d->strings, explain_between(bit)));
		sep = ",";
	}
	fputs("]", d->out);
}

static void write_case(struct html_data *d, const struct timeline_case *c)
{
	struct explain e = { .exit = c->exit, .exit_number = c->exit_number, .audited = true };
	struct reblock_unblock u;
	char text[DECODE_MAX];

	e.entry = c->entry;
	e.entry_number = c->entry_number;
	e.has_entry = c->has_entry;
	e.has_verdict = c->has_verdict;
	e.between = c->between;
	e.verdict = c->verdict;
	e.assumed_pin = c->assumed_pin;
	if (!c->has_verdict)
		e.assumed_pin = explain_assume_pin(&e.exit, d->t->vnmi);
	reblock_unblock_of(&e.exit, &u);
	fprintf(d->out, "{\"lane\":%u,\"exit\":%" PRIu64, (unsigned)c->lane, c->exit_number);
	if (c->has_entry)
		fprintf(d->out, ",\"entry\":%" PRIu64, c->entry_number);
	fprintf(d->out, ",\"field\":%d,\"defined\":%d,\"unblocked\":%d,\"row\":%u,\"must\":%u",
		(int)u.field, (int)u.defined, (int)u.unblocked, c->verdict.row, c->verdict.must);
	fprintf(d->out, ",\"was\":[%d,%d]", (int)reblock_blocking(&e.exit),
		c->has_entry ? (int)reblock_blocking(&e.entry) : (int)REBLOCK_UNKNOWN);
	if (c->has_judgement)
		fprintf(d->out, ",\"judged\":%d,\"judgement\":%ld", (int)c->judgement.outcome,
			html_strings_add(&d->strings, explain_judgement(&c->judgement, text)));
	write_steps(d, &e, &u);
	write_required(d, &e, &u);
	fputs("}", d->out);
}

void html_cases(struct html_data *d)
{
	fputs("\"cases\":[", d->out);
	for (size_t i = 0; i < d->t->n_cases; i++) {
		fputs(i ? ",\n" : "", d->out);
		write_case(d, &d->t->cases[i]);
	}
	fputs("]", d->out);
}
