/* SPDX-License-Identifier: BSD-2-Clause */
/* What a trace.dat consists of, put together; and the head that all versions have. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <traceevent/event-parse.h>
#include <zstd.h>
#include "input/trace_dat.h"
#include "input/trace_dat_merge.h"

/* So many CPUs in all buffers together. */
#define CPUS_MOST ((size_t)1 << 20)

void trace_dat_note(struct trace_dat *d, const char *format, ...)
{
	va_list args;

	if (d->n_notes == sizeof(d->notes) / sizeof(d->notes[0]))
		return;
	va_start(args, format);
	if (vasprintf(&d->notes[d->n_notes], format, args) >= 0)
		d->n_notes++;
	va_end(args);
}

bool trace_dat_room(struct trace_dat *d, size_t n)
{
	if (n > TRACE_DAT_CHUNKS_MOST - d->room)
		return false;
	d->room += n;
	return true;
}

void trace_dat_give_back(struct trace_dat *d, size_t n)
{
	d->room -= n;
}

struct trace_dat_buffer *trace_dat_add_buffer(struct trace_dat *d, const char *name)
{
	struct trace_dat_buffer *more;

	if (d->n_buffers == TRACE_DAT_BUFFERS_MOST)
		return NULL;
	more = realloc(d->buffers, (d->n_buffers + 1) * sizeof(*more));
	if (!more)
		return NULL;
	d->buffers = more;
	more += d->n_buffers++;
	memset(more, 0, sizeof(*more));
	snprintf(more->name, sizeof(more->name), "%.63s", name);
	for (char *c = more->name; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	return more;
}

int trace_dat_add_cpu(struct trace_dat *d, struct trace_dat_buffer *b, uint32_t cpu,
		      uint64_t offset, uint64_t size)
{
	struct trace_dat_cpu *more;
	uint64_t whole = size;

	if (!size)
		return 0;
	if (b->n_cpus == TRACE_DAT_CPUS_MOST || d->n_all_cpus == CPUS_MOST) {
		b->cut = true;
		return 0;
	}
	/* Doubles at each power of two. */
	if (!(b->n_cpus & (b->n_cpus - 1))) {
		more = realloc(b->cpus, (b->n_cpus ? 2 * b->n_cpus : 1) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		b->cpus = more;
	}
	if (offset > d->size)
		offset = d->size;
	if (size > d->size - offset)
		size = d->size - offset;
	if (size < whole)
		reader_damage(d->in,
			      "the file is cut off: of the %" PRIu64 " bytes of CPU %" PRIu32
			      ", %" PRIu64 " are there; what is missing of them makes the time "
			      "from there on uncertain for all vCPUs",
			      whole, cpu, size);
	if (size > d->size - d->pages) {
		reader_damage(d->in,
			      "the places of the CPUs' data overlap; that of CPU %" PRIu32
			      " is not read",
			      cpu);
		size = 0;
	}
	d->pages += size;
	d->n_all_cpus++;
	b->cpus[b->n_cpus++] = (struct trace_dat_cpu){
		.cpu = cpu, .offset = offset, .size = size, .cut = size < whole
	};
	return 0;
}

int trace_dat_read(struct trace_dat *d, const char **why)
{
	struct cursor c = { .at = d->data, .left = d->size };
	const char *version;
	bool big, six;
	int err;

	cursor_take(&c, 10);
	version = cursor_string(&c);
	six = strcmp(version, "6") == 0;
	d->version = six ? 6 : 7;
	*why = "this is a trace.dat of a version that reblock does not read (it reads 6 and 7); trace-cmd convert "
	       "--file-version 7 may make one that it does";
	if (!six && strcmp(version, "7") != 0 && !c.cut)
		return -ENOTSUP;
	big = cursor_number(&c, 1);
	cursor_number(&c, 1); /* size of long in user space */
	d->page_size = (uint32_t)cursor_number(&c, 4);
	*why = "this is a trace.dat that is cut off in its head";
	if (c.cut)
		return -EINVAL;
	*why = "this is a trace.dat of a big-endian machine, which has no VMX";
	if (big)
		return -EINVAL;
	err = six ? trace_dat_read_v6(d, &c, why) : trace_dat_read_v7(d, &c, why);
	if (err)
		return err;
	for (size_t i = 0; i < d->n_buffers; i++) {
		struct trace_dat_buffer *b = &d->buffers[i];

		if (!b->page_size)
			b->page_size = d->page_size;
		if (!b->clock[0])
			memcpy(b->clock, d->clock, sizeof(b->clock));
		if (b->page_size < 1024 || b->page_size > TRACE_DAT_PAGE_MOST ||
		    b->page_size & (b->page_size - 1)) {
			reader_damage(d->in,
				      "the pages of buffer \"%s\" have %" PRIu32
				      " bytes, which cannot be; it is not read",
				      b->name, b->page_size);
			b->text = true;
		}
	}
	return 0;
}

void trace_dat_free(struct trace_dat *d)
{
	if (!d)
		return;
	kvm_events_free(d->kvm);
	merge_free(d->merge);
	for (size_t i = 0; i < d->n_buffers; i++)
		free(d->buffers[i].cpus);
	for (size_t i = 0; i < d->n_notes; i++)
		free(d->notes[i]);
	free(d->buffers);
	free(d->stats);
	free(d->names);
	if (d->tep)
		tep_free(d->tep);
	ZSTD_freeDCtx(d->zstd);
	free(d);
}
