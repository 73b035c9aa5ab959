/* SPDX-License-Identifier: BSD-2-Clause */
/* Intel PT in words: what a witness saw, and what PT was worth. */
#ifndef REPORT_WITNESS_H
#define REPORT_WITNESS_H

#include <reblock/audit.h>

#define WITNESS_TEXT_MAX 256

/* What a record of kind witness shows, as one clause, to TEXT; returns TEXT. */
const char *witness_text(const struct reblock_record *r, char text[WITNESS_TEXT_MAX]);

/*
 * What Intel PT gave of a vCPU, or of the sum of many: calls LINE with each of some plain lines. None where there
 * was no witness.
 */
void witness_lines(const struct reblock_summary *s, void (*line)(void *context, const char *text),
		   void *context);

#endif
