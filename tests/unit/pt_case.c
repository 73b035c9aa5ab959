/* SPDX-License-Identifier: BSD-2-Clause */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pt_case.h"
#include "pt_packets.h"

static const char *const known[] = { "packets", "config",    "memory",
				     "events",  "witnesses", "findings" };

static bool is_section(const char *line)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(line, known[i]))
			return true;
	return false;
}

static char *read_text(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 65536);

	if (file && text)
		text[fread(text, 1, 65535, file)] = 0;
	if (file)
		fclose(file);
	return text;
}

static char *trim(char *line)
{
	char *end = strchr(line, '#');

	if (end)
		*end = 0;
	end = line + strlen(line);
	while (end > line && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = 0;
	return line + strspn(line, " \t");
}

static bool take_line(struct pt_case *c, char *line, unsigned number)
{
	struct pt_case_section *last;

	if (is_section(line)) {
		if (c->n_sections == PT_CASE_SECTIONS)
			return false;
		last = &c->sections[c->n_sections++];
		snprintf(last->name, sizeof(last->name), "%s", line);
		last->first = c->n;
		return true;
	}
	if (!c->n_sections)
		return true;
	if (c->n == PT_CASE_LINES)
		return false;
	last = &c->sections[c->n_sections - 1];
	c->numbers[c->n] = number;
	c->lines[c->n++] = line;
	last->n++;
	return true;
}

static bool take_config(struct pt_case *c)
{
	const struct pt_case_section *s = pt_case_section(c, "config");
	char name[24];
	unsigned value;

	for (unsigned i = 0; s && i < s->n; i++) {
		if (sscanf(c->lines[s->first + i], "%23s %i", name, (int *)&value) != 2)
			return false;
		if (!strcmp(name, "mtc_freq"))
			c->config.mtc_freq = (uint8_t)value;
		else if (!strcmp(name, "nom_freq"))
			c->config.nom_freq = (uint8_t)value;
		else if (!strcmp(name, "eax"))
			c->config.cpuid_0x15_eax = value;
		else if (!strcmp(name, "ebx"))
			c->config.cpuid_0x15_ebx = value;
		else
			return false;
	}
	return true;
}

static bool take_memory(struct pt_case *c)
{
	const struct pt_case_section *s = pt_case_section(c, "memory");

	if (!s)
		return true;
	c->image = pt_image_make();
	c->config.image = c->image;
	for (unsigned i = 0; c->image && i < s->n; i++) {
		char *at = c->lines[s->first + i], *end;
		uint64_t address = strtoull(at, &end, 0);
		size_t first = c->memory_size;

		for (at = end; *at && c->memory_size < PT_CASE_MEMORY; at = end) {
			c->memory[c->memory_size++] = (uint8_t)strtoul(at, &end, 16);
			if (end == at)
				return false;
		}
		if (pt_image_put(c->image, address, c->memory + first, c->memory_size - first))
			return false;
	}
	return c->image;
}

static bool take_packets(struct pt_case *c, const char *path)
{
	const struct pt_case_section *s = pt_case_section(c, "packets");
	long size;

	for (unsigned i = s ? s->first : 0; s && i < s->first + s->n; i++) {
		size = pt_packet_from_words(c->lines[i], c->bytes, c->size, sizeof(c->bytes));
		if (size < 0) {
			fprintf(stderr, "%s:%u: no packet: %s\n", path, c->numbers[i], c->lines[i]);
			return false;
		}
		c->size = (size_t)size;
	}
	return s;
}

bool pt_case_read(struct pt_case *c, const char *path)
{
	char *line, *rest;
	unsigned number = 0;

	memset(c, 0, sizeof(*c));
	c->text = rest = read_text(path);
	while (rest && (line = strsep(&rest, "\n"))) {
		number++;
		line = trim(line);
		if (*line && !take_line(c, line, number)) {
			fprintf(stderr, "%s:%u: too long\n", path, number);
			return false;
		}
	}
	if (!take_config(c) || !take_memory(c)) {
		fprintf(stderr, "%s: its config or memory is not understood\n", path);
		return false;
	}
	return take_packets(c, path);
}

void pt_case_free(struct pt_case *c)
{
	pt_image_end(c->image);
	free(c->text);
}

const struct pt_case_section *pt_case_section(const struct pt_case *c, const char *name)
{
	for (unsigned i = 0; i < c->n_sections; i++)
		if (!strcmp(c->sections[i].name, name))
			return &c->sections[i];
	return NULL;
}

bool pt_case_expect(const struct pt_case *c, const char *path, const char *name,
		    char *const *actual, unsigned n)
{
	const struct pt_case_section *s = pt_case_section(c, name);
	unsigned expected = s ? s->n : 0;

	if (getenv("REBLOCK_PT_SHOW"))
		printf("%s: %s\n", path, name);
	for (unsigned i = 0; getenv("REBLOCK_PT_SHOW") && i < n; i++)
		printf("%s\n", actual[i]);
	for (unsigned i = 0; i < n || i < expected; i++) {
		const char *is = i < n ? actual[i] : "nothing";
		const char *shall = i < expected ? c->lines[s->first + i] : "nothing";

		if (strcmp(is, shall) != 0) {
			fprintf(stderr, "%s:%u: %s, line %u\n  expected: %s\n  is:       %s\n",
				path, i < expected ? c->numbers[s->first + i] : 0, name, i + 1,
				shall, is);
			return false;
		}
	}
	return true;
}

unsigned pt_case_each(const char *folder, void (*do_it)(struct pt_case *c, const char *path))
{
	static struct pt_case c;
	glob_t paths;
	char pattern[4096];
	unsigned n = 0;

	snprintf(pattern, sizeof(pattern), "%s/*.case", folder);
	if (glob(pattern, 0, NULL, &paths))
		return 0;
	for (size_t i = 0; i < paths.gl_pathc; i++) {
		if (!pt_case_read(&c, paths.gl_pathv[i]))
			abort();
		do_it(&c, paths.gl_pathv[i]);
		pt_case_free(&c);
		n++;
	}
	globfree(&paths);
	return n;
}
