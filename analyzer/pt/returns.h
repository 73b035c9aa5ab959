/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Near returns, as the SDM has them ("RET Compression"): each near CALL but one to the next instruction puts what follows it on
 * a stack of 64, and each near RET takes the top off, whether it leads there or not. Where it does, the processor may leave out
 * its TIP and add a taken branch to TNT: the RET is compressed.
 *
 * libipt takes nothing off for a RET that has its TIP, so its stack is another one after each RET that leads elsewhere, as
 * those of retpolines and of a switch to another task do. Here both are kept, beside the packets that were used up, so that
 * it is known when it is wrong, and from where to go on.
 */
#ifndef PT_RETURNS_H
#define PT_RETURNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PT_CALLS_MOST 64

struct pt_calls {
	uint64_t next[PT_CALLS_MOST]; /* a ring: what is too much pushes the oldest out */
	unsigned top, n;
};

struct pt_returns {
	uint8_t *bytes; /* the packets of a run (pt/follow.h) */
	size_t size;
	size_t at;     /* the first that is not used up */
	uint64_t bits; /* of TNT, not used up, the oldest highest */
	unsigned n_bits;
	bool astray; /* up to the next event it is not known which packet is next */
	struct pt_calls calls, theirs; /* of the processor; of libipt */
};

/* Begins with the packets at AT of the SIZE BYTES, and without calls. */
void pt_returns_begin(struct pt_returns *r, uint8_t *bytes, size_t size, size_t at);

/* The packets of an event were taken: AT is behind them. */
void pt_returns_event(struct pt_returns *r, size_t at);

/* A conditional branch took a bit, another branch a TIP. */
void pt_returns_branch(struct pt_returns *r);
void pt_returns_tip(struct pt_returns *r);

/* A near CALL, with NEXT the instruction behind it, ran. */
void pt_returns_call(struct pt_returns *r, uint64_t next);

/* A CALL ran of which that is not known: all before it are of no use. */
void pt_returns_forget(struct pt_returns *r);

enum pt_return {
	PT_RETURNS,      /* libipt knows where it leads */
	PT_RETURNS_TO,   /* it does not: to *TO */
	PT_RETURNS_LOST, /* it is compressed, and its call is not known */
};

/* A near RET ran. */
enum pt_return pt_returns_ret(struct pt_returns *r, uint64_t *to);

/*
 * Writes what is left of a TNT before the packets that are not used up, where it was. Returns where they begin then. libipt, begun
 * anew there, knows of no call.
 */
size_t pt_returns_anew(struct pt_returns *r);

#endif
