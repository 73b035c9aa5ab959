/* SPDX-License-Identifier: BSD-2-Clause */
/* Intel PT of a recording: from the collector into the trace, and what is said of it. */
#ifndef CLI_RECORD_PT_H
#define CLI_RECORD_PT_H

#include <stdbool.h>
#include "cli/record_output.h"
#include "collector/pt.h"

struct record_pt {
	struct pt_recording *recording; /* NULL: there is none */
	struct record_output *output;
	uint64_t most_per_second;
	uint64_t left_out, truncated; /* as far as it was said */
};

/*
 * Starts PT where it can be had, and says where not: then the rest is recorded. Returns false where the options ask for
 * what cannot be.
 */
bool record_pt_begin(struct record_pt *pt, const struct pt_options *options);

/* Writes what decoding needs to OUTPUT, where all else goes from now on. Returns 0 or a negative errno. */
int record_pt_describe(struct record_pt *pt, const struct pt_options *options,
		       struct record_output *output);

/* These return 0, also where there is no PT, or a negative errno of the output. */
int record_pt_poll(struct record_pt *pt);
int record_pt_stop(struct record_pt *pt);

/* Says, once, that something is missing; and in the end what there is. */
void record_pt_news(struct record_pt *pt);
void record_pt_sum_up(const struct record_pt *pt);

void record_pt_end(struct record_pt *pt);

#endif
