// SPDX-License-Identifier: BSD-2-Clause
#include "merge.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <reblock/record.h>

/* A sample's header: its length and two flags, and four bytes of the kernel's own (linux/bpf.h). */
#define HEADER 8
#define BUSY (1u << 31)
#define DISCARDED (1u << 30)

/* Room that a consumer gives back late costs its CPU records: at least each so many bytes. */
#define GIVE_BACK 16384

static uint32_t header(const struct ring *ring, unsigned long at)
{
	const uint32_t *word = (const uint32_t *)(ring->data + (at & (ring->size - 1)));

	return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

static unsigned long behind(unsigned long at, uint32_t length)
{
	return at + ((HEADER + (length & ~(BUSY | DISCARDED)) + 7) & ~7ul);
}

int merge_begin(struct merge *merge, struct ring *rings, size_t n)
{
	merge->heap = calloc(n, sizeof(struct ring *));
	if (!merge->heap)
		return -ENOMEM;
	merge->rings = rings;
	merge->n = n;
	merge->heaped = 0;
	for (size_t i = 0; i < n; i++) {
		rings[i].at = rings[i].seen = *rings[i].consumer;
		rings[i].bound = 0;
	}
	return 0;
}

void merge_end(struct merge *merge)
{
	free(merge->heap);
	merge->heap = NULL;
}

/* Sees what has been submitted by now. Returns 0, or -EBADMSG. */
static int look(struct ring *ring, uint64_t now)
{
	unsigned long end = __atomic_load_n(ring->producer, __ATOMIC_ACQUIRE);

	if (end - *ring->consumer > ring->size)
		return -EBADMSG;
	while (ring->seen != end) {
		uint32_t length = header(ring, ring->seen);

		if (length & BUSY)
			return 0;
		if (behind(ring->seen, length) - ring->seen > end - ring->seen)
			return -EBADMSG;
		ring->seen = behind(ring->seen, length);
	}
	ring->bound = now;
	return 0;
}

static void give_back(struct ring *ring)
{
	__atomic_store_n(ring->consumer, ring->at, __ATOMIC_RELEASE);
}

/* Goes to the next sample that was seen, and sets its time: that of its last record. */
static bool next(struct ring *ring)
{
	while (ring->at != ring->seen) {
		uint32_t length = header(ring, ring->at);
		size_t records = length / sizeof(struct reblock_record);
		const unsigned char *sample;

		if (length & DISCARDED) {
			ring->at = behind(ring->at, length);
			continue;
		}
		ring->key = 0; /* of what holds no record: the sink shall see it */
		sample = ring->data + (ring->at & (ring->size - 1)) + HEADER;
		if (records)
			memcpy(&ring->key,
			       sample + (records - 1) * sizeof(struct reblock_record) +
				       offsetof(struct reblock_record, t),
			       sizeof(ring->key));
		return true;
	}
	return false;
}

/* Equal times are never those of one vCPU: moving to another CPU takes longer than a step of the clock. */
static bool before(const struct ring *one, const struct ring *other)
{
	return one->key < other->key;
}

static void sift_down(struct merge *merge, size_t at)
{
	struct ring **heap = merge->heap, *ring = heap[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= merge->heaped)
			break;
		if (child + 1 < merge->heaped && before(heap[child + 1], heap[child]))
			child++;
		if (!before(heap[child], ring))
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = ring;
}

/* Looks at all rings; those that have something to come out are in the heap. */
static int look_at_all(struct merge *merge, uint64_t now, uint64_t *bound)
{
	merge->heaped = 0;
	*bound = UINT64_MAX;
	for (size_t i = 0; i < merge->n; i++) {
		struct ring *ring = &merge->rings[i];
		int result = look(ring, now);

		if (result)
			return result;
		/* With no program running, what was not submitted never will be. */
		if (ring->bound < *bound && now != UINT64_MAX)
			*bound = ring->bound;
		if (next(ring))
			merge->heap[merge->heaped++] = ring;
	}
	for (size_t i = merge->heaped / 2; i-- > 0;)
		sift_down(merge, i);
	return 0;
}

int merge_round(struct merge *merge, uint64_t now, size_t most, merge_sink *sink, void *context)
{
	uint64_t bound;
	int result = look_at_all(merge, now, &bound);

	if (result)
		return result;
	if (bound != UINT64_MAX)
		bound -= bound < MERGE_MARGIN ? bound : MERGE_MARGIN;
	while (!result && merge->heaped && merge->heap[0]->key < bound) {
		struct ring *ring = merge->heap[0];
		uint32_t length = header(ring, ring->at);

		if (!most--) {
			result = -EAGAIN;
			break;
		}
		result = sink(context, ring->data + (ring->at & (ring->size - 1)) + HEADER, length);
		ring->at = behind(ring->at, length);
		if (ring->at - *ring->consumer >= GIVE_BACK)
			give_back(ring);
		if (!next(ring))
			merge->heap[0] = merge->heap[--merge->heaped];
		sift_down(merge, 0);
	}
	for (size_t i = 0; i < merge->n; i++) {
		if (merge->rings[i].at != *merge->rings[i].consumer)
			give_back(&merge->rings[i]);
	}
	return result;
}

size_t merge_hidden(const struct merge *merge)
{
	size_t hidden = 0;

	for (size_t i = 0; i < merge->n; i++)
		hidden += merge->rings[i].seen !=
			  __atomic_load_n(merge->rings[i].producer, __ATOMIC_ACQUIRE);
	return hidden;
}
