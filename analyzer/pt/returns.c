/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "pt/packet.h"
#include "pt/returns.h"

enum { TNT_LONG = 8, TNT_SHORT_MOST = 6 };

static void push(struct pt_calls *c, uint64_t next)
{
	c->top = (c->top + 1) % PT_CALLS_MOST;
	c->next[c->top] = next;
	if (c->n < PT_CALLS_MOST)
		c->n++;
}

static bool pop(struct pt_calls *c, uint64_t *next)
{
	if (!c->n)
		return false;
	*next = c->next[c->top];
	c->top = (c->top + PT_CALLS_MOST - 1) % PT_CALLS_MOST;
	c->n--;
	return true;
}

void pt_returns_begin(struct pt_returns *r, uint8_t *bytes, size_t size, size_t at)
{
	memset(r, 0, sizeof(*r));
	r->bytes = bytes;
	r->size = size;
	r->at = at;
}

void pt_returns_event(struct pt_returns *r, size_t at)
{
	r->at = at;
	r->n_bits = 0;
	r->astray = false;
}

/* The kind of the next packet of a branch. */
static enum pt_kind next_packet(struct pt_returns *r, int *length)
{
	enum pt_kind kind = PT_KIND_PAD;

	while (r->at < r->size) {
		*length = pt_packet_at(r->bytes + r->at, r->size - r->at, &kind);
		if (*length <= 0)
			return PT_KIND_PAD;
		if (kind != PT_KIND_MODE && kind != PT_KIND_PAD)
			return kind;
		r->at += (size_t)*length;
	}
	return PT_KIND_PAD;
}

/* Takes a bit of TNT, if one is there. */
static bool take_bit(struct pt_returns *r)
{
	int length = 0;

	if (!r->n_bits) {
		const uint8_t *at;
		uint64_t payload;

		if (next_packet(r, &length) != PT_KIND_TNT)
			return false;
		at = r->bytes + r->at;
		payload = length == TNT_LONG ? pt_number(at + 2, 6) : at[0] >> 1;
		if (payload < 2)
			return false;
		/* The highest bit that is set ends them. */
		while (payload >> (r->n_bits + 1))
			r->n_bits++;
		r->bits = payload;
		r->at += (size_t)length;
	}
	r->n_bits--;
	return true;
}

void pt_returns_branch(struct pt_returns *r)
{
	r->astray |= !take_bit(r);
}

void pt_returns_tip(struct pt_returns *r)
{
	int length = 0;

	/* It may come before bits that are not used up, too: they stay (SDM, "Deferred TIPs"). */
	if (next_packet(r, &length) == PT_KIND_TIP)
		r->at += (size_t)length;
	else
		r->astray = true;
}

void pt_returns_call(struct pt_returns *r, uint64_t next)
{
	push(&r->calls, next);
	push(&r->theirs, next);
}

void pt_returns_forget(struct pt_returns *r)
{
	r->calls.n = 0;
	r->astray = true;
}

enum pt_return pt_returns_ret(struct pt_returns *r, uint64_t *to)
{
	uint64_t theirs = 0;
	bool known, same;

	if (r->astray)
		return PT_RETURNS_LOST;
	/* One that is not compressed is not deferred: no bit is left before its TIP. */
	if (!take_bit(r)) {
		pt_returns_tip(r);
		pop(&r->calls, to);
		return PT_RETURNS;
	}
	known = pop(&r->calls, to);
	same = pop(&r->theirs, &theirs) && known && theirs == *to;
	return !known ? PT_RETURNS_LOST : same ? PT_RETURNS : PT_RETURNS_TO;
}

size_t pt_returns_anew(struct pt_returns *r)
{
	uint64_t payload = 1ull << r->n_bits | (r->bits & ((1ull << r->n_bits) - 1));
	size_t at = r->at;

	memset(&r->theirs, 0, sizeof(r->theirs));
	if (r->n_bits > TNT_SHORT_MOST) {
		at -= TNT_LONG;
		r->bytes[at] = 0x02;
		r->bytes[at + 1] = 0xa3;
		for (unsigned i = 0; i < 6; i++)
			r->bytes[at + 2 + i] = (uint8_t)(payload >> 8 * i);
	} else if (r->n_bits) {
		r->bytes[--at] = (uint8_t)(payload << 1);
	}
	r->at = at;
	r->n_bits = 0;
	return at;
}
