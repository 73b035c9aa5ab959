/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "perf/format.h"
#include "perf/shape.h"

static uint64_t get(const struct perf_shape *s, size_t at, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, s->at + at, size);
	return value;
}

static void set(struct perf_shape *s, size_t at, size_t size, uint64_t value)
{
	memcpy(s->at + at, &value, size);
}

/* The number of SIZE bytes at AT is made at most MOST; returns it. */
static uint64_t clip(struct perf_shape *s, size_t at, size_t size, uint64_t most)
{
	uint64_t value = get(s, at, size);

	if (value > most)
		set(s, at, size, value = most ? value % (most + 1) : 0);
	return value;
}

/* A section: its offset and its size, 16 bytes at AT, are made to lie within the file. */
static void mend_section(struct perf_shape *s, size_t at, size_t from)
{
	uint64_t offset = get(s, at, 8);

	if (offset < from || offset > s->size)
		set(s, at, 8, offset = from);
	clip(s, at + 8, 8, s->size - offset);
}

/* The fields of an attr, SIZE bytes at AT, that decide whether anything can be audited. */
static void mend_attr(struct perf_shape *s, size_t at, size_t size)
{
	uint64_t type = get(s, at + PERF_SAMPLE_TYPE, 8);

	if (size < PERF_ATTR_LEAST || s->leave & PERF_LEAVE_ATTRS)
		return;
	if (get(s, at, 4) != PERF_TRACEPOINT)
		return;
	type |= PERF_TID | PERF_TIME | PERF_RAW;
	type &= PERF_KNOWN_SAMPLE;
	type = s->has_form ? s->sample_type : type;
	set(s, at + PERF_SAMPLE_TYPE, 8, type);
	if (s->has_form)
		set(s, at + PERF_READ_FORMAT, 8, s->read_format);
	clip(s, at + PERF_CONFIG, 8, UINT16_MAX);
	set(s, at + PERF_PERIOD, 8, 1);
	set(s, at + PERF_FLAGS, 8, get(s, at + PERF_FLAGS, 8) & ~(uint64_t)PERF_FREQ);
}

static void take_attr(struct perf_shape *s, size_t at, size_t size, size_t ids, size_t n)
{
	if (size < PERF_ATTR_LEAST)
		return;
	mend_attr(s, at, size);
	if (get(s, at, 4) != PERF_TRACEPOINT) {
		s->mixed = true;
		return;
	}
	if (!s->has_form) {
		s->sample_type = get(s, at + PERF_SAMPLE_TYPE, 8);
		s->read_format = get(s, at + PERF_READ_FORMAT, 8);
	}
	s->has_form = true;
	s->mixed |= n > PERF_IDS_MOST - s->n_ids;
	for (size_t i = 0; i < n && s->n_ids < PERF_IDS_MOST; i++) {
		s->ids[s->n_ids].id = get(s, ids + 8 * i, 8);
		s->ids[s->n_ids++].event = (uint16_t)get(s, at + PERF_CONFIG, 8);
	}
	/* Without ids, samples name their event alone. */
	if (!n && s->n_ids < PERF_IDS_MOST) {
		s->ids[s->n_ids].id = 0;
		s->ids[s->n_ids++].event = (uint16_t)get(s, at + PERF_CONFIG, 8);
	}
}

/* Where in a sample id, time and raw data are; 0: not there, or behind something of variable size. */
struct places {
	size_t id, time, raw;
};

static struct places places_of(uint64_t type)
{
	struct places p = { 0 };
	size_t at = PERF_HEAD;

	if (type & PERF_IDENTIFIER) {
		p.id = at;
		at += 8;
	}
	at += (type & PERF_IP ? 8 : 0) + (type & PERF_TID ? 8 : 0);
	if (type & PERF_TIME) {
		p.time = at;
		at += 8;
	}
	at += type & PERF_ADDR ? 8 : 0;
	if (type & PERF_ID) {
		p.id = p.id ? p.id : at;
		at += 8;
	}
	at += (type & PERF_STREAM ? 8 : 0) + (type & PERF_CPU ? 8 : 0) +
	      (type & PERF_PERIODS ? 8 : 0);
	if ((type & PERF_RAW) && !(type & (PERF_READ | PERF_CALLCHAIN)))
		p.raw = at;
	return p;
}

