/* SPDX-License-Identifier: BSD-2-Clause */
/* What the collector's own files share. */
#ifndef COLLECTOR_INTERNAL_H
#define COLLECTOR_INTERNAL_H

#include "attach.h"
#include "budget.h"
#include "collector.h"
#include "host.h"
#include "merge.h"
#include "silent.h"
#include "stream.h"

struct collector {
	struct host host;
	struct attached attached;
	struct merge merge;
	struct stream stream;
	struct budget_window budget;
	struct silent silent;
	struct reblock_source source;
	char *missing;
	char *silent_found, *silent_said; /* texts on points: not yet fetched, fetched */
	bool stopped;
};

/* Describes HOST and what ATTACHED records. */
void collector_describe(struct reblock_source *source, const struct host *host,
			const struct attached *attached);

/* printf to a string that the caller frees; NULL without memory. */
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Appends to the string *TEXT (NULL: empty), growing it. Without memory it stays as it was. */
void text_add(char **to, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
