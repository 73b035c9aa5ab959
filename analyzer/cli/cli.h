/* SPDX-License-Identifier: BSD-2-Clause */
/* What the subcommands share. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <reblock/audit.h>
#include <reblock/input.h>

#ifndef REBLOCK_VERSION
#define REBLOCK_VERSION "0"
#endif

enum cli_status { CLI_OK = 0, CLI_FOUND = 1, CLI_ERROR = 2, CLI_INCOMPLETE = 3 };

/* Each takes what follows "reblock", its own name first, and returns an exit status. */
int cli_audit(int argc, char **argv);
int cli_explain(int argc, char **argv);
int cli_convert(int argc, char **argv);
int cli_watch(int argc, char **argv);
int cli_record(int argc, char **argv);
int cli_doctor(int argc, char **argv);
int cli_policies(int argc, char **argv);

/* One line on standard error, which begins with "reblock COMMAND: ". */
__attribute__((format(printf, 2, 3))) void cli_say(const char *command, const char *format, ...);

/* Says what is wrong with the option that getopt_long answered with C ('?' or ':'). Returns CLI_ERROR. */
int cli_bad_option(const char *command, int c, char **argv);

/* Reads "auto", "always" or "never". Returns false for any other word. */
bool cli_colour(const char *word, FILE *out, bool *colour);

/* Reads "on" or "off". Returns false for any other word. */
bool cli_vnmi(const char *word, enum reblock_vnmi *vnmi);

/*
 * What stands in for the pin-based controls of an input: what was ASKED for, else KVM's default for the
 * formats that only KVM's tracepoints fill and that cannot carry them.
 */
enum reblock_vnmi cli_vnmi_for(const struct reblock_input *input, enum reblock_vnmi asked);

/* Reads a whole decimal number of at most MOST. */
bool cli_number(const char *text, uint64_t most, uint64_t *value);

/* Reads a number of at least 1 and at most MOST, with K, M or G for 1024, its square or its cube. */
bool cli_size(const char *text, uint64_t most, uint64_t *value);

/* Flushes OUT; where anything written to it is lost, says so and returns CLI_ERROR, else STATUS. */
int cli_finish(const char *command, FILE *out, int status);

/*
 * Damages of an input: told on standard error, the first of them one by one, then their number
 * alone.
 */
struct cli_damages {
	const char *command;
	const char *path;
	uint64_t met;
	struct cli_progress *progress; /* may be NULL */
};

void cli_damage(void *context, const char *message);
void cli_damages_end(const struct cli_damages *d);

/* A progress bar on standard error, shown for long inputs on terminals only. */
struct cli_progress {
	bool on, shown;
	uint64_t started, last; /* ns */
	const char *path;
};

void cli_progress_begin(struct cli_progress *p, const char *path);
void cli_progress(struct cli_progress *p, const struct reblock_input *input);
void cli_progress_clear(struct cli_progress *p); /* before other output */

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t cli_now(void);

#endif
