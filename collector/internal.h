/* SPDX-License-Identifier: BSD-2-Clause */
/* What the collector's own files share. */
#ifndef COLLECTOR_INTERNAL_H
#define COLLECTOR_INTERNAL_H

#include "attach.h"
#include "collector.h"
#include "host.h"
#include "stream.h"

struct reblock_bpf;
struct ring_buffer;

struct collector {
	struct host host;
	struct attached attached;
	struct ring_buffer *ring;
	struct stream stream;
	struct reblock_source source;
	char *missing;
	bool stopped, verbose;
	unsigned budget; /* samples to take before the caller has its turn */
};

/* Describes HOST and what ATTACHED records. */
void collector_describe(struct reblock_source *source, const struct host *host,
			const struct attached *attached);

/* printf to a string that the caller frees; NULL without memory. */
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Appends to the string *TEXT (NULL: empty), growing it. Without memory it stays as it was. */
void text_add(char **to, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
