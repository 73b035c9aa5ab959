/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Intel PT by perf_event_open(2), beside the BPF programs: one event and one AUX area for each CPU, drained by whoever
 * polls. It knows no files: pieces of bytes and readings of the clocks go to a callback.
 */
#ifndef COLLECTOR_PT_H
#define COLLECTOR_PT_H

#include <stdbool.h>
#include <stdint.h>
#include <reblock/trace_pt.h>
#include "pt_os.h"

#define PT_TERMS 32

/* A field of perf_event_attr.config, as the kernel's format files name it. */
struct pt_term {
	char name[24];
	uint64_t value;
};

struct pt_options {
	bool snapshot; /* only what comes last is kept, and taken at the end */
	bool no_host; /* exclude_host, exclude_guest: asked for; Linux's driver takes no notice of it so far */
	bool no_guest;
	bool no_kernel, no_user; /* of host and guests */
	bool compress;           /* for whoever writes the file */
	size_t n_terms;
	struct pt_term terms[PT_TERMS];
	uint64_t buffer; /* bytes of the AUX area of each CPU, a power of two; 0: the default */
	uint64_t
		most_per_second; /* bytes of all CPUs; what comes on top is left out; 0: no limit */
	uint32_t pid;            /* only while threads of this process run; 0: always */
	const char *cgroup; /* only while threads below this cgroup (v2) folder run; NULL: always */
};

#define PT_BUFFER (4u << 20)
#define PT_BUFFER_LEAST (8u << 10)
#define PT_BUFFER_MOST (1u << 30)
#define PT_MOST_PER_SECOND (128u << 20)

/* How often PT wants to be polled: a CPU that branches much fills half of the default AUX area in about this time. */
#define PT_POLL_MS 10

/*
 * Reads LIST: words with commas between them (NULL: none), each snapshot, guest, host, user, kernel, zstd, or a term as
 * perf record -e intel_pt/TERMS/ takes it: NAME, or NAME=VALUE. Returns false with *ERROR (to be freed) what is wrong.
 */
bool pt_options_parse(struct pt_options *options, const char *list, char **error);

struct pt_recording;

struct pt_sink {
	/* Return 0 to go on; anything else ends the poll, which returns it. */
	int (*piece)(void *context, const struct reblock_pt_piece *piece);
	int (*point)(void *context, const struct reblock_pt_point *point);
	void *context;
};

struct pt_stats {
	uint64_t bytes;    /* delivered */
	uint64_t left_out; /* bytes over the limit */
	uint64_t
		truncated; /* how often an AUX area was full, so that PT stood still until it was drained */
	uint64_t
		partial; /* how often PT was off for a part of a piece: no tracing while VMX is on */
	uint64_t lost;   /* what the kernel had to say about pieces and had no room for */
	unsigned cpus;
};

/*
 * Opens, maps and starts. Returns 0 and sets *RECORDING, to be freed by pt_recording_free; or a negative errno: -EINVAL
 * for a term that is wrong, which the caller should not ignore; else there is no PT to be had: -ENODEV no Intel PT
 * here, -EACCES and -EPERM no rights, -EBUSY another has it, -ENOMEM, others of perf_event_open(2) and mmap(2).
 * *SAID (to be freed, NULL: nothing), also where it returns 0: one line or more on what cannot be had and what to do.
 */
int pt_recording_begin(const struct pt_os *os, const struct pt_options *options,
		       struct pt_recording **recording, char **said);

/* What decoding needs. Owned by the recording. */
const struct reblock_pt_setup *pt_recording_setup(const struct pt_recording *recording);

/*
 * Gives what has come, and a reading of the clocks, the first two times and every second. Needs no rights. Returns 0 or what
 * the sink has returned.
 */
int pt_recording_poll(struct pt_recording *recording, const struct pt_sink *sink);

/* Ends tracing and gives what is left: of a snapshot, everything. Returns as pt_recording_poll. */
int pt_recording_stop(struct pt_recording *recording, const struct pt_sink *sink);

void pt_recording_stats(const struct pt_recording *recording, struct pt_stats *stats);

void pt_recording_free(struct pt_recording *recording); /* NULL is allowed */

/*
 * For reblock doctor: whether PT can be recorded here, and as *SAID (to be freed) what of it, or what is missing and
 * what to do. Opens nothing.
 */
bool pt_doctor(const struct pt_os *os, char **said);

#endif
