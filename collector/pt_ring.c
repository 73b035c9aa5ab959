// SPDX-License-Identifier: BSD-2-Clause
#include "pt_ring.h"

#include <string.h>

#define SECOND 1000000000ull

/*
 * PT is stopped at the end of a page, and one page before it at the earliest (kernel: pt_buffer_reset_markers): with less
 * room than this it may stand still.
 */
#define STOP_MARGIN 8192

/* PERF_RECORD_AUX without its sample_id. */
struct aux_record {
	struct perf_event_header header;
	uint64_t offset, size, flags;
};

void pt_limit_look(struct pt_limit *limit, uint64_t now)
{
	if (limit->began && now - limit->began < SECOND)
		return;
	limit->began = now;
	limit->left = limit->most;
}

/* Copies SIZE bytes at position AT of the data ring, which may go on at its beginning. */
static void copy(const struct pt_ring *ring, uint64_t at, void *to, size_t size)
{
	size_t from = at & (ring->data_size - 1), first = ring->data_size - from;

	if (first > size)
		first = size;
	memcpy(to, ring->data + from, first);
	memcpy((uint8_t *)to + first, ring->data, size - first);
}

static int deliver(struct pt_ring *ring, const struct pt_sink *sink, struct reblock_pt_piece *piece)
{
	ring->stats.bytes += piece->size;
	piece->flags |= ring->flags;
	ring->flags = 0;
	return sink->piece(sink->context, piece);
}

/* A part of the area, of at most its size, in one or two pieces: it may go on at the area's beginning. */
static int deliver_part(struct pt_ring *ring, uint64_t from, uint64_t size, uint32_t flags,
			uint64_t now, const struct pt_sink *sink)
{
	size_t at = from & (ring->aux_size - 1), first = ring->aux_size - at;
	struct reblock_pt_piece piece = { .cpu = ring->cpu, .time = now, .offset = from };
	int result = 0;

	piece.bytes = ring->aux + at;
	piece.size = first < size ? first : size;
	piece.flags = first < size ? flags & ~(uint32_t)REBLOCK_PT_TRUNCATED : flags;
	result = deliver(ring, sink, &piece);
	if (result || first >= size)
		return result;
	piece.offset += first;
	piece.bytes = ring->aux;
	piece.size = size - first;
	piece.flags = flags;
	return deliver(ring, sink, &piece);
}

/* All up to END that was not yet taken, with FLAGS of the kernel. */
static int take(struct pt_ring *ring, uint64_t end, uint32_t flags, uint64_t now,
		struct pt_limit *limit, const struct pt_sink *sink)
{
	uint64_t from = ring->taken, size = end - from;

	if (size > ring->aux_size) { /* no kernel does that */
		from = end - ring->aux_size;
		ring->stats.left_out += size - ring->aux_size;
		ring->flags |= REBLOCK_PT_GAP;
		size = ring->aux_size;
	}
	ring->taken = end;
	if (!size && !flags)
		return 0;
	if (limit->most && size > limit->left) {
		ring->stats.left_out += size;
		ring->flags |= REBLOCK_PT_GAP;
		limit->left = 0;
		return 0;
	}
	limit->left -= limit->most ? size : 0;
	return deliver_part(ring, from, size, flags, now, sink);
}

/* The record at AT of the data ring. Returns its size, or 0 where there is none that could be one before HEAD. */
static size_t record_at(const struct pt_ring *ring, uint64_t at, uint64_t head,
			struct aux_record *record)
{
	size_t size;

	memset(record, 0, sizeof(*record));
	if (head - at < sizeof(record->header))
		return 0;
	copy(ring, at, &record->header, sizeof(record->header));
	size = record->header.size;
	if (size < sizeof(record->header) || size > head - at)
		return 0;
	copy(ring, at, record, size < sizeof(*record) ? size : sizeof(*record));
	return size;
}

static void count(struct pt_ring *ring, uint32_t flags)
{
	ring->stats.truncated += (flags & REBLOCK_PT_TRUNCATED) != 0;
	ring->stats.partial += (flags & REBLOCK_PT_PARTIAL) != 0;
	if (flags & REBLOCK_PT_TRUNCATED)
		ring->stalled = true;
}

