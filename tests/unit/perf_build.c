/* SPDX-License-Identifier: BSD-2-Clause */
/* Records of perf.data, in buffers that go out in rounds. */
#include <stdlib.h>
#include <string.h>
#include "perf_build_parts.h"

void append(struct bytes_out *to, const void *data, size_t size)
{
	while (to->room - to->size < size) {
		to->room = to->room ? to->room * 2 : 4096;
		to->data = realloc(to->data, to->room);
		if (!to->data)
			abort();
	}
	if (size)
		memcpy(to->data + to->size, data, size);
	to->size += size;
}

void append_number(struct bytes_out *to, uint64_t value, size_t size)
{
	append(to, &value, size);
}

void out(struct perf_build *b, const void *data, size_t size)
{
	if (!b->o.out)
		append(&b->memory, data, size);
	else if (fwrite(data, 1, size, b->o.out) != size)
		b->failed = true;
	b->written += size;
}

unsigned perf_build_id(enum perf_build_event event)
{
	return 1100 + (unsigned)event;
}

uint64_t sample_id(const struct perf_build *b, enum perf_build_event event, unsigned cpu)
{
	return 1000 + (uint64_t)event * b->o.cpus + cpu;
}

bool recorded(const struct perf_build *b, unsigned event)
{
	return b->o.events >> event & 1;
}

void out_record(struct perf_build *b, uint32_t type, const struct bytes_out *body)
{
	struct bytes_out r = { NULL, 0, 0 };

	append_number(&r, type, 4);
	append_number(&r, 0, 2);
	append_number(&r, PERF_RECORD_HEADER + body->size, 2);
	append(&r, body->data, body->size);
	out(b, r.data, r.size);
	free(r.data);
}

struct perf_build *perf_build_new(const struct perf_build_options *options)
{
	struct perf_build *b = calloc(1, sizeof(*b));

	if (!b)
		abort();
	b->o = *options;
	b->o.cpus = b->o.cpus ? b->o.cpus : 1;
	if (!b->o.events && !b->o.no_kvm)
		b->o.events = PERF_BUILD_USUAL;
	b->sample_type = PERF_HAS_TID | PERF_HAS_TIME | PERF_HAS_CPU | PERF_HAS_PERIOD |
			 PERF_HAS_RAW;
	if (!b->o.no_ids)
		b->sample_type |= PERF_HAS_IDENTIFIER;
	if (b->o.callchain)
		b->sample_type |= PERF_HAS_CALLCHAIN | PERF_HAS_IP;
	if (b->o.pt)
		b->sample_type |= PERF_HAS_IP; /* perf script wants it */
	if (b->o.aux_sample)
		b->sample_type |= PERF_HAS_AUX | PERF_HAS_PHYS_ADDR;
	if (b->o.lost_format)
		b->sample_type |= PERF_HAS_READ;
	b->sample_type &= ~b->o.drop_sample_type;
	b->buffers = calloc(b->o.cpus, sizeof(*b->buffers));
	if (!b->buffers)
		abort();
	read_formats(b);
	if (b->o.compress) {
		b->stream = ZSTD_createCStream();
		ZSTD_initCStream(b->stream, 1);
	}
	if (b->o.pipe)
		begin_pipe(b);
	else
		begin_file(b);
	return b;
}

void perf_build_bytes(struct perf_build *b, unsigned cpu, const void *data, size_t size)
{
	if (cpu == UINT32_MAX) {
		out(b, data, size);
		return;
	}
	append(&b->buffers[cpu], data, size);
	b->waiting += size;
}

void put_record(struct perf_build *b, unsigned cpu, uint32_t type, uint16_t misc,
		struct bytes_out *body)
{
	uint8_t header[PERF_RECORD_HEADER] = { 0 };
	uint16_t size = (uint16_t)(sizeof(header) + body->size);

	memcpy(header, &type, 4);
	memcpy(header + 4, &misc, 2);
	memcpy(header + 6, &size, 2);
	perf_build_bytes(b, cpu, header, sizeof(header));
	perf_build_bytes(b, cpu, body->data, body->size);
	free(body->data);
}

static void make_raw(const struct perf_build *b, enum perf_build_event event, uint32_t tid,
		     const struct perf_build_fields *fields, struct bytes_out *to)
{
	const struct event *e = &b->events[event];
	struct perf_build_fields f = *fields;
	uint8_t raw[128] = { 0 };
	uint16_t id = (uint16_t)perf_build_id(event);

	if (!f.isa)
		f.isa = 1;
	memcpy(raw, &id, 2);
	memcpy(raw + 4, &tid, 4);
	for (size_t i = 0; i < e->n; i++)
		if (e->place[i].from_size)
			memcpy(raw + e->place[i].offset, (const char *)&f + e->place[i].from,
			       e->place[i].size < e->place[i].from_size ? e->place[i].size :
									  e->place[i].from_size);
	/* The size in front of it makes the record's a multiple of 8. */
	append_number(to, e->size + 4, 4);
	append(to, raw, e->size + 4);
}

