/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The layout (tools/perf/util/trace-event-info.c): magic, "tracing", version; byte order, size of a long,
 * page size; header_page, header_event; ftrace's own formats; then for each system its name, the number
 * of formats, and each as a size and the text of its file in tracefs.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <event-parse.h>
#include "input/perf_format.h"
#include "input/perf_tracing.h"

#define FORMAT_MOST \
	((size_t)1 << 16) /* the largest text that is looked at; KVM's have up to 10 KiB */
#define LINES_MOST 64
#define KVM_FORMATS_MOST 1024

struct reading {
	const uint8_t *at;
	size_t left;
};

static const uint8_t *take(struct reading *r, uint64_t n)
{
	const uint8_t *p = r->at;

	if (n > r->left)
		return NULL;
	r->at += n;
	r->left -= (size_t)n;
	return p;
}

static const char *take_string(struct reading *r)
{
	const uint8_t *zero = memchr(r->at, 0, r->left);

	return zero ? (const char *)take(r, (uint64_t)(zero - r->at) + 1) : NULL;
}

/* A number of SIZE bytes in front of what it counts. */
static bool take_count(struct reading *r, size_t size, uint64_t *n)
{
	const uint8_t *p = take(r, size);

	if (p)
		*n = size == 8 ? perf_u64(p) : perf_u32(p);
	return p != NULL;
}

/* The next line of the text, without its end; false where there is none. */
static bool next_line(struct reading *text, char line[256])
{
	const uint8_t *end = memchr(text->at, '\n', text->left);
	size_t size = end ? (size_t)(end - text->at) : text->left;

	if (!text->left || size >= 256)
		return false;
	memcpy(line, text->at, size);
	line[size] = 0;
	take(text, end ? size + 1 : size);
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
static bool copy_format(struct reading text, struct text *t)
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

static int give_format(struct tep_handle *tep, const uint8_t *data, size_t size)
{
	static const char wanted[] = "name: kvm_";
	/* The copy is not much longer than what it copies. */
	struct text t = { NULL, 0, 2 * size + 256 };
	int err = 0;

	/* A format that is not in order is as one that is not there: the event will be missed by name. */
	if (size > FORMAT_MOST || size < sizeof(wanted) - 1 ||
	    memcmp(data, wanted, sizeof(wanted) - 1) != 0)
		return 0;
	t.out = malloc(t.room);
	if (!t.out)
		return -ENOMEM;
	if (copy_format((struct reading){ data, size }, &t) &&
	    tep_parse_event(tep, t.out, t.used, "kvm") == TEP_ERRNO__MEM_ALLOC_FAILED)
		err = -ENOMEM;
	free(t.out);
	return err;
}

/* N formats; gives those of KVM to TEP. Returns 0, -ENOMEM or -EINVAL (cut off). */
static int read_formats(struct reading *r, uint64_t n, bool kvm, struct tep_handle *tep)
{
	for (uint64_t i = 0; i < n; i++) {
		uint64_t size;
		const uint8_t *data;
		int err;

		if (!take_count(r, 8, &size) || !(data = take(r, size)))
			return -EINVAL;
		/* KVM has about 90; more than that are not worth anybody's time. */
		err = kvm && i < KVM_FORMATS_MOST ? give_format(tep, data, (size_t)size) : 0;
		if (err)
			return err;
	}
	return 0;
}

static int read_all(struct reading *r, struct tep_handle *tep, const char **what)
{
	const uint8_t *p = take(r, 10);
	uint64_t n, systems;
	int err;

	*what = "are not in order";
	if (!p || memcmp(p, "\x17\x08\x44tracing", 10) != 0 || !take_string(r))
		return -EINVAL;
	p = take(r, 6);
	if (!p)
		return -EINVAL;
	if (p[0]) {
		*what = "are those of a big-endian machine, which reblock does not read";
		return -EINVAL;
	}
	if (p[1] != 4 && p[1] != 8)
		return -EINVAL;
	tep_set_long_size(tep, p[1]);
	tep_set_file_bigendian(tep, TEP_LITTLE_ENDIAN);
	tep_set_local_bigendian(tep, TEP_LITTLE_ENDIAN);
	*what = "are cut off";
	/* header_page, header_event: how ftrace's own buffer looks, which perf does not use */
	for (int i = 0; i < 2; i++)
		if (!take_string(r) || !take_count(r, 8, &n) || !take(r, n))
			return -EINVAL;
	if (!take_count(r, 4, &n))
		return -EINVAL;
	err = read_formats(r, n, false, tep);
	if (err || !take_count(r, 4, &systems))
		return err ? err : -EINVAL;
	for (uint64_t i = 0; i < systems && !err; i++) {
		const char *system = take_string(r);

		if (!system || !take_count(r, 4, &n))
			return -EINVAL;
		err = read_formats(r, n, strcmp(system, "kvm") == 0, tep);
	}
	return err;
}

int perf_tracing_read(const uint8_t *data, size_t size, struct tep_handle **tep, const char **what)
{
	struct reading r = { data, size };
	int err;

	*tep = tep_alloc();
	if (!*tep)
		return -ENOMEM;
	err = read_all(&r, *tep, what);
	if (!err)
		return 0;
	tep_free(*tep);
	*tep = NULL;
	return err;
}
