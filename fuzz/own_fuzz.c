/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The own format. The input is OWN_HEAD bytes that say what to do, and a trace whose outer shape is mended: sizes, numbers
 * and checksums are made right, so that what a fuzzer changes reaches what is inside.
 *
 * A trace that is mended whole is read without damage, and gives its records as they are. With one byte of that changed,
 * its end cut off or a chunk taken out, every record is given that stands in a chunk which is still whole, and something
 * is said to be lost. Where there is Intel PT in it, what that shows comes between the records: only their number is known.
 */
#include <string.h>
#include <reblock/json.h>
#include <reblock/trace_pt.h>
#include "fuzz.h"
#include "reading/reading.h"

#define OWN_HEAD 8
#define CHUNKS_MOST 512

/* The first byte: what is left as it is. */
enum {
	LEAVE_HEADER = 1 << 0,
	LEAVE_RECORDS = 1 << 1, /* they need not be well-formed */
	LEAVE_FIRST = 1 << 2,   /* the numbers of chunks' first records */
	LEAVE_FLAGS = 1 << 3,
	LEAVE_END = 1 << 4,   /* no end mark is added */
	LEAVE_CHUNKS = 1 << 5 /* the checksums of chunks' heads */
};

/* The second byte: what is done to a trace that is mended. */
enum harm { HARM_NONE, HARM_CHANGE = 4, HARM_CUT = 6, HARM_DROP = 7, HARMS = 8 };

struct shape {
	size_t size, first; /* of all; of the header */
	size_t n;
	struct {
		size_t at, end;
		uint32_t records;
	} chunks[CHUNKS_MOST];
	uint64_t records;
	bool whole; /* mended in everything */
	bool pt;    /* has bytes of Intel PT */
};

static uint8_t *const room = reading_room;

static void mend_header(struct shape *s, unsigned leave)
{
	struct reblock_trace_header h = { .version = 0 };

	if (s->size < sizeof(h)) {
		memset(room + s->size, 0, sizeof(h) - s->size);
		s->size = sizeof(h);
	}
	memcpy(&h, room, sizeof(h));
	h.header_size &= ~63u;
	if (h.header_size < sizeof(h) || h.header_size > REBLOCK_TRACE_HEADER_MAX ||
	    h.header_size > s->size)
		h.header_size = sizeof(h);
	s->first = h.header_size;
	if (leave & LEAVE_HEADER)
		return;
	memcpy(h.magic, REBLOCK_TRACE_MAGIC, sizeof(h.magic));
	h.version = REBLOCK_TRACE_VERSION;
	if (h.description > h.header_size - sizeof(h))
		h.description = h.header_size - (uint32_t)sizeof(h);
	h.crc = 0;
	memcpy(room, &h, sizeof(h));
	h.crc = reblock_crc32c(0, room, h.header_size);
	memcpy(room, &h, sizeof(h));
}

static void mend_record(uint8_t *at)
{
	struct reblock_record r;

	memcpy(&r, at, sizeof(r));
	r.kind = (uint8_t)(1 + (r.kind + REBLOCK_KINDS - 2u) % (REBLOCK_KINDS - 1));
	if (r.kind != REBLOCK_LOST && r.vm == REBLOCK_NO_VM)
		r.vm = 1;
	if (reblock_kind_of_vcpu(r.kind) && r.vcpu == REBLOCK_NO_VCPU)
		r.vcpu = 0;
	if (r.kind == REBLOCK_WITNESS) {
		r.presence |= REBLOCK_HAS_ERROR_CODE;
		r.error_code = 1 + r.error_code % (REBLOCK_SAW_KINDS - 1);
	}
	if (!reblock_record_normalize(&r))
		fuzz_fail("a record with all that its kind needs cannot be well-formed");
	memcpy(at, &r, sizeof(r));
}

/* The chunk of Intel PT at AT. Returns where the next begins. */
static size_t mend_pt_chunk(struct shape *s, size_t at, unsigned leave)
{
	struct reblock_trace_pt_chunk c;
	size_t left = s->size - at - sizeof(c), payload;

	memcpy(&c, room + at, sizeof(c));
	c.magic = REBLOCK_CHUNK_MAGIC;
	c.flags &= REBLOCK_CHUNK_PT | REBLOCK_CHUNK_ZSTD;
	c.records = 0;
	c.part = 1 + c.part % REBLOCK_PT_CLOCK;
	if (c.part != REBLOCK_PT_BYTES)
		c.flags = REBLOCK_CHUNK_PT;
	c.cpu %= REBLOCK_NO_CPU;
	if (c.stored > left / 64 * 64 || c.stored > REBLOCK_PT_PART_MOST)
		c.stored = (uint32_t)(left / 64 * 64 % (REBLOCK_PT_PART_MOST + 1));
	if (!(c.flags & REBLOCK_CHUNK_ZSTD) || c.size < c.stored || c.size > REBLOCK_PT_PART_MOST)
		c.size = c.stored;
	if (!(leave & LEAVE_FIRST))
		c.first = s->records;
	payload = (c.stored + 63u) / 64 * 64;
	c.payload_crc = reblock_crc32c(0, room + at + sizeof(c), payload);
	if (!(leave & LEAVE_CHUNKS))
		c.crc = reblock_crc32c(0, &c, offsetof(struct reblock_trace_pt_chunk, crc));
	memcpy(room + at, &c, sizeof(c));
	s->pt |= c.part == REBLOCK_PT_BYTES;
	s->chunks[s->n].at = at;
	s->chunks[s->n].records = 0;
	s->chunks[s->n++].end = at + sizeof(c) + payload;
	return at + sizeof(c) + payload;
}

