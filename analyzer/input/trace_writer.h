/* SPDX-License-Identifier: BSD-2-Clause */
/* What writes records and what writes the other chunks of a trace file share. */
#ifndef INPUT_TRACE_WRITER_H
#define INPUT_TRACE_WRITER_H

#include <sys/types.h>
#include <reblock/trace.h>

struct trace_pt_writer;

struct reblock_trace_writer {
	int fd;
	int error;                        /* the first, as a negative errno */
	off_t size;                       /* of the file up to the last chunk that is whole */
	int keep;                         /* standard output: not ours to truncate */
	struct trace_pt_writer *pt;       /* room for PT chunks; NULL until there is one */
	uint64_t written;                 /* records in the file */
	size_t n;                         /* records waiting */
	struct reblock_trace_chunk chunk; /* kept in front of its records: one write does both */
	struct reblock_record records[REBLOCK_CHUNK_RECORDS];
};

_Static_assert(offsetof(struct reblock_trace_writer, records) ==
		       offsetof(struct reblock_trace_writer, chunk) +
			       sizeof(struct reblock_trace_chunk),
	       "records follow their header");

/* Writes all of it, or takes back what was written of it. Returns 0 or the error, which is kept. */
int trace_write_whole(struct reblock_trace_writer *w, const void *data, size_t size);

void trace_pt_writer_free(struct trace_pt_writer *pt); /* NULL is allowed */

#endif
