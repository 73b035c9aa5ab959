/* SPDX-License-Identifier: BSD-2-Clause */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "pt/sieve_out.h"

int pt_sieve_more_room(struct pt_sieve *s)
{
	size_t room;
	void *more;

	if (s->room - s->size < PT_KEPT_ROOM) {
		room = s->room ? 2 * s->room : 4096;
		more = realloc(s->out, room);
		if (!more)
			return -ENOMEM;
		s->out = more;
		s->room = room;
	}
	if (s->n == s->marks_room) {
		room = s->marks_room ? 2 * s->marks_room : 64;
		more = realloc(s->marks, room * sizeof(*s->marks));
		if (!more)
			return -ENOMEM;
		s->marks = more;
		s->marks_room = room;
	}
	return 0;
}

void pt_put(struct pt_sieve *s, const void *bytes, size_t size)
{
	memcpy(s->out + s->size, bytes, size);
	s->size += size;
}

void pt_put_number(struct pt_sieve *s, uint64_t number, unsigned size)
{
	uint64_t bytes = htole64(number);

	/* All 8: there is room. */
	memcpy(s->out + s->size, &bytes, sizeof(bytes));
	s->size += size;
}

void pt_mark_time(struct pt_sieve *s, struct pt_mark *mark)
{
	if (!s->time.known)
		return;
	mark->tsc = pt_time_now(&s->time, s->config);
	mark->packet = s->time.packet;
	mark->packet_counted = pt_time_counted(s->time.packet_crystal, s->config);
	mark->counted = pt_time_counted(s->time.crystal, s->config);
	mark->guest = s->time.guest;
	mark->at_mtc = s->time.at_mtc;
	mark->has |= PT_HAS_TSC;
}

struct pt_mark *pt_put_mark(struct pt_sieve *s, uint64_t offset)
{
	struct pt_mark *mark = &s->marks[s->n];

	s->out[s->size++] = 0x19; /* TSC */
	pt_put_number(s, s->n++, 7);
	*mark = (struct pt_mark){ .offset = offset };
	pt_mark_time(s, mark);
	s->began = offset;
	return mark;
}

/* Whether a packet of KIND goes on with what the last kept one began, and needs no mark of its own. */
static bool goes_on(const struct pt_sieve *s, enum pt_kind kind)
{
	if (s->state == PT_SIEVE_PSB)
		return true;
	if (s->tnt)
		return s->fup;
	switch (s->last) {
	case PT_KIND_CFE:
		return kind != PT_KIND_CFE && kind != PT_KIND_OVF;
	case PT_KIND_FUP:
	case PT_KIND_PIP:
	case PT_KIND_VMCS:
		return kind == PT_KIND_PIP || kind == PT_KIND_VMCS || kind == PT_KIND_TIP ||
		       kind == PT_KIND_TIP_PGE || kind == PT_KIND_TIP_PGD;
	case PT_KIND_OVF:
		return kind == PT_KIND_FUP;
	default:
		return false;
	}
}

static void keep_head(struct pt_sieve *s, enum pt_kind kind, uint64_t offset)
{
	if (!goes_on(s, kind))
		pt_put_mark(s, offset);
	s->last = (uint8_t)kind;
	s->tnt = false;
	s->open = true;
	s->kept++;
}

void pt_keep(struct pt_sieve *s, enum pt_kind kind, uint64_t offset, const uint8_t *at, int length)
{
	keep_head(s, kind, offset);
	pt_put(s, at, (size_t)length);
}

void pt_keep_address(struct pt_sieve *s, enum pt_kind kind, uint64_t offset, const uint8_t *at)
{
	keep_head(s, kind, offset);
	s->out[s->size++] = (at[0] & 0x1f) | (pt_has_address(at) ? 6 << 5 : 0);
	if (pt_has_address(at))
		pt_put_number(s, s->ip, 8);
}

void pt_sieve_free(struct pt_sieve *s)
{
	free(s->out);
	free(s->marks);
}
