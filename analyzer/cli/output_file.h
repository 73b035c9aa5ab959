/* SPDX-License-Identifier: BSD-2-Clause */
/* A file that is there whole or not at all: written under another name, renamed at the end. */
#ifndef CLI_OUTPUT_FILE_H
#define CLI_OUTPUT_FILE_H

#include <stdbool.h>
#include <stdio.h>

struct output_file {
	FILE *out;
	const char *command, *path; /* for messages; must outlive it */
	char *target, *temporary;
};

/* Starts PATH; on an error, says it and returns false. What is no regular file is not replaced. */
bool output_file_begin(struct output_file *f, const char *command, const char *path);

/* Puts the file in its place. On an error, says it, removes what was written and returns false. */
bool output_file_end(struct output_file *f);

/* Removes what was written; to be called in place of output_file_end. */
void output_file_drop(struct output_file *f);

#endif
