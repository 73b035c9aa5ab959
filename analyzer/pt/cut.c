/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "pt/cut.h"
#include "pt/split.h"

/* A part has about so many bytes: enough that beginning it costs little, few enough to share them out. */
#define PART ((size_t)1 << 16)
/* The most bytes that are put together from several pieces; PSBs are 64 MiB apart at most, and usually 2 KiB. */
#define JOINED_MOST ((size_t)1 << 24)

static const struct pt_piece *piece_at(const struct pt_cutter *c, size_t i)
{
	return &c->queue->pieces[i];
}

/* Whether the first byte of piece I follows the last one of the piece before it. */
static bool continues(const struct pt_cutter *c, size_t i)
{
	return i > 0 && i < c->queue->n_pieces &&
	       !(piece_at(c, i)->flags & (PT_PIECE_GAP | PT_PIECE_OVERWRITE)) &&
	       !(piece_at(c, i - 1)->flags & PT_PIECE_TRUNCATED);
}

/* The bytes of piece I. Returns 0, or what the queue's load returned. */
static int load(struct pt_cutter *c, size_t i, const uint8_t **bytes)
{
	const struct pt_piece *p = piece_at(c, i);
	int err;

	*bytes = p->bytes;
	if (p->bytes || !p->size)
		return 0;
	if (c->loaded && c->loaded_piece == i) {
		*bytes = c->loaded;
		return 0;
	}
	free(c->loaded);
	c->loaded = NULL;
	if (!c->queue->load || p->size > PT_LOAD_MOST)
		return -EBADMSG;
	c->loaded = malloc(p->size);
	if (!c->loaded)
		return -ENOMEM;
	c->loaded_piece = i;
	err = c->queue->load(c->queue->context, p, c->loaded);
	if (err) {
		free(c->loaded);
		c->loaded = NULL;
	}
	*bytes = c->loaded;
	return err;
}

static void next_piece(struct pt_cutter *c)
{
	c->piece++;
	c->at = 0;
	if (c->piece < c->queue->n_pieces && !continues(c, c->piece)) {
		c->gap = true;
		c->again = piece_at(c, c->piece)->flags & PT_PIECE_OVERWRITE;
	}
}

/* Takes the bytes up to END of the piece at BYTES. */
static int take(struct pt_cutter *c, const uint8_t *bytes, size_t end, struct pt_part *part)
{
	part->bytes = bytes + c->at;
	part->size = end - c->at;
	if (bytes == c->loaded) {
		part->own = malloc(part->size);
		if (!part->own)
			return -ENOMEM;
		memcpy(part->own, part->bytes, part->size);
		part->bytes = part->own;
	}
	part->gap = c->gap;
	part->again = c->again;
	c->gap = c->again = false;
	c->at = end;
	return 1;
}

/*
 * The first PSB at FROM or behind it, which lies behind BEGIN, where the part begins; SIZE where there is none. PSBs that
 * touch each other look like one that begins at every second byte: they count from the first of them.
 */
static size_t next_psb(const uint8_t *bytes, size_t size, size_t begin, size_t from)
{
	for (;;) {
		size_t at = pt_split(bytes, size, from), first = at;

		if (at == size)
			return size;
		while (first - begin >= 2 && bytes[first - 2] == 0x02 && bytes[first - 1] == 0x82)
			first -= 2;
		from = first + (at - first + PT_PSB_SIZE - 1) / PT_PSB_SIZE * PT_PSB_SIZE;
		if (from == at || pt_split(bytes, size, from) == from)
			return from;
	}
}

/* The last PSB behind BEGIN in SIZE bytes; SIZE where there is none. */
static size_t last_psb(const uint8_t *bytes, size_t size, size_t begin)
{
	size_t last = size, from = begin, at;

	while ((at = next_psb(bytes, size, from, from + 1)) < size)
		last = from = at;
	return last;
}

struct joined {
	uint8_t *bytes;
	size_t size, room;
};

static int append(struct joined *j, const uint8_t *bytes, size_t size)
{
	if (!j->bytes || j->room - j->size < size) {
		size_t room = j->size + size + j->size / 2;
		uint8_t *larger = realloc(j->bytes, room);

		if (!larger)
			return -ENOMEM;
		j->bytes = larger;
		j->room = room;
	}
	memcpy(j->bytes + j->size, bytes, size);
	j->size += size;
	return 0;
}

/* Goes back by N bytes, over as many pieces as that takes. */
static void go_back(struct pt_cutter *c, size_t n)
{
	while (n > c->at) {
		n -= c->at;
		c->piece--;
		c->at = piece_at(c, c->piece)->size;
	}
	c->at -= n;
}

/*
 * Puts a part together from the rest of this piece, which has no PSB but perhaps at its beginning, and those that
 * continue it, up to the next PSB.
 */
static int join(struct pt_cutter *c, struct pt_part *part)
{
	struct joined j = { NULL, 0, 0 };
	size_t found = 0;
	int err = 0;

	while (!err && j.size < JOINED_MOST) {
		const uint8_t *bytes;
		size_t some, from = j.size > PT_PSB_SIZE ? j.size - PT_PSB_SIZE + 1 : 1;

		if (c->at == piece_at(c, c->piece)->size) {
			if (!continues(c, c->piece + 1))
				break;
			next_piece(c);
			continue;
		}
		err = load(c, c->piece, &bytes);
		if (err)
			break;
		some = piece_at(c, c->piece)->size - c->at;
		some = some < PART ? some : PART;
		err = append(&j, bytes + c->at, some);
		c->at += some;
		found = err ? 0 : next_psb(j.bytes, j.size, 0, from);
		if (found && found < j.size)
			break;
	}
	if (err == -EBADMSG && j.size)
		err = 0; /* the piece that cannot be loaded is met again, at its beginning */
	if (err) {
		free(j.bytes);
		return err;
	}
	if (found && found < j.size) {
		go_back(c, j.size - found);
		j.size = found;
	}
	part->bytes = part->own = j.bytes;
	part->size = j.size;
	part->gap = c->gap;
	part->again = c->again;
	c->gap = c->again = false;
	return 1;
}

int pt_cut_next(struct pt_cutter *c, struct pt_part *part)
{
	memset(part, 0, sizeof(*part));
	while (c->piece < c->queue->n_pieces) {
		size_t size = piece_at(c, c->piece)->size, end;
		const uint8_t *bytes;
		int err;

		if (c->at >= size) {
			next_piece(c);
			continue;
		}
		err = load(c, c->piece, &bytes);
		if (err == -EBADMSG) {
			part->gap = part->bad = true;
			c->at = size;
			c->gap = true;
			return 1;
		}
		if (err)
			return err;
		end = size - c->at > PART ? next_psb(bytes, size, c->at, c->at + PART) : size;
		if (end == size && continues(c, c->piece + 1)) {
			/* What follows the last PSB of this piece goes on in the next. */
			end = last_psb(bytes, size, c->at);
			if (end == size)
				return join(c, part);
		}
		return take(c, bytes, end, part);
	}
	return 0;
}

void pt_cut_end(struct pt_cutter *c)
{
	free(c->loaded);
	c->loaded = NULL;
}
