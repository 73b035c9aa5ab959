/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "pt/packet.h"
#include "pt/split.h"

size_t pt_split(const uint8_t *bytes, size_t size, size_t from)
{
	static const uint8_t psb[PT_PSB_SIZE] = { 2, 0x82, 2, 0x82, 2, 0x82, 2, 0x82,
						  2, 0x82, 2, 0x82, 2, 0x82, 2, 0x82 };
	const uint8_t *at;
	size_t offset;

	if (from >= size)
		return size;
	at = memmem(bytes + from, size - from, psb, sizeof(psb));
	if (!at)
		return size;
	offset = (size_t)(at - bytes);
	while (size - offset >= sizeof(psb) + 2 && bytes[offset + 16] == 2 &&
	       bytes[offset + 17] == 0x82)
		offset += 2;
	return offset;
}
