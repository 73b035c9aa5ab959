/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables that programs and collector share: their sizes before they are made, what is in them afterwards. */
#ifndef COLLECTOR_TABLES_H
#define COLLECTOR_TABLES_H

#include "attach.h"

/* Sets sizes and settings in what was opened and is not yet loaded. Returns 0 or a negative errno. */
int tables_size(struct attached *attached, const struct collector_options *options);

/* Makes the rings, maps the counters, names the cgroup. Returns 0, or a negative errno with *ERROR or NULL in it. */
int tables_fill(struct attached *attached, const struct collector_options *options, char **error);

void tables_free(struct attached *attached);

/*
 * Opens the folder of a cgroup of version 2. Returns a descriptor, or a negative errno with *ERROR (to be freed): what
 * PATH is not, and what it should be.
 */
int tables_open_cgroup(const char *path, char **error);

#endif
