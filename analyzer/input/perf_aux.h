/* SPDX-License-Identifier: BSD-2-Clause */
/* Intel PT in perf.data: where it lies, how it was recorded, and which thread ran on a CPU. */
#ifndef INPUT_PERF_AUX_H
#define INPUT_PERF_AUX_H

#include "input/perf_reader.h"

struct perf_aux {
	uint32_t kind;                      /* of the AUX area */
	uint64_t words[PERF_PT_WORDS];      /* of AUXTRACE_INFO; those that are not there are 0 */
	bool no_clock, other_clock, no_cpu; /* what there is to say: perf_aux_note */
	bool sampled; /* samples hold pieces of the AUX area (perf record --aux-sample) */
	bool unread;  /* ... and some of them cannot be read */
};

/*
 * Looks for an AUX area of Intel PT among the records of P, and offers it (input/aux.h); IN->aux is NULL where
 * there is none. What is there but cannot be used makes a damage or a note. Returns 0 or -ENOMEM.
 */
int perf_aux_find(struct reblock_input *in, struct perf_reader *p);

/*
 * Decides how PT goes together with the rest, once it is known whether there are exits and entries (RECORDS) that name
 * the CPU, and by which clock (CLOCKID, -1: perf's own).
 */
void perf_aux_decide(struct reblock_input *in, struct perf_reader *p, bool records, bool cpu,
		     int32_t clockid);

/*
 * What the record R, which is no sample, says of the thread that runs on a CPU (ITRACE_START, SWITCH,
 * SWITCH_CPU_WIDE). Returns whether it says anything; then TO is for the joining part.
 */
bool perf_aux_switch(const struct perf_reader *p, const uint8_t *r, struct reblock_record *to);

/* As reblock_input_note, of what only the reader knows of PT. */
const char *perf_aux_note(const struct perf_reader *p, size_t i);

void perf_aux_free(struct perf_reader *p);

#endif
