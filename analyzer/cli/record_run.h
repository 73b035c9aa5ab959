/* SPDX-License-Identifier: BSD-2-Clause */
/* Recording: from the collector into a trace, around a command or until a signal. */
#ifndef CLI_RECORD_RUN_H
#define CLI_RECORD_RUN_H

#include <stdbool.h>
#include <stdint.h>
#include "collector/collector.h"
#include "collector/pt.h"

struct record_options {
	const char *path;
	uint64_t max_size; /* bytes; 0: one file without a limit */
	double duration;   /* seconds; 0: none */
	bool wait, keep_rights;
	struct collector_options collector;
	bool pt; /* Intel PT too */
	struct pt_options pt_options;
	char **command; /* NULL: none */
};

/* Returns an exit status. */
int record_run(const struct record_options *options);

#endif
