/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The numbers of perf.data, as tools/perf/Documentation/perf.data-file-format.txt, perf_event.h and
 * tools/lib/perf/include/perf/event.h have them, and loads at any alignment.
 */
#ifndef INPUT_PERF_FORMAT_H
#define INPUT_PERF_FORMAT_H

#include <stdint.h>
#include <string.h>

#define PERF_MAGIC "PERFILE2"
#define PERF_PIPE_HEADER 16  /* bytes: its size field says so */
#define PERF_FILE_HEADER 104 /* magic, size, attr_size, 3 sections, 256 feature bits */
#define PERF_RECORD_HEADER 8

enum perf_record_type {
	PERF_LOST = 2,
	PERF_COMM = 3,
	PERF_SAMPLE = 9,
	PERF_AUX = 11,
	PERF_ITRACE_START = 12,
	PERF_LOST_SAMPLES = 13,
	PERF_SWITCH = 14,
	PERF_SWITCH_CPU_WIDE = 15,
	PERF_KERNEL_LAST = 63, /* the kernel's own end here */
	PERF_HEADER_ATTR = 64,
	PERF_HEADER_TRACING_DATA = 66,
	PERF_FINISHED_ROUND = 68,
	PERF_AUXTRACE_INFO = 70,
	PERF_AUXTRACE = 71,
	PERF_HEADER_FEATURE = 80,
	PERF_COMPRESSED = 81,
	PERF_FINISHED_INIT = 82,
	PERF_COMPRESSED2 = 83,
	PERF_TYPES = 128 /* room for newer ones */
};

enum perf_sample_type {
	PERF_HAS_IP = 1 << 0,
	PERF_HAS_TID = 1 << 1,
	PERF_HAS_TIME = 1 << 2,
	PERF_HAS_ADDR = 1 << 3,
	PERF_HAS_READ = 1 << 4,
	PERF_HAS_CALLCHAIN = 1 << 5,
	PERF_HAS_ID = 1 << 6,
	PERF_HAS_CPU = 1 << 7,
	PERF_HAS_PERIOD = 1 << 8,
	PERF_HAS_STREAM_ID = 1 << 9,
	PERF_HAS_RAW = 1 << 10,
	PERF_HAS_BRANCH_STACK = 1 << 11,
	PERF_HAS_REGS_USER = 1 << 12,
	PERF_HAS_STACK_USER = 1 << 13,
	PERF_HAS_WEIGHT = 1 << 14,
	PERF_HAS_DATA_SRC = 1 << 15,
	PERF_HAS_IDENTIFIER = 1 << 16,
	PERF_HAS_TRANSACTION = 1 << 17,
	PERF_HAS_REGS_INTR = 1 << 18,
	PERF_HAS_PHYS_ADDR = 1 << 19,
	PERF_HAS_AUX = 1 << 20,
	PERF_HAS_CGROUP = 1 << 21,
	PERF_HAS_DATA_PAGE_SIZE = 1 << 22,
	PERF_HAS_CODE_PAGE_SIZE = 1 << 23,
	PERF_HAS_WEIGHT_STRUCT = 1 << 24
};

enum perf_read_format {
	PERF_READ_ENABLED = 1 << 0,
	PERF_READ_RUNNING = 1 << 1,
	PERF_READ_ID = 1 << 2,
	PERF_READ_GROUP = 1 << 3,
	PERF_READ_LOST = 1 << 4
};

/* struct perf_event_attr: offsets of what is looked at; its first version has 64 bytes */
#define PERF_ATTR_MIN 64
#define PERF_ATTR_TYPE 0
#define PERF_ATTR_SIZE 4
#define PERF_ATTR_CONFIG 8
#define PERF_ATTR_PERIOD 16
#define PERF_ATTR_SAMPLE_TYPE 24
#define PERF_ATTR_READ_FORMAT 32
#define PERF_ATTR_FLAGS 40
#define PERF_ATTR_CLOCKID 92 /* since 4.1, size 104 and more */
#define PERF_FLAG_FREQ (1ull << 10)
#define PERF_FLAG_SAMPLE_ID_ALL (1ull << 18)
#define PERF_FLAG_USE_CLOCKID (1ull << 25)
#define PERF_FLAG_CONTEXT_SWITCH (1ull << 26)
#define PERF_TYPE_SOFTWARE 1
#define PERF_TYPE_TRACEPOINT 2
#define PERF_COUNT_SW_DUMMY 9

enum perf_feature {
	PERF_FEATURE_TRACING_DATA = 1,
	PERF_FEATURE_HOSTNAME = 3,
	PERF_FEATURE_OSRELEASE = 4,
	PERF_FEATURE_VERSION = 5,
	PERF_FEATURE_NRCPUS = 7,
	PERF_FEATURE_CPUID = 9,
	PERF_FEATURES = 256
};

/* AUXTRACE_INFO: the kind of AUX area at 8, then from 16 on words of 8 bytes (tools/perf/util/intel-pt.h) */
#define PERF_AUXTRACE_INTEL_PT 1
#define PERF_PT_WORDS 16

enum perf_pt_word {
	PERF_PT_PMU_TYPE,
	PERF_PT_TIME_SHIFT,
	PERF_PT_TIME_MULT,
	PERF_PT_TIME_ZERO,
	PERF_PT_CAP_TIME_ZERO,
	PERF_PT_SNAPSHOT = 8,
	PERF_PT_PER_CPU = 9,
	PERF_PT_MTC_BIT = 10,
	PERF_PT_MTC_FREQ_BITS = 11,
	PERF_PT_TSC_CTC_N = 12,
	PERF_PT_TSC_CTC_D = 13,
	PERF_PT_MAX_NONTURBO = 15
};

/* AUXTRACE: payload size, offset in the AUX area, reference, index, thread, CPU */
#define PERF_AUXTRACE_SIZE 48

/* AUX: offset, size, flags */
#define PERF_AUX_SIZE 32
#define PERF_AUX_TRUNCATED 1u
#define PERF_AUX_OVERWRITE 2u
#define PERF_AUX_PARTIAL 4u

#define PERF_MISC_SWITCH_OUT (1u << 13)

static inline uint16_t perf_u16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint32_t perf_u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t perf_u64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

/* struct perf_event_header: type, misc, size */
static inline uint32_t perf_type(const uint8_t *record)
{
	return perf_u32(record);
}

static inline uint16_t perf_misc(const uint8_t *record)
{
	return perf_u16(record + 4);
}

static inline uint16_t perf_size(const uint8_t *record)
{
	return perf_u16(record + 6);
}

#endif
