/* SPDX-License-Identifier: BSD-2-Clause */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "tracedat/shape.h"

#define SOME 16   /* of whatever is counted */
#define HEAD_7 32 /* bytes before which nothing of version 7 can begin */

enum { HEADER_INFO = 16, EVENT_FORMATS = 18, CMDLINES = 21, BUFFER = 3 };

/* A part of the file, front to back. */
struct part {
	struct dat_shape *s;
	size_t at, end;
};

uint64_t dat_get(const struct dat_shape *s, size_t at, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, s->at + at, size);
	return value;
}

void dat_set(struct dat_shape *s, size_t at, size_t size, uint64_t value)
{
	memcpy(s->at + at, &value, size);
}

uint64_t dat_clip(struct dat_shape *s, size_t at, size_t size, uint64_t most)
{
	uint64_t value = dat_get(s, at, size);

	if (value > most)
		dat_set(s, at, size, value %= most + 1);
	return value;
}

static bool has(const struct part *p, size_t n)
{
	return p->end - p->at >= n;
}

/* The next number, as it is; 0 where it is not there. */
static uint64_t number(struct part *p, size_t size)
{
	if (!has(p, size)) {
		p->at = p->end;
		return 0;
	}
	p->at += size;
	return dat_get(p->s, p->at - size, size);
}

/* The next number is how many of something there are. */
static uint64_t count(struct part *p, size_t size, uint64_t most)
{
	if (!has(p, size))
		return number(p, size);
	p->at += size;
	return p->s->leave & DAT_LEAVE_HEAD ? dat_get(p->s, p->at - size, size) :
					      dat_clip(p->s, p->at - size, size, most);
}

/* The next number is the size of what follows, which is passed. Returns where that is. */
static struct part sized(struct part *p, size_t size)
{
	struct part inner = { .s = p->s };
	uint64_t n = has(p, size) ? count(p, size, p->end - p->at - size) : number(p, size);

	if (n > p->end - p->at)
		n = p->end - p->at;
	inner.at = p->at;
	p->at = inner.end = p->at + (size_t)n;
	return inner;
}

static void word(struct part *p, const char *text, size_t size)
{
	if (!has(p, size)) {
		p->at = p->end;
		return;
	}
	if (!(p->s->leave & DAT_LEAVE_HEAD))
		memcpy(p->s->at + p->at, text, size);
	p->at += size;
}

static void string(struct part *p)
{
	uint8_t *zero;

	if (!has(p, 1))
		return;
	zero = memchr(p->s->at + p->at, 0, p->end - p->at);
	if (!zero && !(p->s->leave & DAT_LEAVE_HEAD))
		p->s->at[p->end - 1] = 0;
	p->at = zero ? (size_t)(zero - p->s->at) + 1 : p->end;
}

static uint32_t page_size(struct dat_shape *s, size_t at)
{
	uint32_t size = (uint32_t)dat_get(s, at, 4);

	if (size >= 1024 && size <= 65536 && !(size & (size - 1)))
		return size;
	if (!(s->leave & DAT_LEAVE_HEAD))
		dat_set(s, at, 4, 1024);
	return 1024;
}

static void header_page(struct part *p)
{
	word(p, "header_page", 12);
	(void)sized(p, 8);
	word(p, "header_event", 13);
	(void)sized(p, 8);
}

/* The number behind "ID: " in a format. */
static void take_format(struct dat_shape *s, const struct part *text)
{
	unsigned id = 0;

	for (size_t at = text->at; at + 8 < text->end; at++) {
		if (memcmp(s->at + at, "ID: ", 4) != 0)
			continue;
		for (at += 4; at < text->end && isdigit(s->at[at]); at++)
			id = id * 10 + (s->at[at] - '0');
		if (id <= UINT16_MAX && s->n_ids < DAT_IDS_MOST)
			s->ids[s->n_ids++] = (uint16_t)id;
		return;
	}
}

static void formats(struct part *p)
{
	uint64_t systems = count(p, 4, SOME);

	while (systems-- && has(p, 1)) {
		uint64_t n;

		string(p);
		n = count(p, 4, 4 * SOME);
		while (n-- && has(p, 8)) {
			struct part text = sized(p, 8);

			take_format(p->s, &text);
		}
	}
}

/* An offset and a size, at AT: of a CPU's pages. */
static void lane(struct dat_shape *s, size_t at, size_t buffer, uint32_t pages)
{
	uint64_t offset, size;

	if (!(s->leave & DAT_LEAVE_PLACES)) {
		offset = dat_clip(s, at, 8, s->size);
		dat_clip(s, at + 8, 8, s->size - offset);
	}
	offset = dat_get(s, at, 8);
	size = dat_get(s, at + 8, 8);
	if (offset > s->size || size > s->size - offset || s->n_lanes == DAT_LANES_MOST)
		return;
	s->lanes[s->n_lanes].place = at;
	s->lanes[s->n_lanes].buffer = buffer;
	s->lanes[s->n_lanes++].page_size = pages;
}

/* Where an option says that a section is: makes it lie within the file. Returns 0 for none. */
static size_t place(struct part *option, size_t least)
{
	struct dat_shape *s = option->s;
	uint64_t at;

	if (!has(option, 8) || s->size < least)
		return 0;
	option->at += 8;
	if (!(s->leave & DAT_LEAVE_PLACES))
		dat_clip(s, option->at - 8, 8, s->size - least);
	at = dat_get(s, option->at - 8, 8);
	return at <= s->size - least ? (size_t)at : 0;
}