int pt_ring_drain(struct pt_ring *ring, uint64_t now, struct pt_limit *limit,
		  const struct pt_sink *sink)
{
	/* The kernel says what there is before it publishes the bytes: so all of these have their record. */
	uint64_t aux_head = __atomic_load_n(&ring->page->aux_head, __ATOMIC_ACQUIRE);
	uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t at = ring->page->data_tail;
	int result = 0;

	if (aux_head - ring->taken + STOP_MARGIN > ring->aux_size)
		ring->stalled = true;
	while (!result && at != head) {
		struct aux_record record;
		size_t size = record_at(ring, at, head, &record);
		uint64_t end = record.offset + record.size;
		uint32_t flags = (uint32_t)record.flags & REBLOCK_PT_FLAGS_OF_PERF;

		if (!size) {
			/* What lies there is no record: what the next bytes are is not known. */
			ring->stats.lost++;
			ring->flags |= REBLOCK_PT_GAP;
			at = head;
			break;
		}
		if (record.header.type == PERF_RECORD_LOST) {
			ring->stats.lost++;
			ring->flags |= REBLOCK_PT_GAP;
		} else if (record.header.type == PERF_RECORD_AUX && size >= sizeof(record)) {
			if ((int64_t)(end - aux_head) > 0)
				break; /* its bytes come with the next drain */
			/* What nothing is said of goes with what follows: threads that come and go make many. */
			if (flags && (int64_t)(record.offset - ring->taken) > 0)
				result = take(ring, record.offset, 0, now, limit, sink);
			if (flags && !result)
				result = take(ring,
					      (int64_t)(end - ring->taken) > 0 ? end : ring->taken,
					      flags, now, limit, sink);
			count(ring, flags);
		}
		at += size;
	}
	if (!result && aux_head != ring->taken && (int64_t)(aux_head - ring->taken) > 0)
		result = take(ring, aux_head, 0, now, limit, sink);
	__atomic_store_n(&ring->page->data_tail, at, __ATOMIC_RELEASE);
	__atomic_store_n(&ring->page->aux_tail, ring->taken, __ATOMIC_RELEASE);
	return result;
}

/* What was said about an area that is overwritten is of the whole of it. */
static uint32_t flags_said(struct pt_ring *ring)
{
	uint64_t head = __atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE);
	uint64_t at = ring->page->data_tail;
	uint32_t all = 0;

	while (at != head) {
		struct aux_record record;
		size_t size = record_at(ring, at, head, &record);

		if (!size || record.header.type == PERF_RECORD_LOST)
			ring->stats.lost++;
		if (!size)
			break;
		if (record.header.type == PERF_RECORD_AUX && size >= sizeof(record)) {
			uint32_t flags = (uint32_t)record.flags & REBLOCK_PT_FLAGS_OF_PERF;

			count(ring, flags);
			all |= flags;
		}
		at += size;
	}
	__atomic_store_n(&ring->page->data_tail, head, __ATOMIC_RELEASE);
	return all | REBLOCK_PT_OVERWRITE;
}

int pt_ring_snapshot(struct pt_ring *ring, uint64_t now, const struct pt_sink *sink)
{
	uint32_t flags = flags_said(ring);
	size_t head = __atomic_load_n(&ring->page->aux_head, __ATOMIC_ACQUIRE) &
		      (ring->aux_size - 1);
	const uint8_t *oldest = ring->aux + head, *end = ring->aux + ring->aux_size;
	struct reblock_pt_piece piece = { .cpu = ring->cpu, .time = now, .flags = flags };
	int result = 0;

	/* The area was zeroed when it was mapped: where it was not yet written round, zeros stand there still. */
	while (oldest < end && !*oldest)
		oldest++;
	if (oldest < end) {
		piece.bytes = oldest;
		piece.size = (size_t)(end - oldest);
		result = deliver(ring, sink, &piece);
		piece.offset += piece.size;
		piece.flags = flags;
	}
	if (result || !head)
		return result;
	piece.bytes = ring->aux;
	piece.size = head;
	return deliver(ring, sink, &piece);
}
