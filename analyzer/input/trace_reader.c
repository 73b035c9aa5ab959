/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The chunks of a trace file as records. Each place where something is wrong gives one
 * damage and one lost record, and reading goes on at the next intact chunk.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include "input/reader.h"
#include "input/trace_chunk.h"
#include "input/trace_pt.h"

bool trace_chunk_header(const uint8_t *bytes, struct reblock_trace_chunk *c)
{
	memcpy(c, bytes, sizeof(*c));
	return c->magic == REBLOCK_CHUNK_MAGIC &&
	       c->crc == reblock_crc32c(0, bytes, offsetof(struct reblock_trace_chunk, crc)) &&
	       c->records <= REBLOCK_CHUNK_RECORDS &&
	       (!(c->flags & REBLOCK_CHUNK_END) || !c->records);
}

void trace_chunk_check(struct well_formed *w, const struct reblock_record *r, uint32_t n,
		       struct trace_chunk_checked *checked)
{
	for (uint32_t i = 0, some; i < n; i += some) {
		some = n - i < TRACE_CHUNK_PIECE ? n - i : TRACE_CHUNK_PIECE;
		checked->crc = reblock_crc32c(checked->crc, r + i, some * sizeof(*r));
		if (checked->well_formed == checked->n)
			checked->well_formed += (uint32_t)well_formed_until(w, r + i, some);
		checked->n += some;
	}
}

int trace_chunk_seek(struct bytes *b, uint64_t limit, bool *found)
{
	struct reblock_trace_chunk c;
	int err = bytes_need(b, 128);

	*found = false;
	while (!err && limit >= 64 && b->size >= 64) {
		bytes_skip(b, 64);
		limit -= 64;
		err = bytes_need(b, 64);
		if (!err && b->size >= 64 && trace_chunk_header(b->data, &c)) {
			*found = true;
			break;
		}
	}
	return err;
}

int trace_recognize(struct reblock_input *in, bool *found)
{
	return trace_chunk_seek(&in->bytes, REBLOCK_TRACE_HEADER_MAX, found);
}

/* Gives the lost record for COUNT missing records, none for 0, by way of *RECORDS. */
static long give_lost(struct reblock_input *in, uint64_t count,
		      const struct reblock_record **records)
{
	if (!count)
		return 0;
	reader_lost(&in->lost, count);
	*records = &in->lost;
	return 1;
}

/*
 * What is at the position is no chunk that is in order: goes to the next one, which tells how many
 * records are missing, or to the end. KNOWN records are known to be missing if none follows
 * (UINT64_MAX: not known). WHAT says what is wrong.
 */
static long resync(struct reblock_input *in, const char *what, uint64_t known,
		   const struct reblock_record **records)
{
	struct reblock_trace_chunk c;
	uint64_t from = in->bytes.offset, count = known;
	bool found;
	int err = trace_chunk_seek(&in->bytes, UINT64_MAX, &found);

	if (err)
		return err;
	if (found) {
		trace_chunk_header(in->bytes.data, &c);
		count = c.first >= in->expected ? c.first - in->expected : UINT64_MAX;
		in->expected = c.first;
		if (count == UINT64_MAX)
			reader_damage(in,
				      "offset %" PRIu64 ": %s; read on at offset %" PRIu64
				      ", it is not known how many records are missing",
				      from, what, in->bytes.offset);
		else
			reader_damage(in,
				      "offset %" PRIu64 ": %s; read on at offset %" PRIu64
				      ", %" PRIu64 " records are missing",
				      from, what, in->bytes.offset, count);
		return give_lost(in, count, records);
	}
	bytes_skip(&in->bytes, in->bytes.size);
	in->ended = true;
	if (known == UINT64_MAX)
		reader_damage(in,
			      "offset %" PRIu64 ": %s, and no intact chunk follows in the %" PRIu64
			      " bytes to the end; it is not known how many records are missing",
			      from, what, in->bytes.offset - from);
	else
		reader_damage(in,
			      "offset %" PRIu64 ": %s, and no intact chunk follows in the %" PRIu64
			      " bytes to the end; at least %" PRIu64 " records are missing",
			      from, what, in->bytes.offset - from, known);
	return give_lost(in, count, records);
}

/*
 * The N records at R, which a right CRC covers and the first I of which are well-formed; repairs a copy
 * where not all are.
 */
static long give_records(struct reblock_input *in, const struct reblock_record *r, uint32_t n,
			 uint32_t i, uint64_t first, const struct reblock_record **records)
{
	uint32_t bad = 0, lost = 0;
	size_t first_bad = i;

	*records = r;
	if (i == n)
		return n;
	if (reader_room(in) < 0)
		return -ENOMEM;
	memcpy(in->own, r, n * sizeof(*r));
	for (; i < n; i++) {
		struct reblock_record *own = &in->own[i];

		if (well_formed_record(&in->well_formed, own))
			continue;
		bad++;
		if (!reblock_record_normalize(own)) {
			lost++;
			reader_lost(own, 1);
		}
	}
	reader_damage(in,
		      "offset %" PRIu64 ": record %" PRIu64 " of this file and %" PRIu32
		      " more of its chunk are not well-formed (%s); %" PRIu32
		      " are taken as lost, of the rest"
		      " the bits that mean nothing are dropped",
		      in->bytes.offset + first_bad * sizeof(*r), first + first_bad, bad - 1,
		      well_formed_fields(r[first_bad].kind) ?
			      "fields that its kind does not have, or no vCPU" :
			      "of no known kind",
		      lost);
	*records = in->own;
	return n;
}

