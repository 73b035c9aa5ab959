/* SPDX-License-Identifier: BSD-2-Clause */
#include "input/trace_ahead.h"

bool trace_look_ahead(const struct reblock_input *in, uint64_t *offset, struct trace_ahead *ahead)
{
	const uint8_t *bytes = in->bytes.map;
	struct reblock_trace_chunk c;
	uint64_t left, payload;

	if (!bytes || in->format != REBLOCK_FORMAT_TRACE || *offset > in->bytes.total)
		return false;
	left = in->bytes.total - *offset;
	if (left < sizeof(c) || !trace_chunk_header(bytes + *offset, &c) || c.flags || !c.records)
		return false;
	payload = c.records * sizeof(struct reblock_record);
	if (left - sizeof(c) < payload)
		return false;
	ahead->offset = *offset;
	ahead->records = (const struct reblock_record *)(const void *)(bytes + *offset + sizeof(c));
	ahead->n = c.records;
	*offset += sizeof(c) + payload;
	return true;
}
