/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "input/trace_chunk.h"
#include "input/trace_pt.h"

size_t trace_pt_payload(const struct reblock_trace_pt_chunk *c)
{
	bool packed = c->flags & REBLOCK_CHUNK_ZSTD;

	if (packed && (c->part == REBLOCK_PT_SETUP || c->part == REBLOCK_PT_CLOCK))
		return SIZE_MAX;
	if (c->records || c->size > REBLOCK_PT_PART_MOST || c->stored > c->size ||
	    (!packed && c->stored != c->size))
		return SIZE_MAX;
	return ((size_t)c->stored + 63) / 64 * 64;
}

/* AT with room for one more of SIZE bytes each behind N; NULL, with AT as it was, without memory. */
static void *with_room(void *at, size_t *room, size_t n, size_t size)
{
	size_t more = *room ? 2 * *room : 64;
	void *grown;

	if (n < *room)
		return at;
	grown = realloc(at, more * size);
	if (grown)
		*room = more;
	return grown;
}

static void take_setup(struct trace_pt *pt, const uint8_t *bytes, size_t size)
{
	if (pt->described)
		return;
	pt->described = true;
	memcpy(&pt->setup, bytes, size < sizeof(pt->setup) ? size : sizeof(pt->setup));
}

/* What does not go on from the point before is of no use. */
static int take_points(struct trace_pt *pt, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i + sizeof(struct reblock_pt_point) <= size;
	     i += sizeof(struct reblock_pt_point)) {
		struct pt_clock_point p, *last, *points;
		struct reblock_pt_point read;

		memcpy(&read, bytes + i, sizeof(read));
		p = (struct pt_clock_point){ .tsc = read.tsc, .t = read.t };
		last = pt->n_points ? &pt->points[pt->n_points - 1] : NULL;
		if (last && (p.tsc <= last->tsc || p.t < last->t))
			continue;
		points = with_room(pt->points, &pt->points_room, pt->n_points, sizeof(p));
		if (!points)
			return -ENOMEM;
		pt->points = points;
		points[pt->n_points++] = p;
	}
	return 0;
}

static int take_bytes(struct trace_pt *pt, const struct reblock_trace_pt_chunk *c,
		      const uint8_t *stored, uint64_t at)
{
	struct trace_pt_piece *pieces =
		with_room(pt->pieces, &pt->pieces_room, pt->n_pieces, sizeof(*pieces));

	if (!pieces)
		return -ENOMEM;
	pt->pieces = pieces;
	pieces[pt->n_pieces++] = (struct trace_pt_piece){ .stored = stored,
							  .at = at,
							  .offset = c->offset,
							  .time = c->time,
							  .size = c->size,
							  .stored_size = c->stored,
							  .cpu = c->cpu,
							  .flags = c->aux,
							  .packed = c->flags & REBLOCK_CHUNK_ZSTD };
	return 0;
}

static struct trace_pt *pt_of(struct reblock_input *in)
{
	if (!in->pt)
		in->pt = calloc(1, sizeof(*in->pt));
	return in->pt;
}

/* The chunk with header C at offset AT of the file, whose payload of SIZE bytes follows in memory. */
static int take_chunk(struct reblock_input *in, const struct reblock_trace_pt_chunk *c,
		      const uint8_t *payload, size_t size, uint64_t at)
{
	struct trace_pt *pt = pt_of(in);

	if (!pt)
		return -ENOMEM;
	if (reblock_crc32c(0, payload, size) != c->payload_crc) {
		reader_damage(
			in,
			"offset %" PRIu64
			": this chunk of Intel PT is damaged (its CRC is wrong); it is left out",
			at);
		return 0;
	}
	switch (c->part) {
	case REBLOCK_PT_SETUP:
		take_setup(pt, payload, c->size);
		return 0;
	case REBLOCK_PT_CLOCK:
		return take_points(pt, payload, c->size);
	case REBLOCK_PT_BYTES:
		return take_bytes(pt, c, payload, at + sizeof(*c));
	default:
		reader_damage(in,
			      "offset %" PRIu64
			      ": only a newer reblock knows what this chunk of Intel PT "
			      "holds (%" PRIu32 "); it is left out",
			      at, c->part);
		return 0;
	}
}

int trace_pt_index(struct reblock_input *in)
{
	const struct bytes *b = &in->bytes;
	uint64_t at = 0;
	int err = 0;

	if (b->fd >= 0)
		return 0;
	while (!err && b->size - at >= sizeof(struct reblock_trace_chunk)) {
		struct reblock_trace_pt_chunk pt;
		struct reblock_trace_chunk c;
		uint64_t left = b->size - at - sizeof(c);
		size_t payload;

		/* What is wrong with the chunks themselves is said where the records are read. */
		if (!trace_chunk_header(b->data + at, &c)) {
			at += 64;
			continue;
		}
		if (c.flags == REBLOCK_CHUNK_END)
			break;
		memcpy(&pt, b->data + at, sizeof(pt));
		payload = c.flags & REBLOCK_CHUNK_PT ? trace_pt_payload(&pt) :
						       c.records * sizeof(struct reblock_record);
		if (payload > left || (c.flags & ~(REBLOCK_CHUNK_PT | REBLOCK_CHUNK_ZSTD))) {
			at += 64;
			continue;
		}
		if (c.flags & REBLOCK_CHUNK_PT)
			err = take_chunk(in, &pt, b->data + at + sizeof(pt), payload,
					 b->offset + at);
		at += sizeof(c) + payload;
	}
	return err;
}

void trace_pt_pass(struct reblock_input *in, const struct reblock_trace_pt_chunk *c)
{
	struct trace_pt *pt = in->bytes.fd >= 0 ? pt_of(in) : NULL;

	if (pt)
		pt->passed++;
	bytes_skip(&in->bytes, sizeof(*c) + trace_pt_payload(c));
}

const char *trace_pt_note(const struct reblock_input *in, size_t i)
{
	if (i || !in->pt || !in->pt->passed)
		return NULL;
	snprintf(in->pt->note, sizeof(in->pt->note),
		 "its Intel PT (%" PRIu64
		 " chunks) was not looked at, because it came through a pipe: give the file itself",
		 in->pt->passed);
	return in->pt->note;
}

void trace_pt_free(struct trace_pt *pt)
{
	if (!pt)
		return;
	free(pt->points);
	free(pt->pieces);
	free(pt);
}
