/* SPDX-License-Identifier: BSD-2-Clause */
/* What perf.data says of itself: header, attrs and features, in sections of a file or records of a stream. */
#include <stdlib.h>
#include <string.h>
#include "perf_build_parts.h"

#define ATTR_SIZE 128 /* of Linux 5.15 */
#define MMAP_BYTES (512 * 1024)

static void make_attr(const struct perf_build *b, unsigned event, struct bytes_out *to)
{
	uint8_t attr[ATTR_SIZE] = { 0 };
	uint64_t word;

#define SET(at, value, size) (word = (value), memcpy(attr + (at), &word, size))
	SET(PERF_ATTR_TYPE, PERF_TYPE_TRACEPOINT, 4);
	SET(PERF_ATTR_SIZE, ATTR_SIZE, 4);
	SET(PERF_ATTR_CONFIG, perf_build_id(event), 8);
	SET(PERF_ATTR_PERIOD, b->o.period ? b->o.period : 1, 8);
	SET(PERF_ATTR_SAMPLE_TYPE, b->sample_type, 8);
	SET(PERF_ATTR_READ_FORMAT, PERF_READ_ID | (b->o.lost_format ? PERF_READ_LOST : 0), 8);
	SET(PERF_ATTR_FLAGS, PERF_FLAG_SAMPLE_ID_ALL | (b->o.clockid ? PERF_FLAG_USE_CLOCKID : 0),
	    8);
	SET(PERF_ATTR_CLOCKID, b->o.clockid, 4);
	if (event == PERF_BUILD_PT) {
		SET(PERF_ATTR_TYPE, PERF_BUILD_PT_TYPE, 4);
		SET(PERF_ATTR_CONFIG, 0x300e601, 8);
		SET(PERF_ATTR_FLAGS,
		    PERF_FLAG_SAMPLE_ID_ALL | (b->o.clockid ? PERF_FLAG_USE_CLOCKID : 0) |
			    (b->o.no_switches ? 0 : PERF_FLAG_CONTEXT_SWITCH),
		    8);
	}
#undef SET
	append(to, attr, sizeof(attr));
}

/* Whether there is an attr for it: an event, or PERF_BUILD_PT. */
static bool has_attr(const struct perf_build *b, unsigned event)
{
	return event == PERF_BUILD_PT ? b->o.pt : recorded(b, event);
}

static void make_string(struct bytes_out *to, const char *text)
{
	size_t size = (strlen(text) + 64) / 64 * 64;
	char padded[256] = "";

	strncpy(padded, text, sizeof(padded) - 1);
	append_number(to, size, 4);
	append(to, padded, size);
}

static void make_event_desc(const struct perf_build *b, struct bytes_out *to)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PERF_BUILD_EVENTS; i++)
		n += recorded(b, i);
	append_number(to, n, 4);
	append_number(to, ATTR_SIZE, 4);
	for (unsigned i = 0; i < PERF_BUILD_EVENTS; i++) {
		char name[64];

		if (!recorded(b, i))
			continue;
		snprintf(name, sizeof(name), "kvm:%s", perf_build_names[i]);
		make_attr(b, i, to);
		append_number(to, b->o.no_ids ? 0 : b->o.cpus, 4);
		make_string(to, name);
		for (unsigned cpu = 0; !b->o.no_ids && cpu < b->o.cpus; cpu++)
			append_number(to, sample_id(b, i, cpu), 8);
	}
}

/* The content of a feature; false where it is not written. */
static bool make_feature(const struct perf_build *b, unsigned feature, struct bytes_out *to)
{
	char release[64];

	switch (feature) {
	case PERF_FEATURE_TRACING_DATA:
		if (!b->o.no_kvm)
			make_tracing(b, to);
		return !b->o.no_kvm;
	case PERF_FEATURE_HOSTNAME:
		make_string(to, "builder");
		return true;
	case PERF_FEATURE_OSRELEASE:
		snprintf(release, sizeof(release), "%s.0", b->o.version);
		make_string(to, b->o.release ? b->o.release : release);
		return !b->o.release || b->o.release[0];
	case PERF_FEATURE_VERSION:
		make_string(to, "6.1.0");
		return true;
	case 6: /* ARCH */
		make_string(to, "x86_64");
		return true;
	case 7: /* NRCPUS: available, online */
		append_number(to, b->o.cpus, 4);
		append_number(to, b->o.cpus, 4);
		return true;
	case PERF_FEATURE_CPUID:
		make_string(to, "GenuineIntel,6,85,7");
		return true;
	case 12: /* EVENT_DESC */
		make_event_desc(b, to);
		return true;
	case 27: /* COMPRESSED: version, zstd, level, ratio, bytes of a buffer */
		append_number(to, 1, 4);
		append_number(to, 1, 4);
		append_number(to, 1, 4);
		append_number(to, 2, 4);
		append_number(to, MMAP_BYTES, 4);
		return b->o.compress;
	default:
		return false;
	}
}

