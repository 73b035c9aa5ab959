/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What perf.data says of itself. In a file it stands in sections: attrs in front, the rest behind the
 * records, so that a file which is cut off says nothing. In a pipe's stream they are records.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "input/perf_format.h"
#include "input/perf_reader.h"
#include "input/utf8.h"

int perf_refuse(const struct reblock_input *in, char **error, const char *format, ...)
{
	char what[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (asprintf(error, "%s: %s", in->name, what) < 0)
		*error = NULL;
	return -EINVAL;
}

/* A string of a feature: its length, then so many bytes, with a zero in them. */
static void get_string(const uint8_t *data, size_t size, char *text, size_t room)
{
	size_t n;

	if (size < 4)
		return;
	n = perf_u32(data);
	n = n < size - 4 ? n : size - 4;
	n = n < room - 1 ? n : room - 1;
	memcpy(text, data + 4, n);
	text[n] = 0;
	utf8_clean(text);
}

static void take_feature(struct reblock_input *in, struct perf_reader *p, unsigned feature,
			 const uint8_t *data, size_t size)
{
	struct reblock_source *s = &in->source;
	char text[64] = "";

	switch (feature) {
	case PERF_FEATURE_TRACING_DATA:
		p->tracing = data;
		p->tracing_size = size;
		break;
	case PERF_FEATURE_HOSTNAME:
		get_string(data, size, s->host, sizeof(s->host));
		break;
	case PERF_FEATURE_OSRELEASE:
		get_string(data, size, s->kernel, sizeof(s->kernel));
		break;
	case PERF_FEATURE_VERSION:
		get_string(data, size, text, sizeof(text) - 16);
		/* A perf built outside of git has no version to tell. */
		snprintf(s->source, sizeof(s->source), "perf.data%s%.40s", *text ? " of perf " : "",
			 text);
		break;
	case PERF_FEATURE_CPUID:
		/* "GenuineIntel,6,85,7", newer ones with more behind it */
		get_string(data, size, text, sizeof(text));
		if (sscanf(text, "%*[^,],%u,%u,%u", &s->family, &s->model, &s->stepping) == 3)
			s->presence |= REBLOCK_SOURCE_CPU;
		else
			s->family = s->model = s->stepping = 0;
		break;
	case PERF_FEATURE_NRCPUS: /* of those available, of those online */
		p->online = size >= 8 ? perf_u32(data + 4) : 0;
		break;
	default:
		break;
	}
}

/* The bytes of a section, NULL where they do not lie within the file. */
static const uint8_t *section(const struct bytes *b, uint64_t offset, uint64_t size)
{
	return offset <= b->size && size <= b->size - offset ? b->data + offset : NULL;
}

static int read_attrs(const struct reblock_input *in, struct perf_reader *p, char **error)
{
	const uint8_t *h = in->bytes.data;
	uint64_t each = perf_u64(h + 16), size = perf_u64(h + 32);
	const uint8_t *at = section(&in->bytes, perf_u64(h + 24), size);

	if (!at || each < PERF_ATTR_MIN + 16 || each > size || size / each > PERF_ATTRS)
		return perf_refuse(in, error, "the list of what was recorded is damaged");
	for (uint64_t i = 0; i < size / each; i++, at += each) {
		size_t attr = perf_u32(at + PERF_ATTR_SIZE);
		const uint8_t *ids;
		uint64_t ids_size;
		int err;

		attr = attr ? attr : PERF_ATTR_MIN;
		if (attr > each - 16)
			return perf_refuse(in, error, "the list of what was recorded is damaged");
		ids_size = perf_u64(at + attr + 8);
		ids = section(&in->bytes, perf_u64(at + attr), ids_size);
		if (!ids)
			return perf_refuse(
				in, error,
				"the ids of what was recorded lie outside of the file: it is damaged");
		err = perf_attrs_add(&p->attrs, at, attr, ids, (size_t)(ids_size / 8));
		if (err == -EINVAL)
			return perf_refuse(in, error, "the list of what was recorded is damaged");
		if (err)
			return err;
	}
	return 0;
}

static int read_file(struct reblock_input *in, struct perf_reader *p, char **error)
{
	const uint8_t *h = in->bytes.data, *table;
	uint64_t features = 0;
	unsigned gone = 0;
	int err;

	p->offset = perf_u64(h + 40);
	p->size = perf_u64(h + 48);
	if (!p->size)
		return perf_refuse(
			in, error,
			"perf was ended before it finished this file, so it has no formats of the events; end perf record by Ctrl-C or SIGINT and let it finish");
	p->data = section(&in->bytes, p->offset, p->size);
	if (!p->data)
		return perf_refuse(
			in, error,
			"the file is cut off: its header promises %llu bytes of records and more behind them, such as the formats of the events, without which they cannot be read; copy it whole, or record again",
			(unsigned long long)p->size);
	err = read_attrs(in, p, error);
	if (err)
		return err;
	table = p->data + p->size;
	for (unsigned i = 0; i < PERF_FEATURES; i++)
		features += h[72 + i / 8] >> i % 8 & 1;
	if (!section(&in->bytes, p->offset + p->size, 16 * features))
		return perf_refuse(
			in, error,
			"the file is cut off behind its records; copy it whole, or record again");
	for (unsigned i = 0; i < PERF_FEATURES; i++) {
		const uint8_t *data;

		if (!(h[72 + i / 8] >> i % 8 & 1))
			continue;
		data = section(&in->bytes, perf_u64(table), perf_u64(table + 8));
		if (data)
			take_feature(in, p, i, data, (size_t)perf_u64(table + 8));
		else if (i == PERF_FEATURE_TRACING_DATA)
			return perf_refuse(
				in, error,
				"the file is cut off in the formats of the events; copy it whole, or record again");
		else
			gone++;
		table += 16;
	}
	if (gone)
		reader_damage(
			in,
			"%u sections that describe the recording lie outside of the file: it is cut off behind its records, or damaged",
			gone);
	return 0;
}

/* Descriptions may stand anywhere in the stream. */
static int read_pipe(struct reblock_input *in, struct perf_reader *p, char **error)
{
	struct perf_walk w;
	const uint8_t *r;
	int err = 0;

	p->pipe = true;
	p->offset = PERF_PIPE_HEADER;
	p->data = in->bytes.data + PERF_PIPE_HEADER;
	p->size = in->bytes.size - PERF_PIPE_HEADER;
	perf_walk_begin(&w, p->data, p->size, p->offset);
	while (!err && (r = perf_walk_next(&w, &err)) != NULL) {
		size_t size = perf_size(r), attr;

		if (w.unpacked) /* only what comes out of the kernel's buffers */
			continue;
		switch (perf_type(r)) {
		case PERF_HEADER_ATTR:
			if (size < PERF_RECORD_HEADER + PERF_ATTR_MIN)
				break;
			attr = perf_u32(r + PERF_RECORD_HEADER + PERF_ATTR_SIZE);
			attr = attr ? attr : PERF_ATTR_MIN;
			if (attr > size - PERF_RECORD_HEADER)
				break;
			err = perf_attrs_add(&p->attrs, r + PERF_RECORD_HEADER, attr,
					     r + PERF_RECORD_HEADER + attr,
					     (size - PERF_RECORD_HEADER - attr) / 8);
			break;
		case PERF_HEADER_TRACING_DATA:
			take_feature(in, p, PERF_FEATURE_TRACING_DATA, r + size, perf_u32(r + 8));
			break;
		case PERF_HEADER_FEATURE:
			if (size >= PERF_RECORD_HEADER + 8 &&
			    perf_u64(r + PERF_RECORD_HEADER) < PERF_FEATURES)
				take_feature(in, p, (unsigned)perf_u64(r + PERF_RECORD_HEADER),
					     r + 16, size - 16);
			break;
		default:
			break;
		}
	}
	perf_walk_end(&w);
	if (err == -EINVAL)
		return perf_refuse(in, error, "the list of what was recorded is damaged");
	return err;
}

int perf_header_read(struct reblock_input *in, struct perf_reader *p, char **error)
{
	const struct bytes *b = &in->bytes;

	if (b->size < PERF_PIPE_HEADER)
		return perf_refuse(in, error, "this is perf.data, and cut off in its header");
	if (perf_u64(b->data + 8) == PERF_PIPE_HEADER)
		return read_pipe(in, p, error);
	if (b->size < PERF_FILE_HEADER || perf_u64(b->data + 8) < PERF_FILE_HEADER)
		return perf_refuse(in, error,
				   "this is perf.data, and its header is damaged or cut off");
	return read_file(in, p, error);
}
