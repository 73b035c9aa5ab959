/* SPDX-License-Identifier: BSD-2-Clause */
/* Pages of the kernel's ring buffer, and the events in them. */
#include "tracedat/shape.h"

#define HEAD 16 /* time, and a commit field of 8 bytes */
#define COMMIT_SIZE 0xfffffu
#define COMMIT_FLAGS 0xc0000000u

enum { LENGTH_FOLLOWS = 0, PADDING = 29, TIME_EXTEND = 30 };

/* An event is one whose format is there. */
static void mend_id(struct dat_shape *s, size_t at)
{
	uint64_t id = dat_get(s, at, 2);

	if (!s->n_ids || (s->leave & DAT_LEAVE_IDS))
		return;
	for (size_t i = 0; i < s->n_ids; i++)
		if (s->ids[i] == id)
			return;
	dat_set(s, at, 2, s->ids[id % s->n_ids]);
}

/* The event at AT, for which LEFT bytes are there. Returns its size, 0 where none fits. */
static size_t mend_event(struct dat_shape *s, size_t at, size_t left)
{
	uint32_t head, type;
	uint64_t length;

	if (left < 8)
		return 0;
	head = (uint32_t)dat_get(s, at, 4);
	type = head & 31;
	if (type == PADDING && !(head >> 5))
		return 0;
	if (type >= TIME_EXTEND)
		return 8;
	if (type && type < PADDING) {
		if (4 + 4 * type > left) {
			type = (uint32_t)(left - 4) / 4;
			dat_set(s, at, 4, (head & ~31u) | type);
		}
		mend_id(s, at + 4);
		return 4 + 4 * type;
	}
	if (left < 12)
		return 0;
	length = dat_get(s, at + 4, 4);
	if (length < 8 || length > left - 4)
		dat_set(s, at + 4, 4, length = 8 + length % (left - 11));
	if (type == LENGTH_FOLLOWS)
		mend_id(s, at + 8);
	length = (4 + length + 3) & ~(uint64_t)3;
	return length < left ? (size_t)length : left;
}

static void mend_page(struct dat_shape *s, size_t at, size_t size)
{
	uint32_t commit = (uint32_t)dat_get(s, at + 8, 4), high = (uint32_t)dat_get(s, at + 12, 4);
	uint32_t data = commit & COMMIT_SIZE;
	size_t done = 0;

	if (!(s->leave & DAT_LEAVE_PAGES)) {
		if (data > size - HEAD)
			data %= (uint32_t)(size - HEAD + 1);
		dat_set(s, at + 8, 4, (commit & COMMIT_FLAGS) | data);
		if (high && high != UINT32_MAX)
			dat_set(s, at + 12, 4, 0);
	}
	if (data > size - HEAD || (s->leave & DAT_LEAVE_EVENTS))
		return;
	while (done < data) {
		size_t event = mend_event(s, at + HEAD + done, data - done);

		if (!event)
			break;
		done += event;
	}
	/* What is left holds no event, or padding up to the end. */
	if (data - done < 8 && !(s->leave & DAT_LEAVE_PAGES))
		dat_set(s, at + 8, 4, (commit & COMMIT_FLAGS) | (uint32_t)done);
	else if (data - done >= 8)
		dat_set(s, at + HEAD + done, 4, PADDING);
}

void dat_mend_pages(struct dat_shape *s, size_t at, size_t size, uint32_t page_size)
{
	for (size_t some; size >= HEAD; at += some, size -= some) {
		some = size < page_size ? size : page_size;
		if (some >= HEAD)
			mend_page(s, at, some);
	}
}
