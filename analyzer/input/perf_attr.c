/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include "input/perf_attr.h"

/* The fields of a sample that stand before those of variable size, in their order. */
static void place_in_sample(struct perf_attr *a)
{
	uint16_t at = PERF_RECORD_HEADER;
	uint64_t has = a->sample_type;

	if (has & PERF_HAS_IDENTIFIER) {
		a->id = at;
		at += 8;
	}
	at += has & PERF_HAS_IP ? 8 : 0;
	if (has & PERF_HAS_TID) {
		a->tid = at;
		at += 8;
	}
	if (has & PERF_HAS_TIME) {
		a->time = at;
		at += 8;
	}
	at += has & PERF_HAS_ADDR ? 8 : 0;
	if (has & PERF_HAS_ID) {
		a->id = a->id ? a->id : at;
		at += 8;
	}
	at += has & PERF_HAS_STREAM_ID ? 8 : 0;
	if (has & PERF_HAS_CPU) {
		a->cpu = at;
		at += 8;
	}
	at += has & PERF_HAS_PERIOD ? 8 : 0;
	a->rest = at;
	if (has & PERF_HAS_RAW)
		a->raw = at; /* where nothing of variable size stands before it */
}

/* The fields behind other records (sample_id_all), from their end back. */
static void place_in_tail(struct perf_attr *a)
{
	uint16_t at = 0;
	uint64_t has = a->sample_type;

	if (!(a->flags & PERF_FLAG_SAMPLE_ID_ALL))
		return;
	if (has & PERF_HAS_IDENTIFIER)
		a->tail_id = at += 8;
	if (has & PERF_HAS_CPU)
		a->tail_cpu = at += 8;
	at += has & PERF_HAS_STREAM_ID ? 8 : 0;
	if (has & PERF_HAS_ID) {
		at += 8;
		a->tail_id = a->tail_id ? a->tail_id : at;
	}
	if (has & PERF_HAS_TIME)
		a->tail_time = at += 8;
	if (has & PERF_HAS_TID)
		a->tail_tid = at += 8;
	a->tail = at;
}

static int add_ids(struct perf_attrs *a, const uint8_t *ids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t id = perf_u64(ids + 8 * i);
		int err = u64_map_set(&a->attr_of, id, (uint32_t)a->n);

		/* perf opens each event once for each buffer, in the same order. */
		if (!err)
			err = u64_map_set(&a->slot_of, id, (uint32_t)i + 1);
		if (err)
			return err;
	}
	a->n_ids += (uint32_t)n;
	return 0;
}

int perf_attrs_add(struct perf_attrs *a, const uint8_t *data, size_t size, const uint8_t *ids,
		   size_t n_ids)
{
	struct perf_attr *attr;

	if (size < PERF_ATTR_MIN || a->n >= PERF_ATTRS || n_ids > PERF_IDS - a->n_ids)
		return -EINVAL;
	if (a->n == a->room) {
		size_t room = a->room ? a->room * 2 : 16;

		attr = realloc(a->attrs, room * sizeof(*attr));
		if (!attr)
			return -ENOMEM;
		a->attrs = attr;
		a->room = room;
	}
	attr = &a->attrs[a->n++];
	memset(attr, 0, sizeof(*attr));
	attr->type = perf_u32(data + PERF_ATTR_TYPE);
	attr->config = perf_u64(data + PERF_ATTR_CONFIG);
	attr->period = perf_u64(data + PERF_ATTR_PERIOD);
	attr->sample_type = perf_u64(data + PERF_ATTR_SAMPLE_TYPE);
	attr->read_format = perf_u64(data + PERF_ATTR_READ_FORMAT);
	attr->flags = perf_u64(data + PERF_ATTR_FLAGS);
	attr->n_ids = (uint32_t)n_ids;
	attr->clockid = -1;
	if ((attr->flags & PERF_FLAG_USE_CLOCKID) && size >= PERF_ATTR_CLOCKID + 4)
		attr->clockid = (int32_t)perf_u32(data + PERF_ATTR_CLOCKID);
	place_in_sample(attr);
	place_in_tail(attr);
	return add_ids(a, ids, n_ids);
}

static bool samples(const struct perf_attr *a)
{
	return a->type != PERF_TYPE_SOFTWARE || a->config != PERF_COUNT_SW_DUMMY;
}

