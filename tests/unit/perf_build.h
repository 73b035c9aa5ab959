/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Writes perf.data as perf record would have, for any version of KVM's events: into memory, or into a
 * file of any size. perf itself reads what comes out.
 *
 * Events are given in any order; what belongs to one CPU is kept in its order in that CPU's buffer, and
 * the buffers go out one after the other at the end of a round.
 */
#ifndef PERF_BUILD_H
#define PERF_BUILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum perf_build_event {
	PERF_BUILD_EXIT,
	PERF_BUILD_ENTRY,
	PERF_BUILD_USER_EXIT,
	PERF_BUILD_VIRQ,
	PERF_BUILD_EXCEPTION,
	PERF_BUILD_NESTED_VMEXIT,
	PERF_BUILD_EVENTS
};
#define PERF_BUILD_BOTH (1u << PERF_BUILD_EXIT | 1u << PERF_BUILD_ENTRY)
#define PERF_BUILD_USUAL \
	(PERF_BUILD_BOTH | 1u << PERF_BUILD_USER_EXIT | 1u << PERF_BUILD_VIRQ | \
	 1u << PERF_BUILD_EXCEPTION)
#define PERF_BUILD_ALL ((1u << PERF_BUILD_EVENTS) - 1)

/* What an event of KVM holds; a version takes of it what it has. */
struct perf_build_fields {
	uint64_t rip, info1, info2;
	uint32_t reason, isa; /* isa 0 stands for VMX */
	uint32_t intr_info, error_code, vcpu_id;
	int32_t error;   /* kvm_userspace_exit: errno */
	uint32_t vector; /* of an interrupt or exception */
	bool soft, has_error, reinjected;
};

struct perf_build_options {
	const char *table;   /* path of tables/kvm_formats.table */
	const char *version; /* one of it */
	const char
		*release; /* of the kernel, as the header says it; NULL: VERSION.0, "": not there */
	unsigned events;  /* bits 1 << enum perf_build_event; 0: PERF_BUILD_USUAL */
	unsigned cpus;    /* 0: 1 */
	bool pipe;        /* as perf record -o - */
	bool compress;    /* as perf record -z */
	bool rounds_off;  /* no FINISHED_ROUND */
	bool callchain;   /* as perf record -g */
	bool lost_format; /* PERF_FORMAT_LOST in read_format, read with each sample */
	bool no_ids;      /* as perf before 3.12: no PERF_SAMPLE_IDENTIFIER and no ids */
	uint64_t drop_sample_type; /* bits that the kvm events are recorded without */
	uint64_t period;           /* 0: 1 */
	bool no_kvm;               /* nothing but Intel PT */
	bool pt;                   /* Intel PT was recorded: perf_build_pt.c writes it */
	bool no_switches;          /* with it: not who runs */
	bool aux_sample; /* as perf record --aux-sample: samples hold what perf_build_aux_sample says */
	int clockid;     /* perf record -k: of the kvm events; 0: none */
	FILE *out;       /* where it goes, NULL: memory; must allow to seek for !pipe */
};

struct perf_build;

/* Ends the program where the table cannot be read. */
struct perf_build *perf_build_new(const struct perf_build_options *options);

void perf_build_event(struct perf_build *b, enum perf_build_event event, unsigned cpu, uint64_t t,
		      uint32_t pid, uint32_t tid, const struct perf_build_fields *fields);
void perf_build_comm(struct perf_build *b, unsigned cpu, uint64_t t, uint32_t pid, uint32_t tid,
		     const char *name);
/* PERF_RECORD_LOST of COUNT records, in the buffer of CPU. */
void perf_build_lost(struct perf_build *b, unsigned cpu, uint64_t t, uint64_t count);
/* PERF_RECORD_LOST_SAMPLES as perf writes it at the end: no time, only the id of the event and CPU. */
void perf_build_lost_samples(struct perf_build *b, enum perf_build_event event, unsigned cpu,
			     uint64_t count);
/* Any bytes in the buffer of CPU; behind all buffers, at once, for CPU UINT32_MAX. */
void perf_build_bytes(struct perf_build *b, unsigned cpu, const void *data, size_t size);
/* The buffers go out, and FINISHED_ROUND. */
void perf_build_round(struct perf_build *b);
/* How many bytes wait for the end of the round: for those who build large files. */
size_t perf_build_waiting(const struct perf_build *b);

/*
 * The end of the recording, with a last round if anything waits. Sets *DATA (to be freed) and *SIZE where
 * it went to memory. Frees B. Returns 0, or -1 when the file could not be written.
 */
int perf_build_finish(struct perf_build *b, uint8_t **data, size_t *size);

/* The id of an event's tracepoint. */
unsigned perf_build_id(enum perf_build_event event);

#endif