/* Version 6: options, then a word, then each CPU's place. DEEP: what an option has pointed to. */
static void buffer_6(struct part *p, uint64_t cpus, bool deep)
{
	struct dat_shape *s = p->s;
	size_t places[SOME], n = 0;

	if (has(p, 10) && memcmp(s->at + p->at, "flyrecord", 10) != 0) {
		word(p, "options  ", 10);
		while (number(p, 2)) {
			uint64_t id = dat_get(s, p->at - 2, 2);
			struct part option = sized(p, 4);
			size_t at = id == BUFFER ? place(&option, 10) : 0;

			if (at && n < SOME)
				places[n++] = at;
		}
	}
	if (has(p, 10) && memcmp(s->at + p->at, "latency  ", 10) == 0)
		return;
	word(p, "flyrecord", 10);
	for (; cpus && has(p, 16); cpus--, p->at += 16)
		lane(s, p->at, 0, s->page_size);
	while (n-- && !deep) {
		struct part other = { s, places[n], s->size };

		buffer_6(&other, cpus, true);
	}
}

static void mend_6(struct dat_shape *s)
{
	struct part p = { s, 18, s->size };
	uint64_t n;

	header_page(&p);
	for (n = count(&p, 4, SOME); n && has(&p, 8); n--)
		(void)sized(&p, 8);
	formats(&p);
	(void)sized(&p, 4);
	(void)sized(&p, 4);
	(void)sized(&p, 8);
	n = count(&p, 4, SOME);
	buffer_6(&p, n, false);
}

/* The head of a section; returns its content, empty where it is compressed. */
static struct part section(struct dat_shape *s, size_t at, uint16_t id)
{
	struct part p = { s, at + 8, s->size }, content;

	if (!(s->leave & DAT_LEAVE_HEAD))
		dat_set(s, at, 2, id);
	content = sized(&p, 8);
	if (dat_get(s, at + 2, 2) & 1)
		content.end = content.at;
	return content;
}

static void buffer_7(struct part *option)
{
	struct dat_shape *s = option->s;
	size_t at = place(option, 16);
	uint32_t pages = s->page_size;
	uint64_t n;

	if (at < HEAD_7)
		return;
	if (!(s->leave & DAT_LEAVE_HEAD))
		dat_set(s, at, 2, BUFFER);
	string(option);
	string(option);
	if (has(option, 4))
		pages = page_size(s, option->at);
	(void)number(option, 4);
	for (n = count(option, 4, SOME); n && has(option, 20); n--, option->at += 20)
		lane(s, option->at + 4, at, pages);
}

static void options_7(struct part *p)
{
	struct dat_shape *s = p->s;

	while (has(p, 6)) {
		uint64_t id = number(p, 2);
		struct part option = sized(p, 4), inner;
		size_t at;

		if (!id)
			return;
		if (id == BUFFER)
			buffer_7(&option);
		if (id != HEADER_INFO && id != EVENT_FORMATS && id != CMDLINES)
			continue;
		at = place(&option, 16);
		if (!at)
			continue;
		inner = section(s, at, (uint16_t)id);
		if (id == HEADER_INFO)
			header_page(&inner);
		else if (id == EVENT_FORMATS)
			formats(&inner);
		else
			(void)sized(&inner, 8);
	}
}

static void mend_7(struct dat_shape *s)
{
	struct part p = { s, 18, s->size }, options;
	size_t at;

	s->zstd = has(&p, 5) && memcmp(s->at + p.at, "zstd", 5) == 0;
	if (s->zstd)
		string(&p);
	else
		word(&p, "none", 5);
	string(&p);
	at = place(&p, 16);
	/* What begins in the head would be changed with it. */
	if (at < HEAD_7)
		return;
	options = section(s, at, 0);
	options_7(&options);
}

void dat_mend(struct dat_shape *s)
{
	s->n_ids = s->n_lanes = 0;
	s->zstd = false;
	if (s->size < 64) {
		memset(s->at + s->size, 0, 64 - s->size);
		s->size = 64;
	}
	memcpy(s->at, "\x17\x08\x44tracing", 10);
	if (!(s->leave & DAT_LEAVE_HEAD)) {
		s->at[10] = s->at[10] == '7' ? '7' : '6';
		s->at[11] = s->at[12] = 0;
	}
	s->version = s->at[10] == '7' ? 7 : 6;
	s->page_size = page_size(s, 14);
	if (s->version == 6)
		mend_6(s);
	else
		mend_7(s);
	for (size_t i = 0; i < s->n_lanes; i++) {
		size_t lane = s->lanes[i].place, buffer = s->lanes[i].buffer;
		uint64_t offset = dat_get(s, lane, 8), size = dat_get(s, lane + 8, 8);

		/* One that was mended before may have changed it. */
		if (offset > s->size || size > s->size - offset)
			continue;
		if (!buffer || !(dat_get(s, buffer + 2, 2) & 1))
			dat_mend_pages(s, (size_t)offset, (size_t)size, s->lanes[i].page_size);
	}
}
