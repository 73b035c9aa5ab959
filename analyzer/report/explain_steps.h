/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The decision diagram of one exit as data, for text and for pictures: what was asked, what the
 * answer was, and where it was read.
 */
#ifndef REPORT_EXPLAIN_STEPS_H
#define REPORT_EXPLAIN_STEPS_H

#include "report/decode.h"
#include "report/explain.h"

enum explain_node {
	EXPLAIN_NODE_FAILED,
	EXPLAIN_NODE_FIELD,
	EXPLAIN_NODE_CONTROLS,
	EXPLAIN_NODE_IDTV,
	EXPLAIN_NODE_DOUBLE_FAULT,
	EXPLAIN_NODE_BIT12,
	EXPLAIN_STEPS
};

struct explain_step {
	enum explain_node node;
	enum reblock_tri answer;
	const char *question,
		*then; /* static; then: what follows, NULL where nothing is to be said */
	char from[2 * DECODE_MAX];
};

/* "no", "yes" or "not known". */
const char *explain_answer(enum reblock_tri answer);

/*
 * The steps that were taken for the exit of E, of which U says the conditions; returns their
 * number. What they come to is explain_outcome.
 */
unsigned explain_steps(const struct explain *e, const struct reblock_unblock *u,
		       struct explain_step steps[EXPLAIN_STEPS]);

/* One sentence on what the processor said at that exit. */
const char *explain_outcome(const struct reblock_unblock *u);

/* What lies between exit and entry, one clause for each bit of enum reblock_between; NULL past the last. */
const char *explain_between(unsigned bit_number);

/* One line on what the VMM must do, or was seen to do. */
struct explain_line {
	const char *label; /* static */
	char text[2 * DECODE_MAX];
	bool important;
	enum reblock_tri as_required; /* REBLOCK_UNKNOWN: nothing to compare */
};
#define EXPLAIN_LINES 12

/*
 * Which row of the rules' section 2 decides, what it requires and what was seen; returns the number of
 * lines. Where E has no entry: what could be required.
 */
unsigned explain_required(const struct explain *e, const struct reblock_unblock *u,
			  struct explain_line lines[EXPLAIN_LINES]);

/* What the audit made of the unblock of E, which has a judgement; returns TEXT. */
const char *explain_judgement(const struct reblock_judgement *j, char text[DECODE_MAX]);

#endif
