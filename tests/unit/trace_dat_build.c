/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "trace_dat_lane.h"

#define HEAD 16                          /* of a page: time, commit */
#define MISSED ((uint64_t)-2147483648LL) /* the kernel adds it as an int */
#define MISSED_STORED ((uint64_t)1 << 30)

void *dat_need(void *p)
{
	if (!p) {
		perror("trace_dat_build");
		abort();
	}
	return p;
}

void dat_put(struct dat_text *t, const void *data, size_t size)
{
	if (t->size + size > t->room) {
		t->room = 2 * (t->size + size);
		t->at = dat_need(realloc(t->at, t->room));
	}
	if (size)
		memcpy(t->at + t->size, data, size);
	t->size += size;
}

void dat_put_number(struct dat_text *t, uint64_t number, unsigned size)
{
	dat_put(t, &number, size);
}

static void add_buffer(struct dat_build *b, const char *name)
{
	struct dat_buffer *buffer = &b->buffers[b->n_buffers++];

	snprintf(buffer->name, sizeof(buffer->name), "%s", name);
	buffer->lanes = b->lanes = dat_need(calloc(b->cpus, sizeof(*b->lanes)));
	for (unsigned i = 0; i < b->cpus; i++)
		b->lanes[i].file = dat_need(tmpfile());
}

struct dat_build *dat_new(unsigned version, unsigned cpus)
{
	struct dat_build *b = dat_need(calloc(1, sizeof(*b)));

	b->version = version;
	b->cpus = cpus;
	add_buffer(b, "");
	return b;
}

void dat_compress(struct dat_build *b)
{
	b->compress = true;
}

void dat_instance(struct dat_build *b, const char *name)
{
	for (unsigned i = 0; i < b->n_buffers; i++)
		if (strcmp(b->buffers[i].name, name) == 0) {
			b->lanes = b->buffers[i].lanes;
			return;
		}
	add_buffer(b, name);
}

void dat_format(struct dat_build *b, const char *system, const char *text)
{
	int i = strcmp(system, "kvm") != 0;

	dat_put_number(&b->formats[i], strlen(text), 8);
	dat_put(&b->formats[i], text, strlen(text));
	b->n_formats[i]++;
}

void dat_type(struct dat_build *b, const struct dat_type *type)
{
	char text[4096];
	size_t n;
	unsigned at = 8;

	n = (size_t)snprintf(
		text, sizeof(text),
		"name: %s\nID: %u\nformat:\n"
		"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
		"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
		"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
		"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n",
		type->name, type->id);
	for (const struct dat_field *f = type->fields; f->size; f++) {
		unsigned align = f->size < 8 ? f->size : 8;

		if (strchr(f->declaration, '['))
			align = 1;
		at = (at + align - 1) & ~(align - 1);
		n += (size_t)snprintf(text + n, sizeof(text) - n,
				      "\tfield:%s;\toffset:%u;\tsize:%u;\tsigned:%d;\n",
				      f->declaration, at, f->size,
				      strncmp(f->declaration, "int ", 4) == 0);
		at += f->size;
	}
	snprintf(text + n, sizeof(text) - n, "\nprint fmt: \"%s\"\n", type->name);
	dat_format(b, type->system, text);
}

void dat_option(struct dat_build *b, unsigned id, const void *data, unsigned size)
{
	dat_put_number(&b->options, id, 2);
	dat_put_number(&b->options, size, 4);
	dat_put(&b->options, data, size);
}

void dat_names(struct dat_build *b, const char *lines)
{
	dat_put(&b->names, lines, strlen(lines));
}

void dat_end_page(struct dat_lane *l)
{
	uint64_t commit = l->used - HEAD;

	if (!l->used)
		return;
	if (l->missed) {
		commit += MISSED;
		if (l->missed_count && l->used + 8 <= DAT_PAGE) {
			commit += MISSED_STORED;
			memcpy(l->page + l->used, &l->missed_count, 8);
		}
		l->missed = false;
	}
	memcpy(l->page + 8, &commit, 8);
	if (fwrite(l->page, DAT_PAGE, 1, l->file) != 1)
		dat_need(NULL);
	l->used = 0;
}

/* Begins a page where none is, or SIZE bytes do not fit any more. */
static void room_for(struct dat_lane *l, uint64_t t, size_t size)
{
	/* Leaves room for the count of missed events. */
	if (l->used && l->used + size + 8 > DAT_PAGE)
		dat_end_page(l);
	if (l->used)
		return;
	memset(l->page, 0, DAT_PAGE);
	memcpy(l->page, &t, 8);
	l->stamp = t;
	l->used = HEAD;
}

static void put_word(struct dat_lane *l, uint64_t word)
{
	uint32_t low = (uint32_t)word;

	memcpy(l->page + l->used, &low, 4);
	l->used += 4;
}

static void put_head(struct dat_lane *l, unsigned type, uint64_t delta)
{
	put_word(l, type | delta << 5);
}

void dat_stamp(struct dat_build *b, unsigned cpu, uint64_t t)
{
	struct dat_lane *l = &b->lanes[cpu];

	room_for(l, t, 8);
	put_head(l, 31, t & 0x7ffffff);
	put_word(l, t >> 27);
	l->stamp = t;
}

void dat_raw(struct dat_build *b, unsigned cpu, uint64_t t, const void *data, unsigned size)
{
	struct dat_lane *l = &b->lanes[cpu];
	unsigned padded = (size + 3) & ~3u;
	uint64_t delta;

	room_for(l, t, padded + 16);
	delta = t - l->stamp;
	if (delta >> 27) {
		put_head(l, 30, delta & 0x7ffffff);
		put_word(l, delta >> 27);
		delta = 0;
	}
	if (padded <= 112) {
		put_head(l, padded / 4, delta);
	} else {
		put_head(l, 0, delta);
		put_word(l, padded + 4);
	}
	memcpy(l->page + l->used, data, size);
	l->used += padded;
	l->stamp = t;
}

void dat_padding(struct dat_build *b, unsigned cpu, unsigned size)
{
	struct dat_lane *l = &b->lanes[cpu];

	room_for(l, l->stamp, size);
	put_head(l, 29, 1);
	put_word(l, size - 4);
	memset(l->page + l->used, 0xee, size - 8);
	l->used += size - 8;
	l->stamp++;
}

void dat_missed(struct dat_build *b, unsigned cpu, uint64_t count)
{
	struct dat_lane *l = &b->lanes[cpu];

	dat_end_page(l);
	l->missed = true;
	l->missed_count = count;
}

void dat_event(struct dat_build *b, unsigned cpu, uint64_t t, const struct dat_type *type,
	       uint32_t tid, const uint64_t *values)
{
	uint8_t data[256] = { 0 };
	unsigned at = 8;

	memcpy(data, &type->id, 2);
	memcpy(data + 4, &tid, 4);
	for (const struct dat_field *f = type->fields; f->size; f++) {
		bool array = strchr(f->declaration, '[');
		unsigned align = array ? 1 : f->size;

		at = (at + align - 1) & ~(align - 1);
		if (!array)
			memcpy(data + at, values, f->size);
		values += !array;
		at += f->size;
	}
	dat_raw(b, cpu, t, data, at);
}
