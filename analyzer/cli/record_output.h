/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a recording goes: one file, or a set of bounded size. */
#ifndef CLI_RECORD_OUTPUT_H
#define CLI_RECORD_OUTPUT_H

#include <reblock/trace.h>
#include <reblock/trace_pt.h>
#include <reblock/trace_set.h>

struct record_output {
	struct reblock_trace_writer *file; /* one of these two */
	struct reblock_trace_set *set;
};

/* All return 0 or a negative errno. MOST 0: one file. */
int record_output_begin(struct record_output *output, const char *path, uint64_t most,
			const struct reblock_source *source);
int record_output_write(void *output, const struct reblock_record *records, size_t n);
int record_output_flush(struct record_output *output);
int record_output_pt_setup(struct record_output *output, const struct reblock_pt_setup *setup);
int record_output_pt_compress(struct record_output *output);
int record_output_pt(struct record_output *output, const struct reblock_pt_piece *piece);
int record_output_pt_clock(struct record_output *output, const struct reblock_pt_point *point);
int record_output_end(struct record_output *output);

uint64_t record_output_written(const struct record_output *output);
uint64_t record_output_removed(const struct record_output *output);

#endif
