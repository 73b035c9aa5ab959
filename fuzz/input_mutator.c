/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mutates as libFuzzer does, then mostly makes the checksums of an own-format trace right
 * again: else every mutation would end at the first checksum.
 */
#include <string.h>
#include <reblock/trace.h>
#include "fuzz.h"

static void seal_header(uint8_t *data, size_t size, size_t *first_chunk)
{
	struct reblock_trace_header header;

	memcpy(&header, data, sizeof(header));
	if (header.header_size < sizeof(header) || header.header_size > size)
		return;
	header.crc = 0;
	memcpy(data, &header, sizeof(header));
	header.crc = reblock_crc32c(0, data, header.header_size);
	memcpy(data, &header, sizeof(header));
	*first_chunk = header.header_size;
}

/* Returns where the next chunk begins. */
static size_t seal_chunk(uint8_t *data, size_t size, size_t at)
{
	struct reblock_trace_chunk chunk;
	size_t payload, left = size - at - sizeof(chunk);

	memcpy(&chunk, data + at, sizeof(chunk));
	payload = (size_t)chunk.records * sizeof(struct reblock_record);
	if (chunk.magic != REBLOCK_CHUNK_MAGIC || payload > left)
		return at + 64;
	chunk.payload_crc = reblock_crc32c(0, data + at + sizeof(chunk), payload);
	chunk.crc = reblock_crc32c(0, &chunk, offsetof(struct reblock_trace_chunk, crc));
	memcpy(data + at, &chunk, sizeof(chunk));
	return at + sizeof(chunk) + payload;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned seed)
{
	size_t at = 0;

	size = LLVMFuzzerMutate(data, size, max_size);
	if (seed % 8 == 0 || size < sizeof(struct reblock_trace_header) ||
	    memcmp(data, REBLOCK_TRACE_MAGIC, 8) != 0)
		return size;
	seal_header(data, size, &at);
	if (at == 0)
		return size;
	while (at + sizeof(struct reblock_trace_chunk) <= size)
		at = seal_chunk(data, size, at);
	return size;
}
