/* SPDX-License-Identifier: BSD-2-Clause */
/* Intel PT in perf.data that the tests build (struct perf_build_options: pt). */
#ifndef PERF_BUILD_PT_H
#define PERF_BUILD_PT_H

#include "perf_build.h"

/* AUXTRACE_INFO: perf's words in their order (tools/perf/util/intel-pt.h), so many as there are. To be called first. */
void perf_build_pt_info(struct perf_build *b, uint32_t kind, const uint64_t *words, size_t n);

/* AUXTRACE, at once: SIZE bytes that stand at OFFSET of a buffer, as perf pads them. CPU or TID may be UINT32_MAX. */
void perf_build_auxtrace(struct perf_build *b, uint32_t cpu, uint32_t tid, uint64_t offset,
			 const void *bytes, size_t size);

/* The next sample holds the SIZE bytes at BYTES of the AUX area (option aux_sample). */
void perf_build_aux_sample(struct perf_build *b, const void *bytes, size_t size);

/* What the TSC was when the AUXTRACE records that come now were taken: perf takes no time from PT where it is 0, as it is at first. */
void perf_build_reference(struct perf_build *b, uint64_t tsc);

/* AUX: what perf found of the buffer of CPU (that of thread TID), with the kernel's flags. */
void perf_build_aux(struct perf_build *b, unsigned cpu, uint64_t t, uint32_t tid, uint64_t offset,
		    uint64_t size, uint64_t flags);

/* On CPU thread TO goes on after thread FROM: SWITCH_CPU_WIDE, out and in. */
void perf_build_switch(struct perf_build *b, unsigned cpu, uint64_t t, uint32_t from_pid,
		       uint32_t from, uint32_t to_pid, uint32_t to);

/* ITRACE_START: thread TID runs on CPU. */
void perf_build_itrace_start(struct perf_build *b, unsigned cpu, uint64_t t, uint32_t pid,
			     uint32_t tid);

/* MMAP: SIZE bytes of the file at PATH, from its beginning, are at ADDRESS of process PID, and executable. */
void perf_build_mmap(struct perf_build *b, unsigned cpu, uint64_t t, uint32_t pid, uint32_t tid,
		     uint64_t address, uint64_t size, const char *path);

#endif
