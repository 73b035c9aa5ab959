/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * TracePackets with TrackEvents and track descriptors. Field numbers are those of Perfetto's public .proto files
 * (protos/perfetto/trace/trace_packet.proto, track_event/, interned_data/), named in perfetto_packet.c.
 */
#ifndef REPORT_PERFETTO_PACKET_H
#define REPORT_PERFETTO_PACKET_H

#include <reblock/audit.h>
#include "report/protobuf.h"

enum perfetto_type { PERFETTO_BEGIN = 1, PERFETTO_END = 2, PERFETTO_INSTANT = 3 };

/* Categories by which a viewer filters. */
enum perfetto_category {
	PERFETTO_EXIT = 1,
	PERFETTO_BLOCKING,
	PERFETTO_NMI,
	PERFETTO_OPERATION,
	PERFETTO_LOSS,
	PERFETTO_FINDING
};

/* Names of arguments. */
enum perfetto_argument {
	PERFETTO_NUMBER = 1,
	PERFETTO_RIP,
	PERFETTO_QUALIFICATION,
	PERFETTO_INTR_INFO,
	PERFETTO_IDT_VECTORING,
	PERFETTO_UNBLOCKED,
	PERFETTO_MASKED,
	PERFETTO_ROW,
	PERFETTO_SEVERITY,
	PERFETTO_EVIDENCE,
	PERFETTO_WHY,
	PERFETTO_RULE,
	PERFETTO_POLICY,
	PERFETTO_RECORDS,
	PERFETTO_ASSUMES,
	PERFETTO_ARGUMENTS
};

/* One event, under construction. */
struct perfetto_event {
	struct protobuf *m;
	size_t opened;
};

/* The first packets: the sequence, and the names of categories and arguments. */
void perfetto_start(struct protobuf *m, FILE *out);

/* NAME is NULL for PERFETTO_END. */
struct perfetto_event perfetto_event(struct protobuf *m, enum perfetto_type type, uint64_t t,
				     uint64_t track, enum perfetto_category category,
				     const char *name);
void perfetto_event_number(struct perfetto_event *e, enum perfetto_argument argument,
			   uint64_t value);
void perfetto_event_address(struct perfetto_event *e, enum perfetto_argument argument,
			    uint64_t value);
void perfetto_event_text(struct perfetto_event *e, enum perfetto_argument argument,
			 const char *text);
void perfetto_event_write(struct perfetto_event *e, FILE *out);

/* Tracks: a process, a thread of it, and a track below that. */
void perfetto_process(struct protobuf *m, FILE *out, uint64_t uuid, uint32_t pid, const char *name);
void perfetto_thread(struct protobuf *m, FILE *out, uint64_t uuid, uint64_t parent, uint32_t pid,
		     uint32_t tid, const char *name);
void perfetto_track(struct protobuf *m, FILE *out, uint64_t uuid, uint64_t parent,
		    const char *name);

#endif
