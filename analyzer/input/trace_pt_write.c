/* SPDX-License-Identifier: BSD-2-Clause */
/* PT chunks of a trace file: cutting parts to size, compressing them, and writing each with its header at once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>
#include <reblock/trace_pt.h>
#include "input/trace_writer.h"

/* The recorder must keep up with what CPUs write: the level costs least. */
#define LEVEL 1

struct trace_pt_writer {
	ZSTD_CCtx *zstd; /* NULL: nothing is compressed */
	/* in front of what follows it: one write does both */
	struct reblock_trace_pt_chunk chunk;
	uint8_t part[REBLOCK_PT_PART_MOST];
};

static int keep_error(struct reblock_trace_writer *w, int error)
{
	if (!w->error)
		w->error = error;
	return w->error;
}

static struct trace_pt_writer *pt_of(struct reblock_trace_writer *w)
{
	if (!w->pt) {
		w->pt = aligned_alloc(64, (sizeof(*w->pt) + 63) / 64 * 64);
		if (w->pt)
			w->pt->zstd = NULL;
	}
	return w->pt;
}

void trace_pt_writer_free(struct trace_pt_writer *pt)
{
	if (!pt)
		return;
	ZSTD_freeCCtx(pt->zstd);
	free(pt);
}

int reblock_trace_compress_pt(struct reblock_trace_writer *w)
{
	struct trace_pt_writer *pt = pt_of(w);

	if (pt && !pt->zstd)
		pt->zstd = ZSTD_createCCtx();
	return pt && pt->zstd ? 0 : -ENOMEM;
}

/* Puts SIZE bytes into the chunk, compressed if that is less. */
static void fill(struct trace_pt_writer *pt, const void *bytes, size_t size)
{
	struct reblock_trace_pt_chunk *c = &pt->chunk;
	size_t got = size;

	if (pt->zstd && c->part == REBLOCK_PT_BYTES && size > 0) {
		got = ZSTD_compressCCtx(pt->zstd, pt->part, sizeof(pt->part), bytes, size, LEVEL);
		if (!ZSTD_isError(got) && got < size)
			c->flags |= REBLOCK_CHUNK_ZSTD;
		else
			got = size;
	}
	if (!(c->flags & REBLOCK_CHUNK_ZSTD) && size)
		memcpy(pt->part, bytes, size);
	c->size = (uint32_t)size;
	c->stored = (uint32_t)got;
}

/* A chunk that is filled but for sizes, flags and CRCs, and its SIZE bytes. */
static int write_part(struct reblock_trace_writer *w, const struct reblock_trace_pt_chunk *head,
		      const void *bytes, size_t size)
{
	struct trace_pt_writer *pt;
	struct reblock_trace_pt_chunk *c;
	size_t padded;

	if (w->error)
		return w->error;
	pt = pt_of(w);
	if (!pt)
		return keep_error(w, -ENOMEM);
	c = &pt->chunk;
	*c = *head;
	c->magic = REBLOCK_CHUNK_MAGIC;
	c->flags = REBLOCK_CHUNK_PT;
	c->first = w->written;
	fill(pt, bytes, size);
	padded = (c->stored + 63u) / 64 * 64;
	memset(pt->part + c->stored, 0, padded - c->stored);
	c->payload_crc = reblock_crc32c(0, pt->part, padded);
	c->crc = reblock_crc32c(0, c, offsetof(struct reblock_trace_pt_chunk, crc));
	return trace_write_whole(w, c, sizeof(*c) + padded);
}

int reblock_trace_write_pt_setup(struct reblock_trace_writer *w,
				 const struct reblock_pt_setup *setup)
{
	const struct reblock_trace_pt_chunk head = { .part = REBLOCK_PT_SETUP };

	return write_part(w, &head, setup, sizeof(*setup));
}

int reblock_trace_write_pt_clock(struct reblock_trace_writer *w,
				 const struct reblock_pt_point *points, size_t n)
{
	const struct reblock_trace_pt_chunk head = { .part = REBLOCK_PT_CLOCK };
	const size_t most = REBLOCK_PT_PART_MOST / sizeof(*points);
	int err = w->error;

	while (n && !err) {
		size_t take = n < most ? n : most;

		err = write_part(w, &head, points, take * sizeof(*points));
		points += take;
		n -= take;
	}
	return err;
}

int reblock_trace_write_pt(struct reblock_trace_writer *w, const struct reblock_pt_piece *piece)
{
	const uint32_t before = REBLOCK_PT_GAP, after = REBLOCK_PT_TRUNCATED;
	struct reblock_trace_pt_chunk head = { .part = REBLOCK_PT_BYTES,
					       .cpu = piece->cpu,
					       .time = piece->time };
	size_t at = 0;
	int err;

	do {
		size_t take = piece->size - at;

		if (take > REBLOCK_PT_PART_MOST)
			take = REBLOCK_PT_PART_MOST;
		head.offset = piece->offset + at;
		head.aux = piece->flags;
		if (at)
			head.aux &= ~before;
		if (at + take < piece->size)
			head.aux &= ~after;
		err = write_part(w, &head, (const uint8_t *)piece->bytes + at, take);
		at += take;
	} while (!err && at < piece->size);
	return err;
}
