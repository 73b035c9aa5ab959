/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Puts evidence on the disk, then tells its findings: in a thread of its own, since a disk may be slow, full, or hang,
 * and judging must go on. At most WRITER_MOST captures wait; a finding for which there is no room is told at once,
 * without evidence.
 */
#ifndef AGENT_WRITER_H
#define AGENT_WRITER_H

#include <stdint.h>
#include "agent/capture.h"
#include "agent/line.h"

#define WRITER_MOST 64

struct evidence;
struct outlet;
struct writer;

struct writer_options {
	struct evidence *evidence; /* NULL: none is kept */
	struct outlet *outlet;     /* where findings are told */
	struct line_style style;
	bool patient; /* wait for the disk rather than tell without evidence: the records do not run away */
};

/* Returns NULL where memory or threads are short. What OPTIONS name must live as long. */
struct writer *writer_new(const struct writer_options *options);

/* Takes CAPTURE over. Never waits, unless it is patient. */
void writer_take(struct writer *writer, struct capture *capture);

/* Tells a finding without evidence, and frees it. MISSING: there should have been some. */
void writer_tell(struct writer *writer, struct told *told, bool missing);

/* Captures that wait, the one that is being written too. */
unsigned writer_waiting(struct writer *writer);

/* Findings told without the evidence that should have been kept. */
uint64_t writer_failures(struct writer *writer);

/*
 * Waits until all is written and told, at most MS milliseconds; returns whether it is, and frees WRITER (NULL is allowed)
 * then. Where it is not, the disk hangs: what WRITER was given must be left as it is.
 */
bool writer_end(struct writer *writer, unsigned ms);

#endif
