/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "rules_table.h"

#define LINES_MOST 64
#define CONDITIONS_MOST 8
#define WORDS_MOST 8
#define TEXT_MOST 256

enum section { SECTION_WHERE, SECTION_DEFINED, SECTION_ROWS, SECTIONS };

struct line {
	uint8_t section;
	uint8_t answer; /* enum rules_where, yes or no, or a row */
	uint8_t must;
	/* Its conditions, and of each the values allowed: bit n is value n of that fact. */
	uint8_t n_conditions;
	uint8_t facts[CONDITIONS_MOST];
	uint8_t allowed[CONDITIONS_MOST];
};

/* cmake/embed_text.cmake makes it of the table. */
extern const char rules_table_text[];

static struct line lines[LINES_MOST];
static unsigned n_lines;

/* The names of the facts, and of the values of each, in the order of their numbers. */
static const struct {
	const char *name;
	const char *words[WORDS_MOST];
} facts[FACTS] = {
	[FACT_FAILED] = { "failed", { "no", "yes" } },
	/* The last is any other. */
	[FACT_REASON] = { "reason", { "0", "9", "48", "62", "66", "75", "" } },
	[FACT_INTR] = { "intr", { "none", "fault", "double-fault", "other" } },
	[FACT_IDTV] = { "idtv", { "none", "nmi", "other" } },
	[FACT_NMI_EXITING] = { "nmi-exiting", { "0", "1" } },
	[FACT_VIRTUAL_NMIS] = { "virtual-nmis", { "0", "1" } },
	[FACT_SWITCH] = { "switch", { "other", "task-gate" } },
	[FACT_BIT12] = { "bit12", { "0", "1" } },
	/* In the order of the interruption types, and nothing. */
	[FACT_INJECTS] = { "injects",
			   { "external", "", "nmi", "hard-exception", "other", "soft-exception", "",
			     "nothing" } },
	[FACT_VECTOR] = { "vector", { "other", "fault" } },
	[FACT_AGAIN] = { "again", { "no", "yes" } },
	[FACT_ENTRY_VIRTUAL_NMIS] = { "entry-virtual-nmis", { "0", "1" } },
	[FACT_RIP] = { "rip", { "moved", "same" } },
	[FACT_OPERATION] = { "operation", { "no", "yes" } },
	[FACT_WHERE] = { "where", { "nowhere", "intr-info", "qualification" } },
	[FACT_DEFINED] = { "defined", { "no", "yes" } },
};

enum { NO, YES };
enum { REASON_OTHER = 6 };
enum { INTR_NONE, INTR_FAULT, INTR_DOUBLE_FAULT, INTR_OTHER };
enum { IDTV_NONE, IDTV_NMI, IDTV_OTHER };
enum { INJECTS_OTHER = 4, INJECTS_SOFT_EXCEPTION = 5, INJECTS_NOTHING = 7 };

static const char *const must_words[] = { "unknown", "0", "1", "unchanged" };

_Noreturn static void bad(unsigned number, const char *what)
{
	fprintf(stderr, "rules.table:%u: %s\n", number, what);
	exit(1);
}

/* The number of WORD in WORDS. */
static unsigned find(const char *const *words, unsigned n, const char *word, unsigned number)
{
	unsigned i;

	for (i = 0; i < n; i++)
		if (words[i] && strcmp(words[i], word) == 0)
			return i;
	bad(number, "a word that is not known");
}

static void read_condition(struct line *line, char *text, unsigned number)
{
	char *equals = strchr(text, '=');
	char *save = NULL;
	char *value;
	unsigned fact, allowed = 0;
	bool negated;

	if (!equals || equals == text)
		bad(number, "a condition without a value");
	*equals = '\0';
	negated = equals[-1] == '!';
	if (negated)
		equals[-1] = '\0';
	for (fact = 0; fact < FACTS; fact++)
		if (strcmp(facts[fact].name, text) == 0)
			break;
	if (fact == FACTS)
		bad(number, "a name that is not known");
	for (value = strtok_r(equals + 1, ",", &save); value; value = strtok_r(NULL, ",", &save))
		allowed |= 1u << find(facts[fact].words, WORDS_MOST, value, number);
	if (line->n_conditions == CONDITIONS_MOST)
		bad(number, "too many conditions");
	line->facts[line->n_conditions] = (uint8_t)fact;
	line->allowed[line->n_conditions++] = (uint8_t)(negated ? ~allowed : allowed);
}

static unsigned read_answer(unsigned section, const char *word, unsigned number)
{
	unsigned long row;

	if (section == SECTION_WHERE)
		return find(facts[FACT_WHERE].words, WORDS_MOST, word, number);
	if (section == SECTION_DEFINED)
		return find(facts[FACT_DEFINED].words, WORDS_MOST, word, number);
	row = strtoul(word, NULL, 10);
	if (row < 1 || row > 12)
		bad(number, "a row that is not there");
	return (unsigned)row;
}

static void read_line(unsigned section, char *text, unsigned number)
{
	struct line *line = &lines[n_lines];
	char *save = NULL;
	char *word = strtok_r(text, " \t", &save);

	if (n_lines++ == LINES_MOST)
		bad(number, "too many lines");
	memset(line, 0, sizeof(*line));
	line->section = (uint8_t)section;
	line->answer = (uint8_t)read_answer(section, word, number);
	if (section == SECTION_ROWS) {
		word = strtok_r(NULL, " \t", &save);
		if (!word)
			bad(number, "a row without what is required");
		line->must = (uint8_t)find(must_words, 4, word, number);
	}
	while ((word = strtok_r(NULL, " \t", &save)))
		read_condition(line, word, number);
}

