/* SPDX-License-Identifier: BSD-2-Clause */
/* Within the sieve: how what is kept goes out. */
#ifndef PT_SIEVE_OUT_H
#define PT_SIEVE_OUT_H

#include "pt/packet.h"
#include "pt/sieve.h"

enum { PT_KEPT_ROOM = 64 }; /* more than one packet can take, with its mark and EVDs */

/* Makes room for one more packet: to be called before each. Returns 0 or -ENOMEM. */
int pt_sieve_more_room(struct pt_sieve *s);

static inline int pt_sieve_room(struct pt_sieve *s)
{
	if (s->room - s->size >= PT_KEPT_ROOM && s->n < s->marks_room)
		return 0;
	return pt_sieve_more_room(s);
}

void pt_put(struct pt_sieve *s, const void *bytes, size_t size);
void pt_put_number(struct pt_sieve *s, uint64_t number, unsigned size);

/* Gives MARK the time that it is, where that is known. */
void pt_mark_time(struct pt_sieve *s, struct pt_mark *mark);

/* Returns the mark of the packet at OFFSET that comes next. */
struct pt_mark *pt_put_mark(struct pt_sieve *s, uint64_t offset);

/* Keeps the packet of KIND that is at AT, and OFFSET in all bytes, with a mark where it begins something. */
void pt_keep(struct pt_sieve *s, enum pt_kind kind, uint64_t offset, const uint8_t *at, int length);

/* The same for FUP and TIP..., whose address is s->ip where it has one. */
void pt_keep_address(struct pt_sieve *s, enum pt_kind kind, uint64_t offset, const uint8_t *at);

static inline bool pt_has_address(const uint8_t *at)
{
	return at[0] >> 5;
}

/* Whether the packet at *AT, without those of time before it, is a FUP. */
bool pt_fup_follows(const uint8_t *at, const uint8_t *end);

/* Whether packets begin (TIP.PGE) with nothing before that needs them on: those of PSB+ and of time are passed over. */
bool pt_pge_follows(const uint8_t *at, const uint8_t *end);

/* EVD and CFE (pt/sieve_event.c): return whether they can come here. REST is what comes behind the CFE. */
bool pt_take_evd(struct pt_sieve *s, uint64_t offset, const uint8_t *at);
bool pt_take_cfe(struct pt_sieve *s, uint64_t offset, const uint8_t *at, const uint8_t *rest,
		 const uint8_t *end);

#endif
