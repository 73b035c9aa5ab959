/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A queue in parts that can be decoded apart: cut where a PSB is, or where bytes are missing. Where it is cut
 * depends on the bytes alone.
 */
#ifndef PT_CUT_H
#define PT_CUT_H

#include <stdbool.h>
#include "pt/queue.h"

struct pt_part {
	const uint8_t *bytes;
	size_t size;
	bool gap;     /* bytes are missing before it */
	bool again;   /* with GAP: it may begin with what parts before it held already */
	bool bad;     /* it stands for bytes that could not be unpacked, and has none */
	uint8_t *own; /* BYTES are a copy, to be freed; else NULL */
};

struct pt_cutter {
	const struct pt_queue *queue;
	size_t piece, at; /* the next byte */
	bool gap, again;  /* of the next part */
	uint8_t *loaded;  /* the bytes of that piece, where they had to be loaded; else NULL */
	size_t loaded_piece;
};

/* Takes the next part. Returns 1, 0 at the end, or -ENOMEM. */
int pt_cut_next(struct pt_cutter *c, struct pt_part *part);

void pt_cut_end(struct pt_cutter *c);

#endif
