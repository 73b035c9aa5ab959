/* SPDX-License-Identifier: BSD-2-Clause */
/* Raw PT files beside an input, and how its PT is decoded. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <reblock/pt.h>
#include "input/aux.h"
#include "input/reader.h"
#include "pt/stream.h"

#define OWN_CLOCK \
	"the times of raw Intel PT cannot be brought to those of this trace, so it stands for itself, beside it; say how by --pt-clock"

const char *reblock_pt_library(void)
{
	return pt_library();
}

__attribute__((format(printf, 3, 4))) static int refuse(char **error, int err, const char *format,
							...)
{
	va_list args;

	va_start(args, format);
	if (vasprintf(error, format, args) < 0)
		*error = NULL;
	va_end(args);
	return err;
}

static int map(const char *path, struct aux_file *file, char **error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;
	struct stat st;

	memset(&st, 0, sizeof(st));
	if (fd < 0 || fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EINVAL;
	if (!err && st.st_size > 0) {
		file->size = (size_t)st.st_size;
		file->map = mmap(NULL, file->size, PROT_READ, MAP_PRIVATE, fd, 0);
		err = file->map == MAP_FAILED ? -errno : 0;
	}
	if (fd >= 0)
		close(fd);
	if (err == -EINVAL)
		return refuse(error, err, "%s: raw Intel PT is read from a file only", path);
	if (err)
		return refuse(error, err, "%s: cannot be read: %s", path, strerror(-err));
	if (!file->size)
		return refuse(error, -EINVAL, "%s: this is empty: there is no Intel PT in it",
			      path);
	return 0;
}

static int add_file(struct reblock_input *in, const struct reblock_pt_file *f, char **error)
{
	struct aux *aux = in->aux;
	struct aux_file *file = &aux->files[aux->n_files];
	struct pt_piece piece = { .flags = PT_PIECE_GAP };
	long queue;
	int err = map(f->path, file, error);

	if (err)
		return err;
	aux->n_files++;
	file->config = aux->config;
	piece.bytes = file->map;
	piece.size = file->size;
	queue = aux_queue(aux, f->cpu, 0, 0);
	if (queue < 0)
		return (int)queue;
	aux->queues[queue].config = &file->config;
	return aux_piece(aux, queue, &piece);
}

static int take_clock(struct reblock_input *in, const struct reblock_pt_clock *given, char **error)
{
	struct pt_clock *c = &in->aux->clock;

	if (given && c->kind == PT_CLOCK_UNKNOWN) {
		c->kind = PT_CLOCK_PERF;
		c->shift = given->shift;
		c->mult = given->mult;
		c->zero = given->zero;
		if (!pt_clock_usable(c))
			return refuse(
				error, -EINVAL,
				"the clock of Intel PT needs a shift of at most 63 and a multiplier that is not 0");
	} else if (c->kind == PT_CLOCK_UNKNOWN &&
		   (!strcmp(in->source.clock, "tsc") || !strcmp(in->source.clock, "x86-tsc"))) {
		c->kind = PT_CLOCK_TSC;
	}
	return 0;
}

static void add_note(struct aux *aux, const char *note)
{
	size_t n = 0;

	while (n < AUX_NOTES && aux->notes[n])
		n++;
	if (n < AUX_NOTES)
		aux->notes[n] = note;
}

static int add_files(struct reblock_input *in, const struct reblock_pt_options *o, char **error)
{
	struct aux *aux = in->aux;
	int err = 0;

	aux->files = calloc(o->n_files, sizeof(*aux->files));
	if (!aux->files)
		return -ENOMEM;
	for (size_t i = 0; i < o->n_files && !err; i++)
		err = add_file(in, &o->files[i], error);
	if (in->format != REBLOCK_FORMAT_PT) {
		aux->has_records |= aux->clock.kind != PT_CLOCK_UNKNOWN;
		if (aux->clock.kind == PT_CLOCK_UNKNOWN)
			add_note(aux, OWN_CLOCK);
	}
	return err;
}

int reblock_input_pt(struct reblock_input *in, const struct reblock_pt_options *o, char **error)
{
	int err;

	*error = NULL;
	if (!in->aux && !o->n_files)
		return 0;
	if (o->n_files && !pt_library())
		return refuse(error, -ENOTSUP,
			      "this program has no libipt: it cannot decode Intel PT");
	err = aux_begin(in);
	if (!err) {
		in->aux->jobs = o->jobs;
		in->aux->config.image = o->image;
		err = take_clock(in, o->clock, error);
	}
	if (!err && o->n_files)
		err = add_files(in, o, error);
	if (err && !*error)
		refuse(error, err, "%s: %s", in->name,
		       err == -E2BIG ? "there is Intel PT of too many CPUs" : strerror(-err));
	return err;
}