void perf_build_event(struct perf_build *b, enum perf_build_event event, unsigned cpu, uint64_t t,
		      uint32_t pid, uint32_t tid, const struct perf_build_fields *fields)
{
	struct bytes_out r = { NULL, 0, 0 };
	uint64_t has = b->sample_type;

	if (has & PERF_HAS_IDENTIFIER)
		append_number(&r, sample_id(b, event, cpu), 8);
	if (has & PERF_HAS_IP)
		append_number(&r, 0xffffffff81000000, 8);
	if (has & PERF_HAS_TID)
		append_number(&r, (uint64_t)tid << 32 | pid, 8);
	if (has & PERF_HAS_TIME)
		append_number(&r, t, 8);
	if (has & PERF_HAS_CPU)
		append_number(&r, cpu, 8);
	if (has & PERF_HAS_PERIOD)
		append_number(&r, 1, 8);
	if (has & PERF_HAS_READ) {
		append_number(&r, 1, 8);
		append_number(&r, sample_id(b, event, cpu), 8);
		append_number(&r, 0, 8);
	}
	if (has & PERF_HAS_CALLCHAIN) {
		append_number(&r, 2, 8);
		append_number(&r, (uint64_t)-128, 8);
		append_number(&r, 0xffffffff81000000, 8);
	}
	if (has & PERF_HAS_RAW)
		make_raw(b, event, tid, fields, &r);
	if (has & PERF_HAS_PHYS_ADDR)
		append_number(&r, 0x123456789, 8);
	if (has & PERF_HAS_AUX) {
		append_number(&r, b->aux_sample.size, 8);
		append(&r, b->aux_sample.data, b->aux_sample.size);
		b->aux_sample.size = 0;
	}
	put_record(b, cpu, PERF_SAMPLE, 0, &r);
}

void put_tail(const struct perf_build *b, uint64_t id, unsigned cpu, uint64_t t, uint32_t pid,
	      uint32_t tid, struct bytes_out *to)
{
	uint64_t has = b->sample_type;

	if (has & PERF_HAS_TID)
		append_number(to, (uint64_t)tid << 32 | pid, 8);
	if (has & PERF_HAS_TIME)
		append_number(to, t, 8);
	if (has & PERF_HAS_CPU)
		append_number(to, cpu, 8);
	if (has & PERF_HAS_IDENTIFIER)
		append_number(to, id, 8);
}

void perf_build_comm(struct perf_build *b, unsigned cpu, uint64_t t, uint32_t pid, uint32_t tid,
		     const char *name)
{
	struct bytes_out r = { NULL, 0, 0 };
	char padded[16] = "";

	strncpy(padded, name, sizeof(padded) - 1);
	append_number(&r, (uint64_t)tid << 32 | pid, 8);
	append(&r, padded, (strlen(padded) + 8) / 8 * 8);
	put_tail(b, sample_id(b, b->o.no_kvm ? PERF_BUILD_PT : PERF_BUILD_EXIT, cpu), cpu, t, pid,
		 tid, &r);
	put_record(b, cpu, PERF_COMM, 0, &r);
}

void perf_build_lost(struct perf_build *b, unsigned cpu, uint64_t t, uint64_t count)
{
	struct bytes_out r = { NULL, 0, 0 };

	append_number(&r, sample_id(b, PERF_BUILD_EXIT, cpu), 8);
	append_number(&r, count, 8);
	put_tail(b, sample_id(b, PERF_BUILD_EXIT, cpu), cpu, t, 1, 1, &r);
	put_record(b, cpu, PERF_LOST, 0, &r);
}

void perf_build_lost_samples(struct perf_build *b, enum perf_build_event event, unsigned cpu,
			     uint64_t count)
{
	struct bytes_out r = { NULL, 0, 0 };

	append_number(&r, count, 8);
	put_tail(b, sample_id(b, event, cpu), 0, 0, 0, 0, &r);
	put_record(b, cpu, PERF_LOST_SAMPLES, 0, &r);
}

/* As compressed records of at most 64 KiB. */
static void out_compressed(struct perf_build *b, const struct bytes_out *buffer)
{
	ZSTD_inBuffer in = { buffer->data, buffer->size, 0 };
	size_t left;

	do {
		uint8_t bytes[60000];
		ZSTD_outBuffer packed = { bytes, sizeof(bytes), 0 };
		struct bytes_out body = { NULL, 0, 0 };

		left = ZSTD_compressStream2(b->stream, &packed, &in, ZSTD_e_flush);
		append(&body, bytes, packed.pos);
		out_record(b, PERF_COMPRESSED, &body);
		free(body.data);
	} while (left && !ZSTD_isError(left));
}

void perf_build_round(struct perf_build *b)
{
	struct bytes_out none = { NULL, 0, 0 };

	for (unsigned cpu = 0; cpu < b->o.cpus; cpu++) {
		struct bytes_out *buffer = &b->buffers[cpu];

		if (!buffer->size)
			continue;
		if (b->o.compress)
			out_compressed(b, buffer);
		else
			out(b, buffer->data, buffer->size);
		buffer->size = 0;
	}
	b->waiting = 0;
	if (!b->o.rounds_off)
		out_record(b, PERF_FINISHED_ROUND, &none);
}

size_t perf_build_waiting(const struct perf_build *b)
{
	return b->waiting;
}

int perf_build_finish(struct perf_build *b, uint8_t **data, size_t *size)
{
	int result;

	if (b->waiting)
		perf_build_round(b);
	if (!b->o.pipe)
		end_file(b);
	if (data) {
		*data = b->memory.data;
		*size = b->memory.size;
	} else {
		free(b->memory.data);
	}
	result = b->failed || (b->o.out && fflush(b->o.out)) ? -1 : 0;
	for (unsigned cpu = 0; cpu < b->o.cpus; cpu++)
		free(b->buffers[cpu].data);
	free(b->buffers);
	free(b->aux_sample.data);
	for (unsigned i = 0; i < PERF_BUILD_EVENTS; i++)
		free(b->events[i].fields);
	ZSTD_freeCStream(b->stream);
	free(b);
	return result;
}
