/* SPDX-License-Identifier: BSD-2-Clause */
/* JSON Lines as records: a line that is not right is one damage and one lost record. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <reblock/json.h>
#include "input/reader.h"

/* Records given at once: few enough that a slow pipe is seen in time. */
#define BATCH 512

struct line {
	const char *text;
	size_t size;  /* without the newline */
	size_t bytes; /* with it; what to skip when done */
	bool last;    /* no newline: the input ended in it */
	bool too_long;
};

/*
 * Looks at the next line that is not blank. Returns 1, 0 at the end, or a negative errno. A line that
 * is too long is passed up to its newline, and its text is its beginning.
 */
static int peek_line(struct reblock_input *in, struct line *l)
{
	struct bytes *b = &in->bytes;
	size_t looked = 0;
	bool skipped = false;

	for (;;) {
		const char *newline = memchr(b->data + looked, '\n', b->size - looked);
		size_t size = newline ? (size_t)(newline - (const char *)b->data) : b->size;
		int err;

		if (!newline && !b->ended && size <= REBLOCK_JSON_LINE_MAX) {
			looked = b->size;
			err = bytes_more(b);
			if (err)
				return err;
			continue;
		}
		if (!newline && !b->ended) {
			/* Keep a byte, so that the line is seen to have something in it. */
			bytes_skip(b, b->size - 1);
			looked = 0;
			skipped = true;
			err = bytes_more(b);
			if (err)
				return err;
			continue;
		}
		l->text = (const char *)b->data;
		l->size = size;
		l->bytes = newline ? size + 1 : size;
		l->last = !newline;
		l->too_long = skipped || size > REBLOCK_JSON_LINE_MAX;
		if (!l->bytes)
			return 0;
		in->line++;
		while (l->size && isspace((unsigned char)*l->text)) {
			l->text++;
			l->size--;
		}
		if (l->size)
			return 1;
		bytes_skip(b, l->bytes);
		looked = 0;
	}
}

/* One line to *R. Returns 1 if it gave a record (perhaps a lost one), 0 if not, or a negative errno. */
static int take_line(struct reblock_input *in, const struct line *l, struct reblock_record *r)
{
	struct reblock_source source;
	char why[256];
	int what;

	if (l->too_long) {
		reader_damage(in, "line %" PRIu64 ": longer than %d bytes; skipped", in->line,
			      REBLOCK_JSON_LINE_MAX);
		reader_lost(r, 1);
		return 1;
	}
	what = reblock_json_parse(l->text, l->size, r, &source, why, sizeof(why));
	if (what == -ENOMEM)
		return what;
	if (what == REBLOCK_JSON_IS_RECORD)
		return 1;
	if (what == REBLOCK_JSON_IS_SOURCE && !in->described) {
		in->source = source;
		in->described = true;
		return 0;
	}
	if (what == REBLOCK_JSON_IS_SOURCE)
		reader_damage(in,
			      "line %" PRIu64
			      ": a description of the source is taken only once and before "
			      "all records; ignored, and what is known of each vCPU is dropped",
			      in->line);
	else
		reader_damage(in, "line %" PRIu64 ": %s%s; skipped", in->line, why,
			      l->last ? " (the input ends in this line: it may be cut off)" : "");
	reader_lost(r, 1);
	if (what == REBLOCK_JSON_IS_SOURCE)
		reader_lost(r, UINT64_MAX);
	return 1;
}

/* The description stands before the records; lines that are not right may stand before it. */
int json_open(struct reblock_input *in)
{
	struct line l = { .size = 0 };
	int got = reader_room(in);

	while (!got && in->n_own < BATCH) {
		uint64_t damages = in->damages;

		got = peek_line(in, &l);
		if (got <= 0)
			return got;
		got = take_line(in, &l, &in->own[in->n_own]);
		if (got < 0)
			return got;
		bytes_skip(&in->bytes, l.bytes);
		in->n_own += (size_t)got;
		/* Met the description, or a record: from here on none is taken. */
		if (!got || in->damages == damages)
			break;
		got = 0;
	}
	in->described = true;
	return got < 0 ? got : 0;
}

long json_next(struct reblock_input *in, const struct reblock_record **records)
{
	size_t n = in->n_own;
	struct line l = { .size = 0 };

	in->n_own = 0;
	/* With something in hand, do not wait on a pipe for more. */
	while (n < BATCH &&
	       (!n || in->bytes.ended || memchr(in->bytes.data, '\n', in->bytes.size))) {
		int got = peek_line(in, &l);

		if (!got)
			break;
		if (got > 0)
			got = take_line(in, &l, &in->own[n]);
		if (got < 0)
			return got;
		bytes_skip(&in->bytes, l.bytes);
		n += (size_t)got;
	}
	*records = in->own;
	return (long)n;
}
