/* SPDX-License-Identifier: BSD-2-Clause */
/* What the files of the builder of perf.data share. */
#ifndef PERF_BUILD_PARTS_H
#define PERF_BUILD_PARTS_H

#include <zstd.h>
#include "input/perf_format.h"
#include "perf_build.h"

#define FIELDS 16

struct bytes_out {
	uint8_t *data;
	size_t size, room;
};

struct event {
	char *fields; /* lines of its format */
	struct {
		char name[32];
		size_t from, from_size; /* in struct perf_build_fields; from_size 0: stays 0 */
		unsigned offset, size;
	} place[FIELDS];
	size_t n, size;
};

struct perf_build {
	struct perf_build_options o;
	struct event events[PERF_BUILD_EVENTS];
	struct bytes_out *buffers; /* one for each CPU */
	struct bytes_out memory;   /* what went out, where there is no file */
	size_t waiting;
	uint64_t written, data_at, sample_type;
	struct bytes_out aux_sample; /* of the next sample */
	uint64_t reference;          /* of AUXTRACE records */
	ZSTD_CStream *stream;
	bool failed;
};

extern const char *const perf_build_names[PERF_BUILD_EVENTS];

void append(struct bytes_out *to, const void *data, size_t size);
void append_number(struct bytes_out *to, uint64_t value, size_t size);
/* To where the whole goes: the file, or memory. */
void out(struct perf_build *b, const void *data, size_t size);
void out_record(struct perf_build *b, uint32_t type, const struct bytes_out *body);
uint64_t sample_id(const struct perf_build *b, enum perf_build_event event, unsigned cpu);
bool recorded(const struct perf_build *b, unsigned event);

/* A record in the buffer of CPU; BODY is freed. What stands behind records that are no samples (sample_id_all). */
void put_record(struct perf_build *b, unsigned cpu, uint32_t type, uint16_t misc,
		struct bytes_out *body);
void put_tail(const struct perf_build *b, uint64_t id, unsigned cpu, uint64_t t, uint32_t pid,
	      uint32_t tid, struct bytes_out *to);

#define PERF_MMAP \
	1 /* a record's type, and misc of what user space ran: the reader has no use for them */
#define PERF_MISC_USER 2

#define PERF_BUILD_PT_TYPE 6            /* of the PMU intel_pt */
#define PERF_BUILD_PT PERF_BUILD_EVENTS /* for sample_id */

/* perf_build_formats.c: reads the table; writes TRACING_DATA out of it. */
void read_formats(struct perf_build *b);
void make_tracing(const struct perf_build *b, struct bytes_out *to);

/* perf_build_front.c: what stands before and behind the records. */
void begin_pipe(struct perf_build *b);
void begin_file(struct perf_build *b);
void end_file(struct perf_build *b);

#endif
