/* SPDX-License-Identifier: BSD-2-Clause */
/* What the agent has to say to its operator: one line each on standard error. */
#ifndef AGENT_SAY_H
#define AGENT_SAY_H

struct outlet;

/* From now on lines go through OUTLET, so that nobody who does not read them can hold up the agent; NULL: directly. */
void say_through(struct outlet *outlet);

/* One line, which begins with "reblock watch: ". Any thread may. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Each line of TEXT as one; "": nothing. */
void say_lines(const char *text);

#endif
