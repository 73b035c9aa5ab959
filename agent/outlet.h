/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A file descriptor to which lines go through a buffer of bounded size, written by a thread of its own:
 * whoever does not read (a full pipe, a stopped terminal) never holds up the one who judges. Lines for
 * which there is no room are dropped whole and counted.
 */
#ifndef AGENT_OUTLET_H
#define AGENT_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct outlet;

/* Starts one for FD, which stays the caller's. Returns NULL where memory or threads are short. */
struct outlet *outlet_new(int fd, size_t room);

/* Takes one or more whole lines. Never waits. Returns false where they are dropped. */
bool outlet_put(struct outlet *outlet, const char *lines, size_t size);

struct outlet_state {
	uint64_t dropped; /* lines, also those that could not be written */
	int error;        /* errno of the last write that failed, 0: it went well */
};

void outlet_state(struct outlet *outlet, struct outlet_state *state);

/*
 * Waits until all is written, at most MS milliseconds, and frees OUTLET (NULL is allowed). What is then still
 * unread is lost; returns whether that is so.
 */
bool outlet_end(struct outlet *outlet, unsigned ms);

#endif