static void mend_sample(struct perf_shape *s, size_t at, size_t size)
{
	struct places p = places_of(s->sample_type);
	size_t last = s->n_ids;

	if (!s->has_form || !s->n_ids)
		return;
	if (p.time && p.time + 8 <= size && !(s->leave & PERF_LEAVE_TIMES)) {
		uint64_t t = clip(s, at + p.time, 8, (uint64_t)1 << 56);

		if (t < s->t)
			set(s, at + p.time, 8, t = s->t + (t & 0xff));
		s->t = t;
	}
	if (s->leave & PERF_LEAVE_SAMPLES)
		return;
	/* Where raw data stand behind something of variable size, that has to be left alone, too. */
	if ((s->sample_type & PERF_RAW) && !p.raw) {
		s->mixed = true;
		return;
	}
	/* One that has no room for the number of its event says nothing, and is told as damage. */
	if (!p.raw || p.raw + 6 > size || (p.id && p.id + 8 > size)) {
		set(s, at, 4, PERF_FINISHED_INIT);
		return;
	}
	clip(s, at + p.raw, 4, size - p.raw - 4);
	if (p.id) {
		uint64_t id = get(s, at + p.id, 8);

		for (size_t i = 0; i < s->n_ids; i++)
			if (s->ids[i].id == id)
				last = i;
		if (last == s->n_ids)
			set(s, at + p.id, 8, s->ids[last = id % s->n_ids].id);
	} else {
		uint64_t event = get(s, at + p.raw + 4, 2);

		last = event % s->n_ids;
		for (size_t i = 0; i < s->n_ids; i++)
			if (s->ids[i].event == event)
				last = i;
	}
	set(s, at + p.raw + 4, 2, s->ids[last].event);
	s->samples++;
}

/* How Intel PT was recorded: of that kind, with a clock that can be. */
static void mend_aux_info(struct perf_shape *s, size_t at, size_t size)
{
	if (s->leave & PERF_LEAVE_AUX || size < PERF_PT_WORDS + 5 * 8)
		return;
	set(s, at + PERF_PT_KIND, 4, PERF_PT);
	clip(s, at + PERF_PT_WORDS + 8, 8, 63);
	clip(s, at + PERF_PT_WORDS + 16, 8, UINT32_MAX);
}

/* PT of one of a few CPUs, which mostly goes on where that CPU's ended. */
static void mend_auxtrace(struct perf_shape *s, size_t at, size_t payload)
{
	uint64_t cpu, end;

	if (s->leave & PERF_LEAVE_AUX)
		return;
	cpu = get(s, at + PERF_AUXTRACE_CPU, 4) % PERF_AUX_CPUS;
	set(s, at + PERF_AUXTRACE_CPU, 4, cpu);
	end = s->aux_end[cpu];
	/* Its lowest bits say by how much it may be elsewhere: behind, before, or as a snapshot has it. */
	if (get(s, at + PERF_AUXTRACE_AT, 8) % 16 < 12)
		set(s, at + PERF_AUXTRACE_AT, 8, end);
	else
		clip(s, at + PERF_AUXTRACE_AT, 8, end + 4096);
	s->aux_end[cpu] = get(s, at + PERF_AUXTRACE_AT, 8) + payload;
}

/* A record that has a payload behind it: PAYLOAD is where the size of that stands, of WIDTH bytes. */
static size_t payload(struct perf_shape *s, size_t at, size_t size, size_t least, size_t width,
		      size_t left)
{
	s->plain = false;
	if (size < least) {
		set(s, at, 4, PERF_FINISHED_INIT);
		return size;
	}
	return size + (size_t)clip(s, at + PERF_HEAD, width, left - size);
}

/* The record at AT, of LEFT bytes that are there. Returns its size, its payload included. */
static size_t mend_record(struct perf_shape *s, size_t at, size_t left)
{
	uint64_t type = get(s, at, 4), size = get(s, at + 6, 2);

	if (!(s->leave & PERF_LEAVE_RECORDS)) {
		if (!type || type >= PERF_TYPES)
			set(s, at, 4, type = PERF_SAMPLE);
		/* Compressed ones have any size. */
		if (size < PERF_HEAD)
			size = PERF_HEAD;
		if (size > left)
			size = left;
		set(s, at + 6, 2, size);
	}
	if (size < PERF_HEAD || size > left)
		return 0;
	switch (type) {
	case PERF_SAMPLE:
		mend_sample(s, at, (size_t)size);
		break;
	case PERF_AUXTRACE_INFO:
		mend_aux_info(s, at, (size_t)size);
		break;
	case PERF_AUXTRACE: {
		size_t whole = payload(s, at, (size_t)size, PERF_AUXTRACE_LEAST, 8, left);

		if (size >= PERF_AUXTRACE_LEAST)
			mend_auxtrace(s, at, whole - (size_t)size);
		return whole;
	}
	case PERF_TRACING:
		return payload(s, at, (size_t)size, 12, 4, left);
	case PERF_PACKED:
	case PERF_PACKED2:
		s->plain = false;
		break;
	case PERF_ATTR:
		if (s->pipe && size >= PERF_HEAD + PERF_ATTR_LEAST) {
			size_t attr = (size_t)clip(s, at + PERF_HEAD + 4, 4, size - PERF_HEAD);

			attr = attr < PERF_ATTR_LEAST ? PERF_ATTR_LEAST : attr;
			set(s, at + PERF_HEAD + 4, 4, attr);
			take_attr(s, at + PERF_HEAD, attr, at + PERF_HEAD + attr,
				  ((size_t)size - PERF_HEAD - attr) / 8);
		}
		break;
	default:
		break;
	}
	return (size_t)size;
}

