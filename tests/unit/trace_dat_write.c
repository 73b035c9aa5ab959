/* SPDX-License-Identifier: BSD-2-Clause */
/* What was built, as a file of version 6 or 7: trace-cmd.dat.v6(5), trace-cmd.dat.v7(5). */
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include "trace_dat_lane.h"

#define CHUNK (4 * DAT_PAGE) /* what is compressed at a time */

static const char page_text[] = "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
				"\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
				"\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
				"\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n";
static const char event_text[] = "# compressed entry header\n"
				 "\ttype_len    :    5 bits\n"
				 "\ttime_delta  :   27 bits\n"
				 "\tarray       :   32 bits\n"
				 "\n"
				 "\tpadding     : type == 29\n"
				 "\ttime_extend : type == 30\n"
				 "\ttime_stamp : type == 31\n"
				 "\tdata max type_len  == 28\n";

static void write_all(struct dat_build *b, const void *data, size_t size)
{
	if (size && fwrite(data, size, 1, b->to) != 1)
		dat_need(NULL);
}

static void write_number(struct dat_build *b, uint64_t number, unsigned size)
{
	write_all(b, &number, size);
}

static uint64_t here(struct dat_build *b)
{
	return (uint64_t)ftello(b->to);
}

static void header_part(struct dat_text *t)
{
	dat_put(t, "header_page", 12);
	dat_put_number(t, sizeof(page_text) - 1, 8);
	dat_put(t, page_text, sizeof(page_text) - 1);
	dat_put(t, "header_event", 13);
	dat_put_number(t, sizeof(event_text) - 1, 8);
	dat_put(t, event_text, sizeof(event_text) - 1);
}

static void formats_part(struct dat_build *b, struct dat_text *t)
{
	static const char *const systems[] = { "kvm", "sched" };

	dat_put_number(t, (b->n_formats[0] > 0) + (b->n_formats[1] > 0), 4);
	for (int i = 0; i < 2; i++) {
		if (!b->n_formats[i])
			continue;
		dat_put(t, systems[i], strlen(systems[i]) + 1);
		dat_put_number(t, b->n_formats[i], 4);
		dat_put(t, b->formats[i].at, b->formats[i].size);
	}
}

static void names_part(struct dat_build *b, struct dat_text *t)
{
	dat_put_number(t, b->names.size, 8);
	dat_put(t, b->names.at, b->names.size);
}

static size_t write_chunk(struct dat_build *b, const void *data, size_t size)
{
	size_t bound = ZSTD_compressBound(size);
	void *packed = dat_need(malloc(bound));
	size_t n = ZSTD_compress(packed, bound, data, size, 1);

	if (ZSTD_isError(n))
		abort();
	write_number(b, n, 4);
	write_number(b, size, 4);
	write_all(b, packed, n);
	free(packed);
	return n + 8;
}

/* Writes a section of version 7; returns its offset. */
static uint64_t write_section(struct dat_build *b, unsigned id, struct dat_text *t)
{
	uint64_t at = here(b);

	write_number(b, id, 2);
	write_number(b, b->compress, 2);
	write_number(b, 0, 4);
	write_number(b, t->size, 8);
	if (b->compress) {
		uint64_t size = write_chunk(b, t->at, t->size), end = here(b);

		fseeko(b->to, (off_t)at + 8, SEEK_SET);
		write_number(b, size, 8);
		fseeko(b->to, (off_t)end, SEEK_SET);
	} else {
		write_all(b, t->at, t->size);
	}
	t->size = 0;
	return at;
}

static void align(struct dat_build *b)
{
	while (here(b) % DAT_PAGE)
		write_number(b, 0, 1);
}

static void copy_pages(struct dat_build *b, struct dat_lane *l)
{
	static char chunk[CHUNK];
	uint64_t chunks = 0;
	size_t n;

	rewind(l->file);
	l->offset = here(b);
	if (b->compress)
		write_number(b, 0, 4);
	while ((n = fread(chunk, 1, sizeof(chunk), l->file)) > 0) {
		if (b->compress)
			write_chunk(b, chunk, n);
		else
			write_all(b, chunk, n);
		chunks++;
	}
	l->size = here(b) - l->offset;
	if (!chunks) {
		l->size = 0;
	} else if (b->compress) {
		uint64_t end = here(b);

		l->size -= 4; /* as trace-cmd has it */
		fseeko(b->to, (off_t)l->offset, SEEK_SET);
		write_number(b, chunks, 4);
		fseeko(b->to, (off_t)end, SEEK_SET);
	}
}

