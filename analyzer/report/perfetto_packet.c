/* SPDX-License-Identifier: BSD-2-Clause */
#include "report/perfetto_packet.h"

#define SEQUENCE 1 /* all packets are of one writer */

enum { TRACE_PACKET = 1 };
enum {
	PACKET_TIMESTAMP = 8,
	PACKET_SEQUENCE_ID = 10,
	PACKET_TRACK_EVENT = 11,
	PACKET_INTERNED_DATA = 12,
	PACKET_SEQUENCE_FLAGS = 13,
	PACKET_TRACK_DESCRIPTOR = 60
};
enum { FLAG_STATE_CLEARED = 1, FLAG_NEEDS_STATE = 2 };
enum {
	EVENT_CATEGORY_IIDS = 3,
	EVENT_DEBUG_ANNOTATIONS = 4,
	EVENT_TYPE = 9,
	EVENT_TRACK_UUID = 11,
	EVENT_NAME = 23
};
enum {
	INTERNED_CATEGORIES = 1,
	INTERNED_ANNOTATION_NAMES = 3,
	INTERNED_IID = 1,
	INTERNED_NAME = 2
};
enum {
	ANNOTATION_NAME_IID = 1,
	ANNOTATION_UINT = 3,
	ANNOTATION_STRING = 6,
	ANNOTATION_POINTER = 7
};
enum { TRACK_UUID = 1, TRACK_NAME = 2, TRACK_PROCESS = 3, TRACK_THREAD = 4, TRACK_PARENT_UUID = 5 };
enum { PROCESS_PID = 1, PROCESS_NAME = 6 };
enum { THREAD_PID = 1, THREAD_TID = 2, THREAD_NAME = 5 };

static void intern(struct protobuf *m, unsigned field, unsigned iid, const char *name)
{
	size_t opened = protobuf_open(m, field);

	protobuf_number(m, INTERNED_IID, iid);
	protobuf_text(m, INTERNED_NAME, name);
	protobuf_close(m, opened);
}

void perfetto_start(struct protobuf *m, FILE *out)
{
	static const char *const categories[] = {
		[PERFETTO_EXIT] = "exit", [PERFETTO_BLOCKING] = "blocking",
		[PERFETTO_NMI] = "nmi",   [PERFETTO_OPERATION] = "operation",
		[PERFETTO_LOSS] = "loss", [PERFETTO_FINDING] = "finding",
	};
	static const char *const arguments[PERFETTO_ARGUMENTS] = {
		[PERFETTO_NUMBER] = "record",
		[PERFETTO_RIP] = "rip",
		[PERFETTO_QUALIFICATION] = "qualification",
		[PERFETTO_INTR_INFO] = "intr_info",
		[PERFETTO_IDT_VECTORING] = "idt_vectoring",
		[PERFETTO_UNBLOCKED] = "NMI unblocking due to IRET",
		[PERFETTO_MASKED] = "masked",
		[PERFETTO_ROW] = "row",
		[PERFETTO_SEVERITY] = "severity",
		[PERFETTO_EVIDENCE] = "evidence",
		[PERFETTO_WHY] = "why",
		[PERFETTO_RULE] = "rule",
		[PERFETTO_POLICY] = "policy",
		[PERFETTO_RECORDS] = "records",
		[PERFETTO_ASSUMES] = "assumes",
	};
	size_t opened;

	protobuf_number(m, PACKET_SEQUENCE_ID, SEQUENCE);
	protobuf_number(m, PACKET_SEQUENCE_FLAGS, FLAG_STATE_CLEARED);
	opened = protobuf_open(m, PACKET_INTERNED_DATA);
	for (unsigned i = 1; i < sizeof(categories) / sizeof(categories[0]); i++)
		intern(m, INTERNED_CATEGORIES, i, categories[i]);
	for (unsigned i = 1; i < PERFETTO_ARGUMENTS; i++)
		intern(m, INTERNED_ANNOTATION_NAMES, i, arguments[i]);
	protobuf_close(m, opened);
	protobuf_write(m, TRACE_PACKET, out);
}

