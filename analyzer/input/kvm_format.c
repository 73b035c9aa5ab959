/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <event-parse.h>
#include "input/cursor.h"
#include "input/kvm_format.h"

#define FORMAT_MOST \
	((size_t)1 << 16) /* the largest text that is looked at; KVM's have up to 10 KiB */
#define LINES_MOST 64

/* The next line of the text, without its end; false where there is none. */
static bool next_line(struct cursor *text, char line[256])
{
	const uint8_t *end = memchr(text->at, '\n', text->left);
	size_t size = end ? (size_t)(end - text->at) : text->left;

	if (!text->left || size >= 256)
		return false;
	memcpy(line, text->at, size);
	line[size] = 0;
	cursor_take(text, end ? size + 1 : size);
	return strlen(line) == size;
}

/* Whether TEXT is words of a C type and a name, such as "unsigned long guest_rip". */
static bool plain_declaration(const char *text)
{
	bool at_word = true;
	int words = 0;

	for (const char *c = text; *c; c++) {
		if (*c == ' ') {
			if (at_word)
				return false;
			at_word = true;
			continue;
		}
		if (!(isalnum((unsigned char)*c) || *c == '_') ||
		    (at_word && isdigit((unsigned char)*c)))
			return false;
		words += at_word;
		at_word = false;
	}
	return !at_word && words >= 2 && words <= 4;
}

struct text {
	char *out;
	size_t used, room;
};

__attribute__((format(printf, 2, 3))) static bool put(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->out + t->used, t->room - t->used, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= t->room - t->used)
		return false;
	t->used += (size_t)n;
	return true;
}

/* Arrays, pointers and the like are left out: nothing that is needed is one. */
static bool put_field(struct text *t, const char *line)
{
	char declaration[128];
	unsigned offset, size, is_signed;
	int end = 0;

	if (sscanf(line, " field:%127[^;]; offset:%5u; size:%5u; signed:%1u;%n", declaration,
		   &offset, &size, &is_signed, &end) != 4 ||
	    !end || line[end] || !plain_declaration(declaration))
		return true;
	return put(t, "\tfield:%s;\toffset:%u;\tsize:%u;\tsigned:%u;\n", declaration, offset, size,
		   is_signed);
}

/* Writes a checked copy of the format TEXT. Returns whether it is one. */
static bool copy_format(struct cursor text, struct text *t)
{
	char line[256], name[64];
	unsigned id, lines = 0;
	int end = 0;
	bool common = true;

	if (!next_line(&text, line) || sscanf(line, "name: %63[a-z0-9_]%n", name, &end) != 1 ||
	    line[end] || !next_line(&text, line) || sscanf(line, "ID: %5u%n", &id, &end) != 1 ||
	    line[end] || !id || id > UINT16_MAX || !next_line(&text, line) ||
	    strcmp(line, "format:") != 0)
		return false;
	if (!put(t, "name: %s\nID: %u\nformat:\n", name, id))
		return false;
	while (next_line(&text, line) && lines++ < LINES_MOST && strncmp(line, "print", 5) != 0) {
		/* An empty line ends the common fields, another one all fields. */
		if (!line[0] && !common)
			break;
		if (line[0] ? !put_field(t, line) : !put(t, "\n"))
			return false;
		common &= line[0] != 0;
	}
	return !common && put(t, "\nprint fmt: \"-\"\n");
}

int kvm_format_give(struct tep_handle *tep, const uint8_t *data, uint64_t size)
{
	static const char wanted[] = "name: kvm_";
	/* The copy is not much longer than what it copies. */
	struct text t = { NULL, 0, 2 * size + 256 };
	int err = -EINVAL;

	if (size < sizeof(wanted) - 1 || memcmp(data, wanted, sizeof(wanted) - 1) != 0)
		return 0;
	if (size > FORMAT_MOST)
		return -EINVAL;
	t.out = malloc(t.room);
	if (!t.out)
		return -ENOMEM;
	if (copy_format((struct cursor){ .at = data, .left = (size_t)size }, &t))
		err = tep_parse_event(tep, t.out, t.used, "kvm");
	free(t.out);
	return err == 0 || err == -EINVAL         ? err :
	       err == TEP_ERRNO__MEM_ALLOC_FAILED ? -ENOMEM :
						    -EINVAL;
}
