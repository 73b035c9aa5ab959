/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decodes queues, each a few parts ahead of whoever takes their events, by several threads. What comes out of a queue
 * does not depend on their number.
 */
#ifndef PT_AHEAD_H
#define PT_AHEAD_H

#include "pt/event.h"
#include "pt/queue.h"
#include "pt/stream.h"

#define PT_JOBS_MOST 16

struct pt_ahead;

/*
 * For the N QUEUES, which stay the caller's. JOBS threads decode, at most PT_JOBS_MOST: one of them is the calling one, which
 * decodes while what it needs is in another's hands; 0 and 1: that one alone. Returns 0, -ENOMEM, or -EAGAIN: a thread could not be started; *AHEAD is to be ended by
 * pt_ahead_free even then, or NULL.
 */
int pt_ahead_new(const struct pt_queue *queues, size_t n, unsigned jobs, struct pt_ahead **ahead);

/*
 * Gives the next event of a queue; where bytes are missing, a PT_EVENT_GAP. What a snapshot repeats is passed over.
 * Returns 1 and sets *EVENT, valid until the next call for that queue; 0 at the end; -ENOMEM, -ENOTSUP.
 */
int pt_ahead_next(struct pt_ahead *ahead, size_t queue, const struct pt_event **event);

/* What was met in all queues so far. */
void pt_ahead_counts(const struct pt_ahead *ahead, struct pt_counts *counts);

/* Bytes decoded so far, of all queues. */
uint64_t pt_ahead_done(const struct pt_ahead *ahead);

void pt_ahead_free(struct pt_ahead *ahead); /* NULL is allowed */

#endif
