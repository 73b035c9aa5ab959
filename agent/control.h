/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The control socket: a line comes ("detach", "status"), text goes back, and last a line "ok" or "error". The judging
 * thread serves it in between, without waiting for anybody.
 */
#ifndef AGENT_CONTROL_H
#define AGENT_CONTROL_H

#include <stddef.h>
#include <stdio.h>

struct control;

/* Does COMMAND, writes the answer to OUT; returns 0 or a negative errno. */
typedef int control_fn(void *context, const char *command, FILE *out);

/*
 * Listens at PATH, mode 0600; what a killed agent left there is replaced. Returns 0, or a negative errno with *ERROR (to be
 * freed) a plain sentence: -EADDRINUSE where an agent answers there, -ENAMETOOLONG, others of bind(2).
 */
int control_begin(const char *path, control_fn *run, void *context, struct control **control,
		  char **error);

/* Serves who is there; never waits. */
void control_serve(struct control *control);

void control_end(struct control *control); /* NULL is allowed */

/*
 * The other side: sends COMMAND to the agent at PATH and prints its answer to OUT. Returns 0 or a negative errno: -ENOENT
 * and -ECONNREFUSED where no agent is there, -ETIMEDOUT where it does not answer, -EREMOTEIO where it says that it
 * could not.
 */
int control_ask(const char *path, const char *command, FILE *out);

/* Where the socket is if nothing else is said: below $RUNTIME_DIRECTORY, else /run/reblock. */
const char *control_default(char *path, size_t size);

#endif