void rules_table_read(void)
{
	const char *at = rules_table_text;
	char text[TEXT_MOST];
	unsigned number = 0;
	unsigned section = SECTIONS;

	n_lines = 0;
	while (*at) {
		size_t length = strcspn(at, "\n");

		number++;
		if (length >= sizeof(text))
			bad(number, "a line that is too long");
		memcpy(text, at, length);
		text[length] = '\0';
		at += length + (at[length] == '\n');
		if (text[0] == '[')
			section = section == SECTIONS ? 0 : section + 1;
		else if (text[0] != '#' && strspn(text, " \t") != strlen(text))
			read_line(section, text, number);
		if (section == SECTIONS && n_lines)
			bad(number, "a line outside of the sections");
	}
	if (section != SECTIONS - 1)
		bad(number, "a section is missing");
}

static bool holds(const struct line *line, const uint8_t values[FACTS])
{
	unsigned i;

	for (i = 0; i < line->n_conditions; i++)
		if (!(line->allowed[i] >> values[line->facts[i]] & 1))
			return false;
	return true;
}

/* The first line of SECTION whose conditions all hold. */
static const struct line *ask(enum section section, const uint8_t values[FACTS])
{
	unsigned i;

	for (i = 0; i < n_lines; i++)
		if (lines[i].section == section && holds(&lines[i], values))
			return &lines[i];
	bad(0, "a section does not end with a line for everything else");
}

static unsigned reason_fact(uint32_t reason)
{
	static const uint8_t named[REASON_OTHER] = { 0, 9, 48, 62, 66, 75 };
	unsigned i = 0;

	while (i < REASON_OTHER && named[i] != (reason & 0xffff))
		i++;
	return i;
}

static unsigned intr_fact(uint32_t info)
{
	if (info >> 31 == 0)
		return INTR_NONE;
	if ((info >> 8 & 7) != 3)
		return INTR_OTHER;
	return (info & 0xff) == 8 ? INTR_DOUBLE_FAULT : INTR_FAULT;
}

static unsigned idtv_fact(uint32_t info)
{
	if (info >> 31 == 0)
		return IDTV_NONE;
	return (info >> 8 & 7) == 2 ? IDTV_NMI : IDTV_OTHER;
}

static unsigned injects_fact(uint32_t info)
{
	unsigned type = info >> 8 & 7;

	if (info >> 31 == 0)
		return INJECTS_NOTHING;
	if (type == 6)
		return INJECTS_SOFT_EXCEPTION;
	/* Type 1 is none that there is. */
	return type == 7 || type == 1 ? INJECTS_OTHER : type;
}

void rules_table_exit(const struct reblock_record *exit, struct rules_exit *out)
{
	uint32_t intr = exit->intr_info;
	uint8_t *v = out->facts;

	memset(v, 0, sizeof(out->facts));
	v[FACT_FAILED] = exit->reason >> 31;
	v[FACT_REASON] = (uint8_t)reason_fact(exit->reason);
	v[FACT_INTR] = (uint8_t)intr_fact(intr);
	v[FACT_IDTV] = (uint8_t)idtv_fact(exit->idt_vectoring);
	v[FACT_NMI_EXITING] = exit->pin >> 3 & 1;
	v[FACT_VIRTUAL_NMIS] = exit->pin >> 5 & 1;
	v[FACT_SWITCH] = (exit->qualification >> 30 & 3) == 3;
	v[FACT_WHERE] = ask(SECTION_WHERE, v)->answer;
	v[FACT_BIT12] = v[FACT_WHERE] == WHERE_NOWHERE   ? 0 :
			v[FACT_WHERE] == WHERE_INTR_INFO ? intr >> 12 & 1 :
							   exit->qualification >> 12 & 1;
	v[FACT_DEFINED] = ask(SECTION_DEFINED, v)->answer;
	out->intr_info = intr;
	out->idt_vectoring = exit->idt_vectoring;
	out->where = (enum rules_where)v[FACT_WHERE];
	out->defined = v[FACT_DEFINED];
	out->bit12 = v[FACT_BIT12];
}

unsigned rules_table_row(const struct rules_exit *exit, const struct reblock_record *entry,
			 bool between)
{
	uint32_t injected = entry->intr_info;
	uint8_t v[FACTS];

	memcpy(v, exit->facts, sizeof(v));
	v[FACT_INJECTS] = (uint8_t)injects_fact(injected);
	v[FACT_VECTOR] = (injected & 0xff) == (exit->intr_info & 0xff);
	v[FACT_AGAIN] = injected >> 31 && exit->idt_vectoring >> 31 &&
			(injected & 0x7ff) == (exit->idt_vectoring & 0x7ff);
	v[FACT_ENTRY_VIRTUAL_NMIS] = entry->pin >> 5 & 1;
	v[FACT_RIP] = (entry->flags & REBLOCK_RIP_SAME) != 0;
	v[FACT_OPERATION] = between;
	return ask(SECTION_ROWS, v)->answer;
}

enum rules_must rules_table_must(unsigned row)
{
	unsigned i;

	for (i = 0; i < n_lines; i++)
		if (lines[i].section == SECTION_ROWS && lines[i].answer == row)
			return (enum rules_must)lines[i].must;
	return TABLE_UNKNOWN;
}