static void write_6(struct dat_build *b)
{
	struct dat_text t = { 0 };
	uint64_t at, end;

	header_part(&t);
	dat_put_number(&t, 0, 4); /* the function tracers' formats */
	formats_part(b, &t);
	dat_put_number(&t, 0, 4); /* kallsyms */
	dat_put_number(&t, 0, 4); /* formats of trace_printk */
	names_part(b, &t);
	dat_put_number(&t, b->cpus, 4);
	dat_put(&t, "options  ", 10);
	dat_put(&t, b->options.at, b->options.size);
	dat_put_number(&t, 0, 2);
	dat_put(&t, "flyrecord", 10);
	write_all(b, t.at, t.size);
	at = here(b);
	for (unsigned i = 0; i < 2 * b->cpus; i++)
		write_number(b, 0, 8);
	write_number(b, 8, 8); /* the clock, once more */
	write_all(b, "[local]", 8);
	for (unsigned i = 0; i < b->cpus; i++) {
		align(b);
		copy_pages(b, &b->lanes[i]);
	}
	end = here(b);
	fseeko(b->to, (off_t)at, SEEK_SET);
	for (unsigned i = 0; i < b->cpus; i++) {
		write_number(b, b->lanes[i].offset, 8);
		write_number(b, b->lanes[i].size, 8);
	}
	fseeko(b->to, (off_t)end, SEEK_SET);
	free(t.at);
}

static void write_buffer(struct dat_build *b, struct dat_buffer *buffer)
{
	unsigned used = 0;

	buffer->section = here(b);
	write_number(b, 3, 2);
	write_number(b, b->compress, 2);
	write_number(b, 0, 4);
	write_number(b, 0, 8);
	for (unsigned i = 0; i < b->cpus; i++) {
		align(b);
		copy_pages(b, &buffer->lanes[i]);
		used += buffer->lanes[i].size > 0;
	}
	/* The option that points to it. */
	struct dat_text t = { 0 };
	dat_put_number(&t, buffer->section, 8);
	dat_put(&t, buffer->name, strlen(buffer->name) + 1);
	dat_put(&t, "local", 6);
	dat_put_number(&t, DAT_PAGE, 4);
	dat_put_number(&t, used, 4);
	for (unsigned i = 0; i < b->cpus; i++) {
		if (!buffer->lanes[i].size)
			continue;
		dat_put_number(&t, i, 4);
		dat_put_number(&t, buffer->lanes[i].offset, 8);
		dat_put_number(&t, buffer->lanes[i].size, 8);
	}
	dat_option(b, 3, t.at, (unsigned)t.size);
	free(t.at);
}

static void write_7(struct dat_build *b)
{
	struct dat_text t = { 0 };
	uint64_t offset, at, end;

	if (b->compress)
		write_all(b, "zstd\0001", 7);
	else
		write_all(b, "none\000", 6);
	at = here(b);
	write_number(b, 0, 8);
	header_part(&t);
	offset = write_section(b, 16, &t);
	dat_option(b, 16, &offset, 8);
	dat_put_number(&t, 0, 4);
	offset = write_section(b, 17, &t);
	dat_option(b, 17, &offset, 8);
	formats_part(b, &t);
	offset = write_section(b, 18, &t);
	dat_option(b, 18, &offset, 8);
	names_part(b, &t);
	offset = write_section(b, 21, &t);
	dat_option(b, 21, &offset, 8);
	for (unsigned i = 0; i < b->n_buffers; i++)
		write_buffer(b, &b->buffers[i]);
	offset = 0;
	dat_option(b, 0, &offset, 8);
	offset = write_section(b, 0, &b->options);
	end = here(b);
	fseeko(b->to, (off_t)at, SEEK_SET);
	write_number(b, offset, 8);
	fseeko(b->to, (off_t)end, SEEK_SET);
	free(t.at);
}

void dat_write(struct dat_build *b, FILE *to)
{
	b->to = to;
	b->lanes = b->buffers[0].lanes;
	for (unsigned i = 0; i < b->n_buffers * b->cpus; i++)
		dat_end_page(&b->buffers[i / b->cpus].lanes[i % b->cpus]);
	write_all(b, "\x17\x08\x44tracing", 10);
	write_all(b, b->version == 6 ? "6" : "7", 2);
	write_number(b, 0, 1);
	write_number(b, 8, 1);
	write_number(b, DAT_PAGE, 4);
	if (b->version == 6)
		write_6(b);
	else
		write_7(b);
	fflush(to);
	for (unsigned i = 0; i < b->n_buffers; i++) {
		for (unsigned j = 0; j < b->cpus; j++)
			fclose(b->buffers[i].lanes[j].file);
		free(b->buffers[i].lanes);
	}
	free(b->formats[0].at);
	free(b->formats[1].at);
	free(b->options.at);
	free(b->names.at);
	free(b);
}