static long end_mark(struct reblock_input *in, const struct reblock_trace_chunk *c,
		     const struct reblock_record **records)
{
	uint64_t at = in->bytes.offset, missing = c->first - in->expected;
	int err;

	in->ended = true;
	bytes_skip(&in->bytes, sizeof(*c));
	err = bytes_need(&in->bytes, 1);
	if (err)
		return err;
	if (in->bytes.size)
		reader_damage(in,
			      "offset %" PRIu64
			      ": there are bytes after the end mark, perhaps another file; "
			      "they are not read",
			      in->bytes.offset);
	if (!missing)
		return 0;
	reader_damage(in,
		      "offset %" PRIu64 ": the end mark counts %" PRIu64 " records where %" PRIu64
		      " were met",
		      at, c->first, in->expected);
	return give_lost(in, c->first > in->expected ? missing : UINT64_MAX, records);
}

/* Other flags, and PT's with records, are for newer versions. */
static bool is_pt(const struct reblock_trace_chunk *c)
{
	return c->flags & REBLOCK_CHUNK_PT && !c->records &&
	       !(c->flags & ~(REBLOCK_CHUNK_PT | REBLOCK_CHUNK_ZSTD));
}

/* A chunk of Intel PT has no records, and was looked at when the file was opened. */
static long pass_pt(struct reblock_input *in, const struct reblock_trace_chunk *c,
		    const struct reblock_record **records)
{
	struct reblock_trace_pt_chunk pt;
	size_t payload;
	int err;

	memcpy(&pt, in->bytes.data, sizeof(pt));
	payload = trace_pt_payload(&pt);
	if (payload == SIZE_MAX)
		return resync(in, "a chunk of Intel PT contradicts itself", 0, records);
	err = bytes_need(&in->bytes, sizeof(*c) + payload);
	if (err)
		return err;
	if (in->bytes.size < sizeof(*c) + payload)
		return resync(in, "the file is cut off in this chunk of Intel PT", UINT64_MAX,
			      records);
	trace_pt_pass(in, &pt);
	return 0;
}

/* The chunk with header C, at the position. */
static long read_chunk(struct reblock_input *in, const struct reblock_trace_chunk *c,
		       const struct reblock_record **records)
{
	size_t payload = c->records * sizeof(struct reblock_record);
	const struct reblock_record *r;
	struct trace_chunk_checked checked = { 0 };
	uint64_t first = in->expected;
	int err;

	if (c->first != in->expected) {
		uint64_t count = c->first > in->expected ? c->first - in->expected : UINT64_MAX;

		in->expected = c->first;
		if (count == UINT64_MAX)
			reader_damage(in,
				      "offset %" PRIu64 ": a chunk begins at record %" PRIu64
				      " after record %" PRIu64
				      "; chunks are out of order or doubled",
				      in->bytes.offset, c->first, first - 1);
		else
			reader_damage(in,
				      "offset %" PRIu64 ": %" PRIu64
				      " records are missing before this chunk",
				      in->bytes.offset, count);
		return give_lost(in, count, records);
	}
	if (is_pt(c))
		return pass_pt(in, c, records);
	if (c->flags)
		return resync(in, "a chunk has flags that only a newer reblock knows", c->records,
			      records);
	err = bytes_need(&in->bytes, sizeof(*c) + payload);
	if (err)
		return err;
	if (in->bytes.size < sizeof(*c) + payload)
		return resync(in, "the file is cut off in this chunk", c->records, records);
	r = (const struct reblock_record *)(const void *)(in->bytes.data + sizeof(*c));
	if (in->checked && in->checked_at == in->bytes.offset)
		checked = *in->checked;
	else
		trace_chunk_check(&in->well_formed, r, c->records, &checked);
	if (checked.crc != c->payload_crc)
		return resync(in, "this chunk is damaged (its CRC is wrong)", c->records, records);
	in->expected += c->records;
	if (c->records) {
		bytes_skip(&in->bytes, sizeof(*c));
		err = (int)give_records(in, r, c->records, checked.well_formed, first, records);
		bytes_skip(&in->bytes, payload);
	} else {
		bytes_skip(&in->bytes, sizeof(*c));
	}
	return err;
}

long trace_next(struct reblock_input *in, const struct reblock_record **records)
{
	struct reblock_trace_chunk c;
	long got = 0;

	while (!got && !in->ended) {
		got = bytes_need(&in->bytes, sizeof(c));
		if (got)
			break;
		if (in->bytes.size < sizeof(c)) {
			in->ended = true;
			reader_damage(in,
				      "offset %" PRIu64
				      ": the file is cut off here: it has no end mark; it is not "
				      "known how many records are missing after record %" PRIu64,
				      in->bytes.offset, in->expected);
			bytes_skip(&in->bytes, in->bytes.size);
			return give_lost(in, UINT64_MAX, records);
		}
		if (!trace_chunk_header(in->bytes.data, &c))
			got = resync(in, "no intact chunk header here", UINT64_MAX, records);
		else if (c.flags == REBLOCK_CHUNK_END)
			got = end_mark(in, &c, records);
		else
			got = read_chunk(in, &c, records);
	}
	return got;
}
