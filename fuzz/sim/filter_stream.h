/* SPDX-License-Identifier: BSD-2-Clause */
/* A recorder that filters, by the rules of reblock/filter.h: what it makes of a whole stream. */
#ifndef FILTER_STREAM_H
#define FILTER_STREAM_H

#include <stddef.h>
#include <reblock/filter.h>

#define FILTER_VCPUS 128
#define FILTER_OPERATIONS 2

struct filter_vcpu {
	uint32_t vm;
	uint16_t vcpu, seq;
	struct reblock_filter filter;
	bool used;
	bool exited;   /* an exit, and no entry since */
	bool kept;     /* that exit is in `exit` */
	bool recorded; /* and in the output already */
	bool asked;    /* an operation since made it matter */
	bool left_out; /* something was, since the last exit that was recorded */
	struct reblock_record exit, operations[FILTER_OPERATIONS];
	size_t exit_at, operations_at[FILTER_OPERATIONS];
	unsigned n;
};

struct filter_stream {
	struct filter_vcpu vcpus[FILTER_VCPUS];
	struct reblock_record *out; /* what is recorded, numbered anew */
	size_t *from;               /* the place of each in the whole stream */
	size_t n;
};

/* Takes the record at place AT of the whole stream. */
void filter_stream_take(struct filter_stream *s, const struct reblock_record *r, size_t at);

/* The end of the stream: what is still kept. */
void filter_stream_end(struct filter_stream *s);

#endif
