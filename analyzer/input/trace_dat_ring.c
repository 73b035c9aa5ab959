/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every length is checked against the page that it is in: an event that does not fit says that
 * the page is damaged, and what follows in it is taken as lost. (libtraceevent's kbuffer takes such
 * an event for the page's end, without a word: then an exit and an entry that do not belong
 * together would look like a pair.)
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "input/trace_dat.h"
#include "input/trace_dat_ring.h"

/* Bits of a page's commit field. */
#define COMMIT_SIZE 0xfffffu
#define COMMIT_MISSED_STORED (1u << 30) /* the count of missed events follows the data */
#define COMMIT_MISSED (1u << 31)

/* type_len of an event's header; 1 to 28 are lengths in units of 4 bytes */
enum { TYPE_LENGTH_FOLLOWS = 0, TYPE_PADDING = 29, TYPE_TIME_EXTEND = 30, TYPE_TIME_STAMP = 31 };

/* An absolute time stamp has 59 bits. */
#define STAMP_BITS 59

static uint32_t get32(const uint8_t *at)
{
	uint32_t v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static void set_missing(struct ring *r, uint64_t count)
{
	if (!r->missing) {
		r->missing = true;
		r->missing_from = r->t;
		r->missing_count = count;
	} else if (count == RING_UNKNOWN || r->missing_count == RING_UNKNOWN) {
		r->missing_count = RING_UNKNOWN;
	} else {
		r->missing_count += count;
	}
}

/* What is at the position in the page makes no sense: gives up the rest of the page. */
static void bad_page(struct ring *r, const char *what)
{
	if (!r->quiet)
		reader_damage(r->dat->in,
			      "offset %" PRIu64 ", CPU %" PRIu32
			      ": %s; the rest of this page of the ring buffer is taken as lost",
			      r->page, r->cpu, what);
	r->at = r->end = NULL;
	set_missing(r, RING_UNKNOWN);
}

/* No page after this one can be found. */
static void bad_rest(struct ring *r, const char *what)
{
	if (!r->quiet)
		reader_damage(r->dat->in,
			      "offset %" PRIu64 ", CPU %" PRIu32
			      ": %s; what this CPU recorded from here on is taken as lost",
			      r->offset, r->cpu, what);
	r->left = 0;
	r->chunks = 0;
	r->cut = true;
	set_missing(r, RING_UNKNOWN);
}

/* Uncompresses the next chunk. Returns 1; 0 where there is none; or -ENOMEM. */
static int next_chunk(struct ring *r)
{
	const uint8_t *at = r->dat->data + r->offset;
	uint32_t packed, size;

	if (!r->chunks)
		return 0;
	if (r->left < 8) {
		bad_rest(r, "the compressed data ends here, though more was to come");
		return 0;
	}
	packed = get32(at);
	size = get32(at + 4);
	if (packed > r->left - 8) {
		bad_rest(r, "a compressed chunk reaches beyond the data");
		return 0;
	}
	r->page = r->offset;
	r->offset += 8 + (uint64_t)packed;
	r->left -= 8 + (uint64_t)packed;
	r->chunks--;
	r->chunk_at = r->chunk_size = 0;
	if (!size || size % r->page_size || size / r->page_size > TRACE_DAT_CHUNK_PAGES) {
		bad_page(r, "a compressed chunk has an impossible size");
		return 1;
	}
	if (size > r->chunk_room) {
		uint8_t *room;

		if (!trace_dat_room(r->dat, size - r->chunk_room)) {
			bad_rest(r, "the chunks of so many CPUs are too large");
			return 0;
		}
		room = realloc(r->chunk, size);
		if (!room)
			return -ENOMEM;
		r->chunk = room;
		r->chunk_room = size;
	}
	if (!trace_dat_unpack(r->dat, at + 8, packed, r->chunk, size)) {
		bad_page(r, "a compressed chunk cannot be uncompressed");
		return 1;
	}
	r->chunk_size = size;
	return 1;
}

/* The next page's bytes: sets *PAGE and returns how many of them there are, 0 at the end; or -ENOMEM. */
static long page_bytes(struct ring *r, const uint8_t **page)
{
	uint64_t n;

	if (r->compressed) {
		while (r->chunk_at == r->chunk_size) {
			int got = next_chunk(r);

			if (got <= 0)
				return got;
		}
		*page = r->chunk + r->chunk_at;
		r->chunk_at += r->page_size;
		return (long)r->page_size;
	}
	n = r->left < r->page_size ? r->left : r->page_size;
	*page = r->dat->data + r->offset;
	r->page = r->offset;
	r->offset += n;
	r->left -= n;
	return (long)n;
}

/* Begins the next page. Returns 1; 0 at the end; or -ENOMEM. */
static int next_page(struct ring *r)
{
	unsigned head = 8 + r->dat->long_size;
	const uint8_t *page = NULL;
	uint32_t commit, size, high;
	long n = page_bytes(r, &page);

	if (n <= 0)
		return (int)n;
	if (n < (long)head) {
		bad_page(r, "the file ends in the head of a page");
		return 1;
	}
	commit = get32(page + 8);
	/* The kernel adds the flags as an int, so the upper half is their sign. */
	high = r->dat->long_size == 8 ? get32(page + 12) : 0;
	size = commit & COMMIT_SIZE;
	r->at = r->end = NULL;
	if (commit & ~(COMMIT_SIZE | COMMIT_MISSED | COMMIT_MISSED_STORED) ||
	    (high && high != UINT32_MAX) || head + size > r->page_size) {
		bad_page(r, "the head of a page is damaged");
		return 1;
	}
	if (commit & COMMIT_MISSED) {
		uint64_t count = 0;

		if (commit & COMMIT_MISSED_STORED &&
		    head + (uint64_t)size + r->dat->long_size <= (uint64_t)n)
			memcpy(&count, page + head + size, r->dat->long_size);
		set_missing(r, count && count < UINT32_MAX ? count : RING_UNKNOWN);
	}
	if (head + (uint64_t)size > (uint64_t)n) {
		bad_page(r, "the file ends in this page");
		return 1;
	}
	memcpy(&r->stamp, page, sizeof(r->stamp));
	r->at = page + head;
	r->end = r->at + size;
	return 1;
}

/* A time stamp holds the low bits; the others are those of the time before it. */
static uint64_t full_stamp(uint64_t low, uint64_t before)
{
	uint64_t t = (before & ~(((uint64_t)1 << STAMP_BITS) - 1)) | low;

	return t < before ? t + ((uint64_t)1 << STAMP_BITS) : t;
}

/* One header and what belongs to it. Returns whether it was an event. */
static bool take_one(struct ring *r)
{
	size_t left = (size_t)(r->end - r->at), step = 8;
	uint32_t word, type, extra = 0;
	uint64_t delta;

	if (left < 4) {
		bad_page(r, "an event's head does not fit into its page");
		return false;
	}
	word = get32(r->at);
	type = word & 31;
	delta = word >> 5;
	if (type == TYPE_PADDING && !delta) {
		r->at = r->end;
		return false;
	}
	if (type == TYPE_LENGTH_FOLLOWS || type >= TYPE_PADDING) {
		if (left < 8) {
			bad_page(r, "an event's head does not fit into its page");
			return false;
		}
		extra = get32(r->at + 4);
	}
	switch (type) {
	case TYPE_TIME_EXTEND:
		r->stamp += delta + ((uint64_t)extra << 27);
		break;
	case TYPE_TIME_STAMP:
		r->stamp = full_stamp(delta + ((uint64_t)extra << 27), r->stamp);
		break;
	case TYPE_PADDING:
	case TYPE_LENGTH_FOLLOWS:
		step = 4 + (size_t)extra;
		r->data = r->at + 8;
		r->size = extra - 4;
		r->stamp += delta;
		break;
	default:
		step = 4 + (size_t)type * 4;
		r->data = r->at + 4;
		r->size = type * 4;
		r->stamp += delta;
	}
	/* No event is shorter than its common fields. */
	if (step < 8 || step > left || (type == TYPE_LENGTH_FOLLOWS && extra < 8)) {
		bad_page(r, "an event does not fit into its page");
		return false;
	}
	/* Events begin at multiples of 4, whatever the last one's length. */
	step = (step + 3) & ~(size_t)3;
	r->at += step < left ? step : left;
	return type < TYPE_PADDING;
}

int ring_next(struct ring *r)
{
	r->missing = false;
	for (;;) {
		int got;

		while (r->at < r->end)
			if (take_one(r)) {
				r->t = r->stamp;
				return 1;
			}
		got = next_page(r);
		if (got < 0)
			return got;
		if (!got)
			break;
	}
	if (r->cut)
		set_missing(r, RING_UNKNOWN);
	return 0;
}

void ring_rewind(struct ring *r, uint64_t offset, uint64_t size)
{
	r->offset = offset;
	r->left = size;
	r->at = r->end = NULL;
	r->t = 0;
	r->missing = false;
	r->chunk_at = r->chunk_size = 0;
	r->chunks = 0;
	if (!r->compressed || !size)
		return;
	/* trace-cmd does not count the number of chunks in the size. */
	r->left = size + 4 < r->dat->size - offset ? size + 4 : r->dat->size - offset;
	if (r->left < 4) {
		bad_rest(r, "the compressed data ends here, though more was to come");
		return;
	}
	r->chunks = get32(r->dat->data + offset);
	r->offset += 4;
	r->left -= 4;
}

void ring_free(struct ring *r)
{
	free(r->chunk);
}