/* The chunk at AT, of which LEFT bytes are there. Returns where the next begins. */
static size_t mend_chunk(struct shape *s, size_t at, unsigned leave)
{
	struct reblock_trace_chunk c;
	size_t left = s->size - at - sizeof(c), payload;

	memcpy(&c, room + at, sizeof(c));
	if (c.flags & REBLOCK_CHUNK_PT && !(leave & LEAVE_FLAGS))
		return mend_pt_chunk(s, at, leave);
	/* What is left as it is may be one that is right by itself. */
	s->pt |= (c.flags & REBLOCK_CHUNK_PT) != 0;
	c.magic = REBLOCK_CHUNK_MAGIC;
	if (!(leave & LEAVE_FLAGS))
		c.flags = 0;
	if (c.records > REBLOCK_CHUNK_RECORDS || c.records > left / sizeof(struct reblock_record))
		c.records = (uint32_t)(left / sizeof(struct reblock_record)) %
			    (REBLOCK_CHUNK_RECORDS + 1);
	if (c.flags & REBLOCK_CHUNK_END)
		c.records = 0;
	if (!(leave & LEAVE_FIRST))
		c.first = s->records;
	payload = c.records * sizeof(struct reblock_record);
	for (size_t i = 0; i < c.records && !(leave & LEAVE_RECORDS); i++)
		mend_record(room + at + sizeof(c) + i * sizeof(struct reblock_record));
	c.payload_crc = reblock_crc32c(0, room + at + sizeof(c), payload);
	if (!(leave & LEAVE_CHUNKS))
		c.crc = reblock_crc32c(0, &c, offsetof(struct reblock_trace_chunk, crc));
	memcpy(room + at, &c, sizeof(c));
	s->chunks[s->n].at = at;
	s->chunks[s->n].records = c.records;
	s->chunks[s->n++].end = at + sizeof(c) + payload;
	s->records += c.records;
	return at + sizeof(c) + payload;
}

static void add_end(struct shape *s, size_t at)
{
	struct reblock_trace_chunk c = { .magic = REBLOCK_CHUNK_MAGIC,
					 .flags = REBLOCK_CHUNK_END,
					 .first = s->records };

	c.crc = reblock_crc32c(0, &c, offsetof(struct reblock_trace_chunk, crc));
	memcpy(room + at, &c, sizeof(c));
	s->size = at + sizeof(c);
}

static void mend(struct shape *s, unsigned leave)
{
	size_t at;

	s->n = 0;
	s->records = 0;
	s->pt = false;
	mend_header(s, leave);
	at = s->first;
	while (s->size - at >= sizeof(struct reblock_trace_chunk) && s->n < CHUNKS_MOST)
		at = mend_chunk(s, at, leave);
	if (!(leave & LEAVE_END))
		add_end(s, at);
	/* Of a chunk's head what is left over says nothing; of another END mark much. */
	s->whole = !(leave & ~(unsigned)LEAVE_RECORDS);
}

/* Damages that the description of the source may be worth: it is mended in its length alone. */
static uint64_t described_badly(void)
{
	struct reblock_trace_header h;
	struct reblock_record record;
	struct reblock_source source;
	char why[256];

	memcpy(&h, room, sizeof(h));
	return reblock_json_parse((const char *)room + sizeof(h), h.description, &record, &source,
				  why, sizeof(why)) != REBLOCK_JSON_IS_SOURCE;
}

static const struct reblock_record *given(const struct reading *reading, uint64_t i)
{
	return i < reading->n && i < READING_RECORDS ? &reading->records[i] : NULL;
}

/* A record that the reader puts where something is missing. */
static bool is_lost(const struct reblock_record *r)
{
	return r && r->kind == REBLOCK_LOST && r->vm == REBLOCK_NO_VM && r->t == REBLOCK_NO_TIME;
}

/*
 * All records of the chunks have to be there, but for those from the chunk WITHOUT on, UNTIL another; where records of
 * those are missing, that is said.
 */
