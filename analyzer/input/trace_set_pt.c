/* SPDX-License-Identifier: BSD-2-Clause */
/* PT in a set of trace files: bytes are cut where a file is full, and each file can be decoded alone. */
#include <string.h>
#include "input/trace_set_parts.h"

/* What a chunk takes besides its bytes at most. */
#define OVERHEAD ((uint64_t)2 * sizeof(struct reblock_trace_pt_chunk))
/* Less room than that is left at the end of a file. */
#define LEAST 4096u

int trace_set_begin_pt(struct reblock_trace_set *set)
{
	struct set_pt *pt = &set->pt;
	int err = pt->compressed ? reblock_trace_compress_pt(set->writer) : 0;

	if (!err && pt->described)
		err = reblock_trace_write_pt_setup(set->writer, &pt->setup);
	if (!err && pt->n_points)
		err = reblock_trace_write_pt_clock(set->writer, pt->points, pt->n_points);
	return err;
}

/* How many bytes of PT the file being written can still take in one chunk. */
static size_t room(const struct reblock_trace_set *set)
{
	uint64_t most = set->most / REBLOCK_TRACE_SET_FILES,
		 used = reblock_trace_size(set->writer) + OVERHEAD;

	if (used >= most)
		return 0;
	return most - used < REBLOCK_PT_PART_MOST ? (size_t)(most - used) : REBLOCK_PT_PART_MOST;
}

/* Goes on in a new file where SIZE bytes have no room in this one. */
static int make_room(struct reblock_trace_set *set, size_t size)
{
	if (set->error)
		return set->error;
	if (room(set) >= (size < LEAST ? size + !size : LEAST))
		return 0;
	return trace_set_keep_error(set, trace_set_next_file(set));
}

int reblock_trace_set_compress_pt(struct reblock_trace_set *set)
{
	set->pt.compressed = true;
	return reblock_trace_compress_pt(set->writer);
}

int reblock_trace_set_write_pt_setup(struct reblock_trace_set *set,
				     const struct reblock_pt_setup *setup)
{
	int err = make_room(set, sizeof(*setup));

	set->pt.setup = *setup;
	set->pt.described = true;
	return err ? err :
		     trace_set_keep_error(set, reblock_trace_write_pt_setup(set->writer, setup));
}

int reblock_trace_set_write_pt_clock(struct reblock_trace_set *set,
				     const struct reblock_pt_point *points, size_t n)
{
	struct set_pt *pt = &set->pt;

	for (size_t i = 0; i < n; i++) {
		int err = make_room(set, sizeof(*points));

		if (!err)
			err = trace_set_keep_error(set,
						   reblock_trace_write_pt_clock(set->writer,
										&points[i], 1));
		if (err)
			return err;
		if (pt->n_points == 2)
			pt->points[0] = pt->points[--pt->n_points];
		pt->points[pt->n_points++] = points[i];
	}
	return set->error;
}

int reblock_trace_set_write_pt(struct reblock_trace_set *set, const struct reblock_pt_piece *piece)
{
	const uint32_t before = REBLOCK_PT_GAP, after = REBLOCK_PT_TRUNCATED;
	size_t at = 0;
	int err;

	do {
		struct reblock_pt_piece part = *piece;

		err = make_room(set, piece->size - at);
		if (err)
			break;
		part.size = piece->size - at;
		if (part.size > room(set))
			part.size = room(set);
		part.bytes = (const uint8_t *)piece->bytes + at;
		part.offset += at;
		if (at)
			part.flags &= ~before;
		if (at + part.size < piece->size)
			part.flags &= ~after;
		err = trace_set_keep_error(set, reblock_trace_write_pt(set->writer, &part));
		at += part.size;
	} while (!err && at < piece->size);
	return err;
}
