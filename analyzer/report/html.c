/* SPDX-License-Identifier: BSD-2-Clause */
/* The page: what html/ has, with this trace's data in its slots. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "report/html.h"
#include "report/html_data.h"
#include "report/html_page.h"

#define STRINGS_MOST 700000 /* bytes */
#define KEYS_MOST 250000

/* Writes the page up to SLOT and returns what follows it. */
static const char *up_to(FILE *out, const char *page, const char *slot)
{
	const char *at = strstr(page, slot);

	fwrite(page, 1, (size_t)(at - page), out);
	return at + strlen(slot);
}

static int write_data(const struct report *r, struct timeline *t, struct reblock_audit *audit,
		      const struct report_input *in)
{
	struct html_data d = { .out = r->out, .t = t };
	int err = 0;

	html_strings_begin(&d.strings, STRINGS_MOST);
	html_strings_begin(&d.keys, KEYS_MOST);
	fputs("{", d.out);
	html_summary(&d, r, audit, in);
	fputs(",\n", d.out);
	html_findings(&d);
	fputs(",\n", d.out);
	html_cases(&d);
	fputs(",\n", d.out);
	html_lanes(&d, audit);
	fputs(",\n", d.out);
	html_meanings(&d);
	fputs(",\n\"strings\":", d.out);
	html_strings_write(&d.strings, d.out);
	fputs("}", d.out);
	if (d.strings.failed || d.keys.failed)
		err = -ENOMEM;
	html_strings_free(&d.strings);
	html_strings_free(&d.keys);
	free(d.meanings);
	return err;
}

/* The summary as the terminal has it, word for word. */
static int write_terminal(const struct report *r, struct reblock_audit *audit,
			  const struct report_input *in)
{
	char *text = NULL;
	size_t size = 0;
	FILE *memory = open_memstream(&text, &size);
	struct report plain = { memory, false, r->file };

	if (!memory)
		return -ENOMEM;
	report_text_summary(&plain, audit, in);
	if (fclose(memory) != 0) {
		free(text);
		return -ENOMEM;
	}
	html_escaped(r->out, text);
	free(text);
	return 0;
}

int html_write(const struct report *r, struct timeline *t, struct reblock_audit *audit,
	       const struct report_input *in)
{
	const char *page = up_to(r->out, html_page, HTML_TITLE);
	int err;

	html_escaped(r->out, r->file);
	page = up_to(r->out, page, HTML_TERMINAL);
	err = write_terminal(r, audit, in);
	page = up_to(r->out, page, HTML_DATA);
	if (!err)
		err = write_data(r, t, audit, in);
	fputs(page, r->out);
	return err;
}