void perf_attrs_done(struct perf_attrs *a)
{
	const struct perf_attr *first = NULL;

	a->uniform = true;
	for (size_t i = 0; i < a->n; i++) {
		const struct perf_attr *attr = &a->attrs[i];

		if (!samples(attr))
			continue;
		if (!first)
			first = attr;
		/* A sample of a tracepoint names its event itself; any other needs its id. */
		if (attr->type != PERF_TYPE_TRACEPOINT || attr->sample_type != first->sample_type ||
		    attr->read_format != first->read_format)
			a->uniform = false;
	}
	if (first)
		a->form = *first;
}

const struct perf_attr *perf_attrs_by_id(const struct perf_attrs *a, const uint8_t *r)
{
	uint32_t i;

	if (!a->form.id || a->form.id + 8u > perf_size(r))
		return NULL;
	i = u64_map_get(&a->attr_of, perf_u64(r + a->form.id));
	return i ? &a->attrs[i - 1] : NULL;
}

const struct perf_attr *perf_attr_of_tail(const struct perf_attrs *a, const uint8_t *r)
{
	uint32_t i;

	if (!(a->form.sample_type & PERF_HAS_IDENTIFIER) || !a->form.tail ||
	    perf_size(r) < PERF_RECORD_HEADER + 8)
		return &a->form;
	i = u64_map_get(&a->attr_of, perf_u64(r + perf_size(r) - 8));
	return i ? &a->attrs[i - 1] : &a->form;
}

/* Bytes of what read(2) of the event gives, at P with LEFT bytes; 0 where they do not hold it. */
static size_t read_size(uint64_t format, const uint8_t *p, size_t left)
{
	size_t each = 8 + (format & PERF_READ_ID ? 8 : 0) + (format & PERF_READ_LOST ? 8 : 0);
	size_t times = (format & PERF_READ_ENABLED ? 8 : 0) + (format & PERF_READ_RUNNING ? 8 : 0);
	uint64_t n;

	if (!(format & PERF_READ_GROUP))
		return each + times;
	if (left < 8)
		return 0;
	n = perf_u64(p);
	return n <= left / each ? 8 + times + (size_t)n * each : 0;
}

/* Where R goes on behind what was read of the event and the chain of calls; 0 where it does not hold them. */
static size_t behind_chain(const struct perf_attr *attr, const uint8_t *r)
{
	size_t size = perf_size(r), at = attr->rest;

	if (at > size)
		return 0;
	if (attr->sample_type & PERF_HAS_READ) {
		size_t n = read_size(attr->read_format, r + at, size - at);

		if (!n || n > size - at)
			return 0;
		at += n;
	}
	if (attr->sample_type & PERF_HAS_CALLCHAIN) {
		uint64_t n;

		if (size - at < 8)
			return 0;
		n = perf_u64(r + at);
		at += 8;
		if (n > (size - at) / 8)
			return 0;
		at += (size_t)n * 8;
	}
	return at;
}

size_t perf_attr_raw_behind(const struct perf_attr *attr, const uint8_t *r)
{
	size_t at = attr->raw ? behind_chain(attr, r) : 0;

	return at && perf_size(r) - at >= 4 ? at : 0;
}

size_t perf_attr_aux(const struct perf_attr *attr, const uint8_t *r, size_t *size)
{
	/* Of one u64 each, between the raw data and the AUX area (kernel/events/core.c, perf_output_sample). */
	static const uint32_t words[] = { PERF_HAS_WEIGHT | PERF_HAS_WEIGHT_STRUCT,
					  PERF_HAS_DATA_SRC,
					  PERF_HAS_TRANSACTION,
					  PERF_HAS_PHYS_ADDR,
					  PERF_HAS_CGROUP,
					  PERF_HAS_DATA_PAGE_SIZE,
					  PERF_HAS_CODE_PAGE_SIZE };
	uint64_t has = attr->sample_type;
	size_t at = behind_chain(attr, r), end = perf_size(r);

	if (!at || !(has & PERF_HAS_AUX) ||
	    has & (PERF_HAS_BRANCH_STACK | PERF_HAS_REGS_USER | PERF_HAS_STACK_USER |
		   PERF_HAS_REGS_INTR))
		return 0;
	if (has & PERF_HAS_RAW)
		at += end - at < 4 ? end : 4 + (size_t)perf_u32(r + at);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		at += has & words[i] ? 8 : 0;
	if (at > end || end - at < 8 || perf_u64(r + at) > end - at - 8)
		return 0;
	*size = (size_t)perf_u64(r + at);
	return at + 8;
}

void perf_attrs_free(struct perf_attrs *a)
{
	free(a->attrs);
	u64_map_free(&a->attr_of);
	u64_map_free(&a->slot_of);
	memset(a, 0, sizeof(*a));
}
