/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of policies, and their comparison. */
#include <jansson.h>
#include <string.h>
#include <reblock/policies.h>
#include "report/report.h"

static int name_width(void)
{
	const struct reblock_policy *p;
	size_t width = 0;

	for (size_t i = 0; (p = reblock_policy_at(i)); i++)
		if (strlen(p->name) > width)
			width = strlen(p->name);
	return (int)width;
}

void report_policy_names(FILE *out)
{
	const struct reblock_policy *p;

	for (size_t i = 0; (p = reblock_policy_at(i)); i++)
		fprintf(out, "%s\n", p->name);
}

void report_text_policies(FILE *out)
{
	const struct reblock_policy *p;
	int width = name_width();

	for (size_t i = 0; (p = reblock_policy_at(i)); i++)
		fprintf(out, "%-*s  %s\n%*s  read from %s\n", width, p->name, p->summary, width, "",
			p->source);
}

static json_t *object_of(const struct reblock_policy *p)
{
	return json_pack("{s:s, s:s, s:s}", "policy", p->name, "source", p->source, "summary",
			 p->summary);
}

static void put(FILE *out, json_t *object)
{
	json_dumpf(object, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(object);
}

void report_json_policies(FILE *out)
{
	const struct reblock_policy *p;

	for (size_t i = 0; (p = reblock_policy_at(i)); i++)
		put(out, object_of(p));
}

static char letter(const struct reblock_policy *p, size_t situation)
{
	return reblock_cell_letter(reblock_situation_ask(p, situation));
}

void report_text_comparison(FILE *out)
{
	const struct reblock_policy *p;
	const char *name;
	int width = name_width();

	fprintf(out, "%-*s", width, "");
	for (size_t k = 0; (name = reblock_situation_name(k)); k++)
		fprintf(out, " %4s", name);
	fputc('\n', out);
	for (size_t i = 0; (p = reblock_policy_at(i)); i++) {
		fprintf(out, "%-*s", width, p->name);
		for (size_t k = 0; reblock_situation_name(k); k++)
			fprintf(out, " %4c", letter(p, k));
		fputc('\n', out);
	}
	fputs("\nEach cell is computed by running the model and asking the rules:\n"
	      "  y  as the rules ask\n"
	      "  n  not\n"
	      "  L  re-blocks, but never services the exit: the IRET takes it again for ever\n"
	      "  s  need not ask: it runs guests with virtual NMIs 1, always\n"
	      "  -  does not arise: no such exit, or it does not re-block after it\n"
	      "  ?  not known\n\n"
	      "The situations (bit 12: \"NMI unblocking due to IRET\"):\n",
	      out);
	for (size_t k = 0; (name = reblock_situation_name(k)); k++)
		fprintf(out, "  %-4s  %s\n", name, reblock_situation_text(k));
}

void report_json_comparison(FILE *out)
{
	const struct reblock_policy *p;
	const char *name;

	for (size_t i = 0; (p = reblock_policy_at(i)); i++) {
		json_t *object = object_of(p), *cells = json_object();

		for (size_t k = 0; (name = reblock_situation_name(k)); k++)
			json_object_set_new(cells, name, json_sprintf("%c", letter(p, k)));
		json_object_set_new(object, "situations", cells);
		put(out, object);
	}
}
