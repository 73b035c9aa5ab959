/* SPDX-License-Identifier: BSD-2-Clause */
/* The outer shape of perf.data: sections, attrs, records; and what makes it right. */
#ifndef PERF_SHAPE_H
#define PERF_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is left as it is. */
enum {
	PERF_LEAVE_HEAD = 1 << 0,    /* sections, and sizes in the formats of the events */
	PERF_LEAVE_ATTRS = 1 << 1,   /* what was recorded of each event, which may be too little */
	PERF_LEAVE_RECORDS = 1 << 2, /* types and sizes of records */
	PERF_LEAVE_SAMPLES = 1 << 3, /* whose event they are, and the size of their raw data */
	PERF_LEAVE_TIMES = 1 << 4,   /* they need not ascend */
	PERF_LEAVE_AUX =
		1
		<< 5, /* how Intel PT was recorded, where its bytes stand and of which CPU they are */
	PERF_LEAVE_ALL = 63
};

#define PERF_IDS_MOST 64
#define PERF_AUX_CPUS 4

struct perf_shape {
	uint8_t *at; /* the file */
	size_t size, room;
	unsigned leave;
	bool pipe;
	size_t data, data_size; /* the records */
	/* of the first tracepoint's attr; all are made to have them */
	uint64_t sample_type, read_format;
	bool has_form;
	bool mixed; /* not everything that was recorded is a tracepoint, or is more than fits here */
	size_t n_ids;
	struct {
		uint64_t id;
		uint16_t event; /* the tracepoint's id */
	} ids[PERF_IDS_MOST];
	uint64_t t;
	size_t samples;
	uint64_t aux_end[PERF_AUX_CPUS]; /* of each CPU's buffer, so far */
	bool plain;                      /* no record is compressed or has a payload behind it */
};

/* Makes what is at S->at right. S: at, size, room and leave are set. */
void perf_mend(struct perf_shape *s);

/*
 * Puts all records into compressed ones, cut up by SEED: the same file as perf record -z has it. Returns false where
 * it cannot be done: a pipe, records that are not plain, no room.
 */
bool perf_pack(struct perf_shape *s, uint32_t seed);

#endif
