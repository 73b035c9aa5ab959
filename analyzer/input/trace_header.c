/* SPDX-License-Identifier: BSD-2-Clause */
/* The header of a trace file: what it says of the source, and what can be done where it is damaged. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <reblock/json.h>
#include "input/reader.h"
#include "input/trace_chunk.h"
#include "input/trace_pt.h"

/* How the header reads. */
enum header { HEADER_RIGHT, HEADER_VERSION_DAMAGED, HEADER_NEWER, HEADER_DAMAGED };

/* The CRC that a header would have if its version were VERSION. */
static uint32_t header_crc(const uint8_t *bytes, size_t size, uint32_t version)
{
	struct reblock_trace_header h;
	uint32_t crc;

	memcpy(&h, bytes, sizeof(h));
	h.version = version;
	h.crc = 0;
	crc = reblock_crc32c(0, &h, sizeof(h));
	return reblock_crc32c(crc, bytes + sizeof(h), size - sizeof(h));
}

/* Needs a whole header at the position where its size is right. */
static enum header classify(const struct bytes *b, const struct reblock_trace_header *h)
{
	bool sized = h->header_size >= sizeof(*h) && h->header_size <= REBLOCK_TRACE_HEADER_MAX &&
		     h->header_size % 64 == 0 && h->header_size <= b->size &&
		     h->description <= h->header_size - sizeof(*h);

	if (memcmp(h->magic, REBLOCK_TRACE_MAGIC, sizeof(h->magic)) != 0)
		return HEADER_DAMAGED;
	if (sized && h->version <= REBLOCK_TRACE_VERSION &&
	    header_crc(b->data, h->header_size, h->version) == h->crc)
		return h->version == REBLOCK_TRACE_VERSION ? HEADER_RIGHT : HEADER_DAMAGED;
	/* With version 1 put in its CRC is right: then nothing but the version is damaged. */
	if (sized && header_crc(b->data, h->header_size, REBLOCK_TRACE_VERSION) == h->crc)
		return HEADER_VERSION_DAMAGED;
	return h->version > REBLOCK_TRACE_VERSION ? HEADER_NEWER : HEADER_DAMAGED;
}

static void describe(struct reblock_input *in, const struct reblock_trace_header *h)
{
	struct reblock_record record;
	char why[256];
	int what = reblock_json_parse((const char *)in->bytes.data + sizeof(*h), h->description,
				      &record, &in->source, why, sizeof(why));

	if (what == REBLOCK_JSON_IS_SOURCE)
		return;
	memset(&in->source, 0, sizeof(in->source));
	reader_damage(
		in,
		"offset %zu: the description of the source is not valid (%s); read on without it",
		sizeof(*h), what < 0 ? why : "it is a record");
}

/* Goes to the first chunk that is in order, for a file whose header is not. */
static int without_header(struct reblock_input *in, char **error)
{
	bool found = in->headless;
	int err = found ? 0 : trace_recognize(in, &found);

	if (err)
		return err;
	if (!found) {
		if (asprintf(error,
			     "%s: offset 0: the header of this trace is damaged or cut off and no "
			     "intact chunk follows; record it again or take another copy",
			     in->name) < 0)
			*error = NULL;
		return -EINVAL;
	}
	reader_damage(in,
		      "offset 0: the header is damaged; read on from the first intact chunk, at "
		      "offset %" PRIu64 ", without a description of the source",
		      in->bytes.offset);
	return 0;
}

static int look_for_pt(struct reblock_input *in)
{
	int err = trace_pt_index(in);

	return err ? err : trace_pt_offer(in);
}

int trace_open(struct reblock_input *in, char **error)
{
	struct bytes *b = &in->bytes;
	struct reblock_trace_header h;
	int err = in->headless ? 0 : bytes_need(b, sizeof(h));

	if (err)
		return err;
	if (in->headless || b->size < sizeof(h)) {
		err = without_header(in, error);
		return err ? err : look_for_pt(in);
	}
	memcpy(&h, b->data, sizeof(h));
	if (h.header_size <= REBLOCK_TRACE_HEADER_MAX)
		err = bytes_need(b, h.header_size);
	if (err)
		return err;
	switch (classify(b, &h)) {
	case HEADER_VERSION_DAMAGED:
		reader_damage(in,
			      "offset 8: the version reads %" PRIu32
			      ", but the header's CRC is right "
			      "for version %d only; read as that",
			      h.version, REBLOCK_TRACE_VERSION);
		break;
	case HEADER_RIGHT:
		break;
	case HEADER_NEWER:
		if (asprintf(error,
			     "%s: offset 8: this trace has format version %" PRIu32
			     ", newer than the "
			     "%d that this reblock reads; use a newer reblock",
			     in->name, h.version, REBLOCK_TRACE_VERSION) < 0)
			*error = NULL;
		return -ENOTSUP;
	case HEADER_DAMAGED:
		err = without_header(in, error);
		return err ? err : look_for_pt(in);
	}
	describe(in, &h);
	bytes_skip(b, h.header_size);
	return look_for_pt(in);
}
