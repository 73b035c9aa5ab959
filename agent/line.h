/* SPDX-License-Identifier: BSD-2-Clause */
/* A finding as the lines that go to standard output. */
#ifndef AGENT_LINE_H
#define AGENT_LINE_H

#include <stdbool.h>
#include "agent/capture.h"

struct line_style {
	bool json;
	const char *input; /* as JSON names it: the file, or "live" */
};

/*
 * Returns one line of JSON (as audit's, and some keys more) or two of text, with their newlines, to be freed by the
 * caller; NULL without memory. FILE is the evidence on the disk, with CAPTURE what is in it; or both are NULL.
 */
char *line_of(const struct line_style *style, const struct told *told, const char *file,
	      const struct capture *capture);

/* "2026-11-22T20:59:01.123Z" */
#define LINE_TIME_MOST 64
const char *line_time(const struct timespec *at, char text[LINE_TIME_MOST]);

#endif
