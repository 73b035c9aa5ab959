/* SPDX-License-Identifier: BSD-2-Clause */
#include "rules_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LINES 64
#define MAX_CONDITIONS 8
#define MAX_VALUES 6

struct condition {
	enum rules_fact fact;
	bool negated;
	int n_values;
	const char *values[MAX_VALUES];
};

struct line {
	enum rules_section section;
	const char *answer;
	const char *must;
	int n_conditions;
	struct condition conditions[MAX_CONDITIONS];
};

static struct line lines[MAX_LINES];
static int n_lines;

static const char *const fact_names[FACTS] = {
	"failed", "reason",    "intr",    "idtv",   "nmi-exiting", "virtual-nmis",
	"switch", "bit12",     "injects", "vector", "again",       "entry-virtual-nmis",
	"rip",    "operation", "where",   "defined"
};

static void bad(int number, const char *what)
{
	fprintf(stderr, "rules.table:%d: %s\n", number, what);
	exit(1);
}

static void read_condition(struct condition *c, char *text, int number)
{
	char *equals = strchr(text, '=');
	char *save = NULL;
	char *value;

	if (!equals || equals == text)
		bad(number, "a condition without a value");
	*equals = '\0';
	c->negated = equals[-1] == '!';
	if (c->negated)
		equals[-1] = '\0';
	for (c->fact = 0; c->fact < FACTS; c->fact++)
		if (strcmp(fact_names[c->fact], text) == 0)
			break;
	if (c->fact == FACTS)
		bad(number, "a name that is not known");
	for (value = strtok_r(equals + 1, ",", &save); value; value = strtok_r(NULL, ",", &save)) {
		if (c->n_values == MAX_VALUES)
			bad(number, "too many values");
		c->values[c->n_values++] = strdup(value);
	}
}

static void read_line(enum rules_section section, char *text, int number)
{
	struct line *line = &lines[n_lines];
	char *save = NULL;
	char *word = strtok_r(text, " \t\n", &save);

	if (n_lines++ == MAX_LINES)
		bad(number, "too many lines");
	line->section = section;
	line->answer = strdup(word);
	if (section == SECTION_ROWS) {
		word = strtok_r(NULL, " \t\n", &save);
		if (!word)
			bad(number, "a row without what is required");
		line->must = strdup(word);
	}
	while ((word = strtok_r(NULL, " \t\n", &save))) {
		if (line->n_conditions == MAX_CONDITIONS)
			bad(number, "too many conditions");
		read_condition(&line->conditions[line->n_conditions++], word, number);
	}
}

void rules_table_read(const char *path)
{
	FILE *file = fopen(path, "r");
	char text[256];
	int number = 0;
	int section = -1;

	if (!file) {
		perror(path);
		exit(1);
	}
	while (fgets(text, sizeof(text), file)) {
		number++;
		if (text[0] == '[') {
			if (++section == SECTIONS)
				bad(number, "a section too many");
		} else if (text[0] != '#' && strspn(text, " \t\n") != strlen(text)) {
			if (section < 0)
				bad(number, "a line outside of any section");
			read_line((enum rules_section)section, text, number);
		}
	}
	(void)fclose(file);
	if (section != SECTIONS - 1)
		bad(number, "a section is missing");
}

static bool holds(const struct condition *c, const struct rules_facts *facts)
{
	int i;

	for (i = 0; i < c->n_values; i++)
		if (strcmp(c->values[i], facts->word[c->fact]) == 0)
			return !c->negated;
	return c->negated;
}

const char *rules_table_ask(enum rules_section section, const struct rules_facts *facts,
			    const char **must)
{
	int i;
	int k;

	for (i = 0; i < n_lines; i++) {
		if (lines[i].section != section)
			continue;
		for (k = 0; k < lines[i].n_conditions; k++)
			if (!holds(&lines[i].conditions[k], facts))
				break;
		if (k == lines[i].n_conditions) {
			if (must)
				*must = lines[i].must;
			return lines[i].answer;
		}
	}
	fprintf(stderr, "rules.table: a section does not end with a line for everything else\n");
	exit(1);
}
