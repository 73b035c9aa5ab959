/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "perf_build_parts.h"
#include "perf_build_pt.h"

void perf_build_pt_info(struct perf_build *b, uint32_t kind, const uint64_t *words, size_t n)
{
	struct bytes_out body = { NULL, 0, 0 };

	append_number(&body, kind, 4);
	append_number(&body, 0, 4);
	append(&body, words, n * sizeof(*words));
	out_record(b, PERF_AUXTRACE_INFO, &body);
	free(body.data);
}

void perf_build_reference(struct perf_build *b, uint64_t tsc)
{
	b->reference = tsc;
}

void perf_build_auxtrace(struct perf_build *b, uint32_t cpu, uint32_t tid, uint64_t offset,
			 const void *bytes, size_t size)
{
	static const uint8_t zeros[8];
	struct bytes_out body = { NULL, 0, 0 };
	size_t padding = -size % 8;

	append_number(&body, size + padding, 8);
	append_number(&body, offset, 8);
	append_number(&body, b->reference, 8);
	append_number(&body, cpu, 4); /* the index of the buffer */
	append_number(&body, tid, 4);
	append_number(&body, cpu, 4);
	append_number(&body, 0, 4);
	out_record(b, PERF_AUXTRACE, &body);
	out(b, bytes, size);
	out(b, zeros, padding);
	free(body.data);
}

void perf_build_aux_sample(struct perf_build *b, const void *bytes, size_t size)
{
	static const uint8_t zeros[8];

	append(&b->aux_sample, bytes, size);
	append(&b->aux_sample, zeros, -size % 8);
}

void perf_build_aux(struct perf_build *b, unsigned cpu, uint64_t t, uint32_t tid, uint64_t offset,
		    uint64_t size, uint64_t flags)
{
	struct bytes_out r = { NULL, 0, 0 };

	append_number(&r, offset, 8);
	append_number(&r, size, 8);
	append_number(&r, flags, 8);
	put_tail(b, sample_id(b, PERF_BUILD_PT, cpu), cpu, t, tid, tid, &r);
	put_record(b, cpu, PERF_AUX, 0, &r);
}

void perf_build_switch(struct perf_build *b, unsigned cpu, uint64_t t, uint32_t from_pid,
		       uint32_t from, uint32_t to_pid, uint32_t to)
{
	struct bytes_out r = { NULL, 0, 0 };

	append_number(&r, (uint64_t)to << 32 | to_pid, 8);
	put_tail(b, sample_id(b, PERF_BUILD_PT, cpu), cpu, t, from_pid, from, &r);
	put_record(b, cpu, PERF_SWITCH_CPU_WIDE, PERF_MISC_SWITCH_OUT, &r);
	memset(&r, 0, sizeof(r));
	append_number(&r, (uint64_t)from << 32 | from_pid, 8);
	put_tail(b, sample_id(b, PERF_BUILD_PT, cpu), cpu, t + 1, to_pid, to, &r);
	put_record(b, cpu, PERF_SWITCH_CPU_WIDE, 0, &r);
}

void perf_build_itrace_start(struct perf_build *b, unsigned cpu, uint64_t t, uint32_t pid,
			     uint32_t tid)
{
	struct bytes_out r = { NULL, 0, 0 };

	append_number(&r, (uint64_t)tid << 32 | pid, 8);
	put_tail(b, sample_id(b, PERF_BUILD_PT, cpu), cpu, t, pid, tid, &r);
	put_record(b, cpu, PERF_ITRACE_START, 0, &r);
}

void perf_build_mmap(struct perf_build *b, unsigned cpu, uint64_t t, uint32_t pid, uint32_t tid,
		     uint64_t address, uint64_t size, const char *path)
{
	struct bytes_out r = { NULL, 0, 0 };
	size_t length = strlen(path);

	append_number(&r, (uint64_t)tid << 32 | pid, 8);
	append_number(&r, address, 8);
	append_number(&r, size, 8);
	append_number(&r, 0, 8); /* where in the file */
	append(&r, path, length);
	append(&r, "\0\0\0\0\0\0\0", 8 - length % 8);
	put_tail(b, sample_id(b, PERF_BUILD_PT, cpu), cpu, t, pid, tid, &r);
	put_record(b, cpu, PERF_MMAP, PERF_MISC_USER, &r);
}
