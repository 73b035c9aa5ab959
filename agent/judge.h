/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Judges a stream of records as they come, with the code of reblock audit, in bounded memory: counts for the metrics, tells
 * findings, collects their evidence.
 */
#ifndef AGENT_JUDGE_H
#define AGENT_JUDGE_H

#include <reblock/audit.h>
#include "agent/capture.h"
#include "agent/limit.h"
#include "agent/metrics.h"
#include "agent/vcpus.h"
#include "agent/vms.h"

struct writer;

struct judge_options {
	enum reblock_vnmi vnmi;
	bool count_stream; /* exits and losses are counted from the records: nobody else does */
	bool evidence;     /* is kept */
	size_t records;    /* kept before a finding; half of it after */
	size_t most_vcpus; /* of which a state is kept; VMs likewise */
	size_t ring_bytes; /* for the records kept of all vCPUs */
	uint64_t idle_ns;  /* a vCPU not seen for so long is no longer kept; 0: whatever its age */
	unsigned wait_ms;  /* so long at most for the records after a finding */
	uint64_t rate;     /* findings of a kind and VM told in a minute; 0: all */
};

struct judge {
	struct judge_options options;
	struct metrics *metrics;
	struct writer *writer;
	struct reblock_audit *audit; /* NULL: no stream */
	struct reblock_source source;
	struct vcpus vcpus;
	struct vms vms;
	struct limit limit;
	struct capture *open; /* the one whose time ends first comes first */
	size_t n_open;
	uint64_t number; /* of the next record */
	uint64_t now;
};

/* WRITER and METRICS must live as long. Returns 0 or -ENOMEM. */
int judge_init(struct judge *judge, const struct judge_options *options, struct metrics *metrics,
	       struct writer *writer);
void judge_free(struct judge *judge);

/* A stream begins. Returns 0 or -ENOMEM. */
int judge_begin(struct judge *judge, const struct reblock_source *source);

/* Its next records, well-formed. Returns 0 or -ENOMEM. */
int judge_records(struct judge *judge, const struct reblock_record *records, size_t n);

/* Its end: what is open is closed, and evidence is complete as it is. Returns 0 or -ENOMEM. */
int judge_end(struct judge *judge);

/* To be called now and then, also when nothing comes: time passes. */
void judge_tick(struct judge *judge);

#endif
