/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens an input of whatever format, and hands it to the reader of that format. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <reblock/pt.h>
#include "input/aux.h"
#include "input/detect.h"
#include "input/reader.h"
#include "input/trace_pt.h"
#include "input/utf8.h"

static int open_bytes(struct reblock_input *in, const char *path)
{
	struct stat st;
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		if (fd != STDIN_FILENO)
			close(fd);
		return -EISDIR;
	}
	return bytes_open(&in->bytes, fd);
}

/* The sentence for an error that has none yet. */
static char *plain(const char *name, int err)
{
	char *text = NULL;
	int n;

	switch (err) {
	case -EISDIR:
		n = asprintf(&text, "%s: this is a directory; name the trace files in it", name);
		break;
	case -ENOENT:
		n = asprintf(&text, "%s: there is no such file", name);
		break;
	case -EACCES:
		n = asprintf(
			&text,
			"%s: no permission to read it; traces are made readable for their owner only",
			name);
		break;
	default:
		n = asprintf(&text, "%s: cannot be read: %s", name, strerror(-err));
	}
	return n < 0 ? strdup("out of memory") : text;
}

static int open_format(struct reblock_input *in, char **error)
{
	switch (in->format) {
	case REBLOCK_FORMAT_TRACE:
		return trace_open(in, error);
	case REBLOCK_FORMAT_PERF:
		return perf_open(in, error);
	case REBLOCK_FORMAT_TRACE_DAT:
		return trace_dat_open(in, error);
	default:
		return json_open(in);
	}
}

/* An input without bytes; NULL with *ERROR set when memory is short. */
static struct reblock_input *new_input(const char *name, reblock_damage_fn *damage, void *context,
				       char **error)
{
	struct reblock_input *in = calloc(1, sizeof(*in));

	*error = NULL;
	if (in)
		in->name = strdup(name);
	if (!in || !in->name) {
		free(in);
		*error = plain(name, -ENOMEM);
		return NULL;
	}
	in->damage = damage;
	in->context = context;
	in->bytes.fd = -1;
	return in;
}

/* Texts that go to people's terminals, out of files that nobody has checked. */
static void clean_source(struct reblock_source *source)
{
	utf8_clean(source->source);
	utf8_clean(source->host);
	utf8_clean(source->kernel);
	utf8_clean(source->clock);
}

/* What is left to do when it has its bytes; ERR says why it has none. */
static int open_input(struct reblock_input *in, int err, struct reblock_input **input, char **error)
{
	if (!err)
		err = detect_format(in, error);
	if (!err)
		err = open_format(in, error);
	if (err) {
		if (!*error)
			*error = plain(in->name, err);
		reblock_input_close(in);
		return err;
	}
	clean_source(&in->source);
	if (in->aux && (in->source.presence & REBLOCK_SOURCE_CAPTURES))
		in->source.captures |= 1u << REBLOCK_WITNESS;
	*input = in;
	return 0;
}

int reblock_input_open(const char *path, reblock_damage_fn *damage, void *context,
		       struct reblock_input **input, char **error)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	struct reblock_input *in = new_input(name, damage, context, error);

	*input = NULL;
	return in ? open_input(in, open_bytes(in, path), input, error) : -ENOMEM;
}

int reblock_input_open_pt(const struct reblock_pt_options *options, reblock_damage_fn *damage,
			  void *context, struct reblock_input **input, char **error)
{
	const char *name = options->n_files ? options->files[0].path : "Intel PT";
	struct reblock_input *in = new_input(name, damage, context, error);
	int err;

	*input = NULL;
	if (!in)
		return -ENOMEM;
	in->format = REBLOCK_FORMAT_PT;
	snprintf(in->source.source, sizeof(in->source.source), "raw Intel PT");
	in->source.presence = REBLOCK_SOURCE_CAPTURES;
	in->source.captures = 1u << REBLOCK_WITNESS | 1u << REBLOCK_META;
	err = reblock_input_pt(in, options, error);
	if (err)
		reblock_input_close(in);
	else
		*input = in;
	return err;
}

int reblock_input_open_memory(const char *name, const void *data, size_t size,
			      reblock_damage_fn *damage, void *context,
			      struct reblock_input **input, char **error)
{
	struct reblock_input *in = new_input(name, damage, context, error);

	*input = NULL;
	if (!in)
		return -ENOMEM;
	bytes_of_memory(&in->bytes, data, size);
	return open_input(in, (uintptr_t)data % sizeof(uint64_t) ? -EINVAL : 0, input, error);
}

enum reblock_format reblock_input_format(const struct reblock_input *in)
{
	return in->format;
}

const struct reblock_source *reblock_input_source(const struct reblock_input *in)
{
	return &in->source;
}

static long read_next(struct reblock_input *in, const struct reblock_record **records)
{
	switch (in->format) {
	case REBLOCK_FORMAT_TRACE:
		return trace_next(in, records);
	case REBLOCK_FORMAT_PERF:
		return perf_next(in, records);
	case REBLOCK_FORMAT_TRACE_DAT:
		return trace_dat_next(in, records);
	case REBLOCK_FORMAT_PT:
		return 0;
	default:
		return json_next(in, records);
	}
}

long reblock_input_next(struct reblock_input *in, const struct reblock_record **records)
{
	return in->aux ? aux_next(in, read_next, records) : read_next(in, records);
}

uint64_t reblock_input_damages(const struct reblock_input *in)
{
	return in->damages;
}

static const char *reader_note(const struct reblock_input *in, size_t i)
{
	switch (in->format) {
	case REBLOCK_FORMAT_PERF:
		return perf_note(in, i);
	case REBLOCK_FORMAT_TRACE_DAT:
		return trace_dat_note_at(in, i);
	case REBLOCK_FORMAT_TRACE:
		return trace_pt_note(in, i);
	default:
		return NULL;
	}
}

uint64_t reblock_input_pt_bytes(const struct reblock_input *in)
{
	return aux_bytes(in->aux);
}

const char *reblock_input_note(const struct reblock_input *in, size_t i)
{
	const char *note;

	for (size_t n = 0; (note = reader_note(in, n)) != NULL; n++, i--)
		if (!i)
			return note;
	return aux_note(in, i);
}

void reblock_input_progress(const struct reblock_input *in, uint64_t *done, uint64_t *total)
{
	*done = in->bytes.offset;
	*total = in->bytes.total;
}

void reblock_input_close(struct reblock_input *in)
{
	if (!in)
		return;
	aux_free(in->aux);
	trace_dat_close(in);
	perf_close(in);
	trace_pt_free(in->pt);
	bytes_close(&in->bytes);
	free(in->name);
	free(in->own);
	free(in);
}