/* A pipe's stream begins with what a file has in sections. */
void begin_pipe(struct perf_build *b)
{
	uint64_t size = PERF_PIPE_HEADER;
	struct bytes_out tracing = { NULL, 0, 0 }, body = { NULL, 0, 0 };

	out(b, PERF_MAGIC, 8);
	out(b, &size, 8);
	for (unsigned feature = 2; feature < 32; feature++) {
		body.size = 0;
		append_number(&body, feature, 8);
		if (feature == 12 || !make_feature(b, feature, &body))
			continue;
		while (body.size % 8)
			append_number(&body, 0, 1);
		out_record(b, PERF_HEADER_FEATURE, &body);
	}
	for (unsigned i = 0; i <= PERF_BUILD_PT; i++) {
		if (!has_attr(b, i))
			continue;
		body.size = 0;
		make_attr(b, i, &body);
		for (unsigned cpu = 0; !b->o.no_ids && cpu < b->o.cpus; cpu++)
			append_number(&body, sample_id(b, i, cpu), 8);
		out_record(b, PERF_HEADER_ATTR, &body);
	}
	if (b->o.no_kvm) {
		free(body.data);
		return;
	}
	make_tracing(b, &tracing);
	while (tracing.size % 8)
		append_number(&tracing, 0, 1);
	body.size = 0;
	append_number(&body, tracing.size, 4);
	append_number(&body, 0, 0);
	out_record(b, PERF_HEADER_TRACING_DATA, &body);
	out(b, tracing.data, tracing.size);
	free(tracing.data);
	free(body.data);
}

/* The header's numbers are known at the end. */
static void file_header(const struct perf_build *b, uint64_t attrs_at, uint64_t attrs_size,
			uint64_t data_size, uint64_t features, struct bytes_out *to)
{
	append(to, PERF_MAGIC, 8);
	append_number(to, PERF_FILE_HEADER, 8);
	append_number(to, ATTR_SIZE + 16, 8);
	append_number(to, attrs_at, 8);
	append_number(to, attrs_size, 8);
	append_number(to, b->data_at, 8);
	append_number(to, data_size, 8);
	append_number(to, 0, 8);
	append_number(to, 0, 8);
	append_number(to, features, 8);
	for (int i = 0; i < 3; i++)
		append_number(to, 0, 8);
}

void begin_file(struct perf_build *b)
{
	struct bytes_out front = { NULL, 0, 0 };
	uint64_t ids_at = PERF_FILE_HEADER, ids = b->o.no_ids ? 0 : 8 * (uint64_t)b->o.cpus;
	uint64_t at = ids_at;

	file_header(b, 0, 0, 0, 0, &front);
	for (unsigned i = 0; i <= PERF_BUILD_PT; i++)
		for (unsigned cpu = 0; has_attr(b, i) && ids && cpu < b->o.cpus; cpu++)
			append_number(&front, sample_id(b, i, cpu), 8);
	for (unsigned i = 0; i <= PERF_BUILD_PT; i++) {
		if (!has_attr(b, i))
			continue;
		make_attr(b, i, &front);
		append_number(&front, at, 8);
		append_number(&front, ids, 8);
		at += ids;
	}
	out(b, front.data, front.size);
	b->data_at = b->written;
	free(front.data);
}

void end_file(struct perf_build *b)
{
	struct bytes_out sections = { NULL, 0, 0 }, table = { NULL, 0, 0 }, header = { NULL, 0, 0 };
	uint64_t data_end = b->written, features = 0, n = 0, attrs_at = PERF_FILE_HEADER;
	uint64_t events = 0;

	for (unsigned feature = 1; feature < 32; feature++) {
		struct bytes_out probe = { NULL, 0, 0 };

		if (make_feature(b, feature, &probe)) {
			features |= 1ull << feature;
			n++;
		}
		free(probe.data);
	}
	for (unsigned feature = 1; feature < 32; feature++) {
		size_t from = sections.size;

		if (!(features >> feature & 1))
			continue;
		make_feature(b, feature, &sections);
		append_number(&table, data_end + 16 * n + from, 8);
		append_number(&table, sections.size - from, 8);
	}
	out(b, table.data, table.size);
	out(b, sections.data, sections.size);
	for (unsigned i = 0; i <= PERF_BUILD_PT; i++)
		events += has_attr(b, i);
	attrs_at += b->o.no_ids ? 0 : 8 * b->o.cpus * events;
	file_header(b, attrs_at, (ATTR_SIZE + 16) * events, data_end - b->data_at, features,
		    &header);
	if (!b->o.out)
		memcpy(b->memory.data, header.data, header.size);
	else if (fseek(b->o.out, 0, SEEK_SET) ||
		 fwrite(header.data, 1, header.size, b->o.out) != header.size)
		b->failed = true;
	free(sections.data);
	free(table.data);
	free(header.data);
}
