/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The folder of evidence files: each a trace of its own that reblock audit reads, there whole or not at all. The folder
 * is bounded: the oldest evidence goes first. Nothing is removed whose name this program does not give.
 */
#ifndef AGENT_EVIDENCE_H
#define AGENT_EVIDENCE_H

#include <stdint.h>
#include "agent/capture.h"

struct evidence;

/*
 * Opens folder PATH, made with mode 0700 if it is not there, removes what a killed agent left unfinished, and brings it
 * down to MOST bytes. Returns 0 with *EVIDENCE, to be closed by evidence_close; or a negative errno with *ERROR (to be
 * freed) a plain sentence: -EBUSY where another agent has it, others of mkdir(2), open(2).
 */
int evidence_open(const char *path, uint64_t most, struct evidence **evidence, char **error);

/*
 * Writes CAPTURE to a new file. Where it returns 0, the file and its name are on the disk, and *FILE (to be freed) is
 * its path; else a negative errno, -ENOSPC and -EDQUOT among them, and nothing of it is left.
 */
int evidence_write(struct evidence *evidence, const struct capture *capture, char **file);

/* Size of the evidence files in the folder. Any thread may ask. */
uint64_t evidence_bytes(const struct evidence *evidence);

/* How large a file with so many records can get. */
uint64_t evidence_file_size(uint64_t records);

void evidence_close(struct evidence *evidence); /* NULL is allowed */

#endif
