/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The numbers of perf.data, from perf.data-file-format.txt and perf_event.h: stated here once more, so that the reader's
 * own do not vouch for themselves.
 */
#ifndef PERF_FORMAT_H
#define PERF_FORMAT_H

#define PERF_HEAD 8 /* of a record: type, misc, size */
#define PERF_PIPE_HEAD 16
#define PERF_FILE_HEAD 104
#define PERF_FEATURES 256
#define PERF_TYPES 128

enum {
	PERF_SAMPLE = 9,
	PERF_AUX = 11,
	PERF_ATTR = 64,
	PERF_TRACING = 66,
	PERF_FINISHED = 68, /* a round */
	PERF_AUXTRACE_INFO = 70,
	PERF_AUXTRACE = 71,
	PERF_PACKED = 81,
	PERF_FINISHED_INIT = 82, /* says nothing */
	PERF_PACKED2 = 83
};

/* AUXTRACE_INFO of Intel PT: its kind, then words of 8 bytes from here on */
#define PERF_PT_KIND 8
#define PERF_PT_WORDS 16
#define PERF_PT 1
/* AUXTRACE: the payload's place in the buffer, its thread, its CPU */
#define PERF_AUXTRACE_LEAST 48
#define PERF_AUXTRACE_AT 16
#define PERF_AUXTRACE_TID 36
#define PERF_AUXTRACE_CPU 40

#define PERF_ATTR_LEAST 64
#define PERF_TRACEPOINT 2 /* its type, at 0 */
#define PERF_CONFIG 8
#define PERF_PERIOD 16
#define PERF_SAMPLE_TYPE 24
#define PERF_READ_FORMAT 32
#define PERF_FLAGS 40
#define PERF_FREQ 0x400u

enum {
	PERF_IP = 1 << 0,
	PERF_TID = 1 << 1,
	PERF_TIME = 1 << 2,
	PERF_ADDR = 1 << 3,
	PERF_READ = 1 << 4,
	PERF_CALLCHAIN = 1 << 5,
	PERF_ID = 1 << 6,
	PERF_CPU = 1 << 7,
	PERF_PERIODS = 1 << 8,
	PERF_STREAM = 1 << 9,
	PERF_RAW = 1 << 10,
	PERF_IDENTIFIER = 1 << 16,
	PERF_KNOWN_SAMPLE = 0x107ff
};

#endif