static void expect_all_but(const struct shape *s, const struct reading *reading, size_t without,
			   size_t until, const char *how)
{
	uint64_t i = 0, missing = 0, lost = 0;

	for (size_t k = 0; k < s->n; k++) {
		if (k >= without && k < until) {
			missing += s->chunks[k].records;
			continue;
		}
		for (uint32_t n = 0; n < s->chunks[k].records; n++) {
			const uint8_t *at = room + s->chunks[k].at + 64 + 64 * (size_t)n;

			while (given(reading, i) && memcmp(given(reading, i), at, 64) != 0 &&
			       is_lost(given(reading, i))) {
				i++;
				lost++;
			}
			if (!given(reading, i) || memcmp(given(reading, i), at, 64) != 0)
				fuzz_fail("%s: a record of a chunk that is whole is not given",
					  how);
			i++;
		}
	}
	for (; given(reading, i) && is_lost(given(reading, i)); i++)
		lost++;
	if (given(reading, i))
		fuzz_fail("%s: records are given that are not there", how);
	if (missing && !lost)
		fuzz_fail("%s: records are gone without a word", how);
	if (lost && !reading->damages)
		fuzz_fail("%s: records are lost without damage", how);
}

/* Whether something in a payload or in the description looks like the head of a chunk: that may be found. */
static bool holds_decoy(const struct shape *s)
{
	size_t k = 0;

	for (size_t at = 0; at + 64 <= s->size; at += 64) {
		uint32_t magic;

		while (k < s->n && s->chunks[k].at < at)
			k++;
		memcpy(&magic, room + at, sizeof(magic));
		if (magic == REBLOCK_CHUNK_MAGIC && at + 64 < s->size &&
		    !(k < s->n && s->chunks[k].at == at))
			return true;
	}
	return false;
}

/* Takes a chunk out, and shows those behind it where they are then. */
static void drop(struct shape *s, size_t k)
{
	size_t size = s->chunks[k].end - s->chunks[k].at;

	memmove(room + s->chunks[k].at, room + s->chunks[k].end, s->size - s->chunks[k].end);
	s->size -= size;
	for (size_t i = k + 1; i < s->n; i++) {
		s->chunks[i].at -= size;
		s->chunks[i].end -= size;
	}
}

static void harm(struct shape *s, struct reading *reading, const uint8_t *head)
{
	size_t place = ((size_t)head[2] << 8 | head[3]) * s->size >> 16, k = 0;
	enum harm what = head[1] % HARMS;

	if (s->records >= READING_RECORDS - CHUNKS_MOST || holds_decoy(s))
		return;
	while (k < s->n && s->chunks[k].end <= place)
		k++;
	if (what < HARM_CUT) {
		room[place] ^= head[4] ? head[4] : 1;
		reading_of_room(reading, s->size);
		/* In the header: then the first intact chunk is looked for, and there may be none. */
		if (reading->opened && (place >= s->first || s->n))
			fuzz_fail("one byte changed: it cannot be opened");
		room[place] ^= head[4] ? head[4] : 1;
		if (reading->opened)
			return;
		if (place < s->first)
			expect_all_but(s, reading, 0, 0, "one byte of the header changed");
		else
			expect_all_but(s, reading, k, k + 1, "one byte changed");
	} else if (what == HARM_DROP) {
		/* A whole chunk is gone: the numbers of those around it tell. */
		if (k == s->n || place < s->first || !s->chunks[k].records)
			return;
		drop(s, k);
		reading_of_room(reading, s->size);
		if (reading->opened)
			fuzz_fail("a chunk gone: it cannot be opened");
		expect_all_but(s, reading, k, k + 1, "a chunk gone");
	} else {
		reading_of_room(reading, place);
		if (reading->opened) {
			if (place >= s->first)
				fuzz_fail("cut off: it cannot be opened");
			return;
		}
		expect_all_but(s, reading, k, s->n, "cut off");
	}
	if (!reading->damages)
		fuzz_fail("changed or cut off, and no damage is said");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct reading reading;
	const struct reading_input input = reading_split(data, size, OWN_HEAD);
	const uint8_t *head = input.head;
	struct shape shape = { .size = reading_place(&input, READING_BYTES / 2) };

	mend(&shape, head[0]);
	reading_of_room(&reading, shape.size);
	/* Out of a pipe PT is not read. */
	if (!shape.pt)
		reading_piped_same(&reading, shape.size, head[5], 0xc0);
	if (shape.whole && reading.opened)
		fuzz_fail("a trace that is in order cannot be opened");
	if (shape.whole && !(head[0] & LEAVE_RECORDS)) {
		if (reading.damages != described_badly())
			fuzz_fail("a trace that is in order is called damaged");
		if (shape.pt ? reading.n < shape.records : reading.n != shape.records)
			fuzz_fail("a trace that is in order has another number of records");
		if (reading.n < READING_RECORDS && !shape.pt)
			expect_all_but(&shape, &reading, 0, 0, "a trace that is in order");
		if (head[1] % HARMS >= HARM_CHANGE && !shape.pt)
			harm(&shape, &reading, head);
	}
	if (reading.opened)
		return 0;
	reading_audit(&reading, NULL);
	reading_again_if(&reading, head[6], head[7]);
	return 0;
}
