/* SPDX-License-Identifier: BSD-2-Clause */
/* The command around which something is recorded. */
#ifndef CLI_RECORD_COMMAND_H
#define CLI_RECORD_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

struct record_command {
	pid_t process; /* 0: none, or it has ended */
	int go;        /* closed: it goes on to the command; -1 */
	int status;    /* its exit status as a shell says it, once it has ended */
};

/*
 * Makes the process, which waits: so it has the caller's rights, which may be given up before it runs. Returns false
 * after saying why not.
 */
bool record_command_prepare(struct record_command *command, char **argv);

void record_command_start(struct record_command *command);

/* Whether it has ended by itself. */
bool record_command_ended(struct record_command *command);

/* One that still runs is asked to end, then made to; one that was not started yet goes without running. */
void record_command_end(struct record_command *command);

#endif
