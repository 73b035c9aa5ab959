/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "pt/split.h"

size_t pt_split(const uint8_t *bytes, size_t size, size_t from)
{
	static const uint8_t psb[PT_PSB_SIZE] = { 2, 0x82, 2, 0x82, 2, 0x82, 2, 0x82,
						  2, 0x82, 2, 0x82, 2, 0x82, 2, 0x82 };
	const uint8_t *at;

	if (from >= size)
		return size;
	at = memmem(bytes + from, size - from, psb, sizeof(psb));
	return at ? (size_t)(at - bytes) : size;
}
