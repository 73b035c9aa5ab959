/* SPDX-License-Identifier: BSD-2-Clause */
/* Finds a record in a file with the exit and the entry it belongs to, and the findings that rest on it. */
#ifndef CLI_EXPLAIN_FILE_H
#define CLI_EXPLAIN_FILE_H

#include <reblock/source.h>
#include "cli/pt_options.h"
#include "report/explain.h"

struct explain_file {
	const char *path;
	uint64_t number;
	enum reblock_vnmi vnmi;
	const struct cli_pt *pt; /* as the audit had it: the numbers count what Intel PT shows */
	/* What was found. */
	struct reblock_record wanted; /* record NUMBER */
	bool has_exit;                /* explain.exit is the exit that it is, or belongs to */
	struct reblock_source source;
	struct explain explain;
};

/* Reads the file (twice). Returns false after saying on standard error what is wrong. */
bool explain_file_read(struct explain_file *x);

#endif