static void mend_records(struct perf_shape *s)
{
	size_t at = s->data, end = s->data + s->data_size;

	s->plain = true;
	while (end - at >= PERF_HEAD) {
		size_t size = mend_record(s, at, end - at);

		if (!size)
			break; /* as it is, from here on */
		at += size;
	}
	if (s->leave & PERF_LEAVE_RECORDS)
		return;
	/* What is left is too little for a record. */
	s->data_size = at - s->data;
	if (s->pipe)
		s->size = at;
	else
		set(s, 48, 8, s->data_size);
}

static void mend_attrs(struct perf_shape *s)
{
	uint64_t each, offset, size;

	mend_section(s, 24, PERF_FILE_HEAD);
	offset = get(s, 24, 8);
	size = get(s, 32, 8);
	each = get(s, 16, 8);
	if (each < PERF_ATTR_LEAST + 16 || each > size)
		set(s, 16, 8, each = PERF_ATTR_LEAST + 16);
	for (; size >= each; offset += each, size -= each) {
		uint64_t attr = get(s, (size_t)offset + 4, 4);

		if (attr && (attr < PERF_ATTR_LEAST || attr > each - 16))
			set(s, (size_t)offset + 4, 4, attr = each - 16);
		attr = attr ? attr : PERF_ATTR_LEAST;
		mend_section(s, (size_t)(offset + attr), 0);
		take_attr(s, (size_t)offset, (size_t)attr,
			  (size_t)get(s, (size_t)(offset + attr), 8),
			  (size_t)get(s, (size_t)(offset + attr) + 8, 8) / 8);
	}
}

/* The table behind the records, which says where the features are. */
static void mend_features(struct perf_shape *s)
{
	size_t table = s->data + s->data_size, n = 0;

	for (size_t i = 0; i < PERF_FEATURES; i++) {
		uint8_t *byte = &s->at[72 + i / 8];

		if (!(*byte >> i % 8 & 1))
			continue;
		if (s->size - table < 16 * (n + 1)) {
			*byte &= (uint8_t) ~(1u << i % 8);
			continue;
		}
		mend_section(s, table + 16 * n++, 0);
	}
}

static void mend_file(struct perf_shape *s)
{
	if (s->size < PERF_FILE_HEAD) {
		memset(s->at + s->size, 0, PERF_FILE_HEAD - s->size);
		s->size = PERF_FILE_HEAD;
	}
	if (s->leave & PERF_LEAVE_HEAD)
		return;
	set(s, 8, 8, PERF_FILE_HEAD);
	mend_section(s, 40, PERF_FILE_HEAD);
	s->data = (size_t)get(s, 40, 8);
	s->data_size = (size_t)get(s, 48, 8);
	mend_attrs(s);
	mend_records(s);
	mend_features(s);
}

void perf_mend(struct perf_shape *s)
{
	s->has_form = s->plain = s->mixed = false;
	s->n_ids = s->samples = 0;
	s->t = 0;
	s->data = s->data_size = 0;
	memset(s->aux_end, 0, sizeof(s->aux_end));
	if (s->size < PERF_PIPE_HEAD) {
		memset(s->at + s->size, 0, PERF_PIPE_HEAD - s->size);
		s->size = PERF_PIPE_HEAD;
	}
	memcpy(s->at, "PERFILE2", 8);
	s->pipe = get(s, 8, 8) == PERF_PIPE_HEAD;
	if (!s->pipe) {
		mend_file(s);
		return;
	}
	s->data = PERF_PIPE_HEAD;
	s->data_size = s->size - PERF_PIPE_HEAD;
	mend_records(s);
}