struct perfetto_event perfetto_event(struct protobuf *m, enum perfetto_type type, uint64_t t,
				     uint64_t track, enum perfetto_category category,
				     const char *name)
{
	struct perfetto_event e = { .m = m };

	protobuf_number(m, PACKET_TIMESTAMP, t);
	protobuf_number(m, PACKET_SEQUENCE_ID, SEQUENCE);
	protobuf_number(m, PACKET_SEQUENCE_FLAGS, FLAG_NEEDS_STATE);
	e.opened = protobuf_open(m, PACKET_TRACK_EVENT);
	protobuf_number(m, EVENT_TYPE, type);
	protobuf_number(m, EVENT_TRACK_UUID, track);
	if (name) {
		protobuf_number(m, EVENT_CATEGORY_IIDS, category);
		protobuf_text(m, EVENT_NAME, name);
	}
	return e;
}

static void annotate(struct perfetto_event *e, enum perfetto_argument argument, unsigned field,
		     uint64_t value)
{
	size_t opened = protobuf_open(e->m, EVENT_DEBUG_ANNOTATIONS);

	protobuf_number(e->m, ANNOTATION_NAME_IID, argument);
	protobuf_number(e->m, field, value);
	protobuf_close(e->m, opened);
}

void perfetto_event_number(struct perfetto_event *e, enum perfetto_argument argument,
			   uint64_t value)
{
	annotate(e, argument, ANNOTATION_UINT, value);
}

void perfetto_event_address(struct perfetto_event *e, enum perfetto_argument argument,
			    uint64_t value)
{
	annotate(e, argument, ANNOTATION_POINTER, value);
}

void perfetto_event_text(struct perfetto_event *e, enum perfetto_argument argument,
			 const char *text)
{
	size_t opened = protobuf_open(e->m, EVENT_DEBUG_ANNOTATIONS);

	protobuf_number(e->m, ANNOTATION_NAME_IID, argument);
	protobuf_text(e->m, ANNOTATION_STRING, text);
	protobuf_close(e->m, opened);
}

void perfetto_event_write(struct perfetto_event *e, FILE *out)
{
	protobuf_close(e->m, e->opened);
	protobuf_write(e->m, TRACE_PACKET, out);
}

static size_t descriptor(struct protobuf *m, uint64_t uuid, uint64_t parent)
{
	size_t opened;

	protobuf_number(m, PACKET_SEQUENCE_ID, SEQUENCE);
	opened = protobuf_open(m, PACKET_TRACK_DESCRIPTOR);
	protobuf_number(m, TRACK_UUID, uuid);
	if (parent)
		protobuf_number(m, TRACK_PARENT_UUID, parent);
	return opened;
}

void perfetto_process(struct protobuf *m, FILE *out, uint64_t uuid, uint32_t pid, const char *name)
{
	size_t opened = descriptor(m, uuid, 0), process = protobuf_open(m, TRACK_PROCESS);

	protobuf_number(m, PROCESS_PID, pid);
	protobuf_text(m, PROCESS_NAME, name);
	protobuf_close(m, process);
	protobuf_close(m, opened);
	protobuf_write(m, TRACE_PACKET, out);
}

void perfetto_thread(struct protobuf *m, FILE *out, uint64_t uuid, uint64_t parent, uint32_t pid,
		     uint32_t tid, const char *name)
{
	size_t opened = descriptor(m, uuid, parent), thread = protobuf_open(m, TRACK_THREAD);

	protobuf_number(m, THREAD_PID, pid);
	protobuf_number(m, THREAD_TID, tid);
	protobuf_text(m, THREAD_NAME, name);
	protobuf_close(m, thread);
	protobuf_close(m, opened);
	protobuf_write(m, TRACE_PACKET, out);
}

void perfetto_track(struct protobuf *m, FILE *out, uint64_t uuid, uint64_t parent, const char *name)
{
	size_t opened = descriptor(m, uuid, parent);

	protobuf_text(m, TRACK_NAME, name);
	protobuf_close(m, opened);
	protobuf_write(m, TRACE_PACKET, out);
}
