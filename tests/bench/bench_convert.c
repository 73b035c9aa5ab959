/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The exits, entries and exits to user space of a trace, as they would have been recorded of the same host with
 * Linux 6.14:
 * bench_convert perf TRACE FILE TABLE: by perf record; TABLE is tests/unit/tables/kvm_formats.table.
 * bench_convert trace.dat TRACE FILE: by trace-cmd record. Prints how many kvm_exit it holds.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <reblock/input.h>
#include "perf_build.h"
#include "trace_dat_build.h"

#define CPUS 64
#define ROUND ((size_t)4 << 20) /* bytes */

/* A VM is a process, a vCPU a thread of it. */
static uint32_t process_of(const struct reblock_record *r)
{
	return 1000 * r->vm;
}

static uint32_t thread_of(const struct reblock_record *r)
{
	return process_of(r) + 1 + r->vcpu;
}

static void perf_event(struct perf_build *b, const struct reblock_record *r)
{
	struct perf_build_fields f = { .rip = r->rip,
				       .reason = r->reason,
				       .info1 = r->qualification,
				       .info2 = r->idt_vectoring,
				       .intr_info = r->intr_info,
				       .error_code = r->error_code,
				       .vcpu_id = r->vcpu };
	enum perf_build_event event;

	switch (r->kind) {
	case REBLOCK_EXIT:
		event = PERF_BUILD_EXIT;
		break;
	case REBLOCK_ENTRY:
		event = PERF_BUILD_ENTRY;
		break;
	case REBLOCK_USER_EXIT:
		event = PERF_BUILD_USER_EXIT;
		break;
	default:
		return;
	}
	perf_build_event(b, event, r->cpu % CPUS, r->t, process_of(r), thread_of(r), &f);
	if (perf_build_waiting(b) > ROUND)
		perf_build_round(b);
}

static int to_perf(struct reblock_input *input, const char *path, const char *table)
{
	const struct perf_build_options options = { .table = table,
						    .version = "6.14",
						    .cpus = CPUS,
						    .events = PERF_BUILD_BOTH |
							      1u << PERF_BUILD_USER_EXIT,
						    .out = fopen(path, "w+") };
	const struct reblock_record *records;
	struct perf_build *b;
	long n;
	int err;

	if (!options.out)
		return -1;
	b = perf_build_new(&options);
	while ((n = reblock_input_next(input, &records)) > 0)
		for (long i = 0; i < n; i++)
			perf_event(b, &records[i]);
	err = perf_build_finish(b, NULL, NULL);
	return fclose(options.out) != 0 || n < 0 ? -1 : err;
}

/* Returns whether it is a kvm_exit. */
static bool dat_record(struct dat_build *b, const struct reblock_record *r)
{
	const struct dat_type *type;
	uint64_t values[DAT_FIELDS] = { 0 };

	switch (r->kind) {
	case REBLOCK_EXIT:
		type = &dat_exit_6_14;
		memcpy(values,
		       (uint64_t[]){ r->reason, r->rip, 1, r->qualification, r->idt_vectoring,
				     r->intr_info, r->error_code, r->vcpu },
		       8 * sizeof(*values));
		break;
	case REBLOCK_ENTRY:
		type = &dat_entry_6_14;
		memcpy(values, (uint64_t[]){ r->vcpu, r->rip, 0, r->intr_info, r->error_code },
		       5 * sizeof(*values));
		break;
	case REBLOCK_USER_EXIT:
		type = &dat_userspace_exit;
		values[0] = r->reason;
		break;
	default:
		return false;
	}
	dat_event(b, r->cpu % CPUS, r->t, type, thread_of(r), values);
	return type == &dat_exit_6_14;
}

static int to_trace_dat(struct reblock_input *input, const char *path)
{
	static const char uname_text[] = "Linux host 6.14.0 x86_64";
	const struct reblock_record *records;
	FILE *out = fopen(path, "wb+");
	struct dat_build *b;
	uint64_t exits = 0;
	long n;

	if (!out)
		return -1;
	b = dat_new(6, CPUS);
	dat_type(b, &dat_exit_6_14);
	dat_type(b, &dat_entry_6_14);
	dat_type(b, &dat_userspace_exit);
	dat_option(b, 5, uname_text, sizeof(uname_text));
	while ((n = reblock_input_next(input, &records)) > 0)
		for (long i = 0; i < n; i++)
			exits += dat_record(b, &records[i]);
	dat_write(b, out);
	printf("%" PRIu64 "\n", exits);
	return fclose(out) != 0 || n < 0 ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct reblock_input *input;
	char *error;
	int err;
	bool perf = argc == 5 && strcmp(argv[1], "perf") == 0;

	if (!perf && !(argc == 4 && strcmp(argv[1], "trace.dat") == 0)) {
		fprintf(stderr,
			"usage: bench_convert perf TRACE FILE TABLE | trace.dat TRACE FILE\n");
		return 2;
	}
	if (reblock_input_open(argv[2], NULL, NULL, &input, &error) < 0) {
		fprintf(stderr, "%s\n", error);
		free(error);
		return 1;
	}
	err = perf ? to_perf(input, argv[3], argv[4]) : to_trace_dat(input, argv[3]);
	reblock_input_close(input);
	if (err)
		perror(argv[3]);
	return err != 0;
}
