/* SPDX-License-Identifier: BSD-2-Clause */
#include "pt/instruction.h"

/* The opcode's place behind prefixes, and in 64-bit mode a REX; N if there is none. SIZES: of them, 66 or 67 is there. */
static size_t opcode_at(const uint8_t *bytes, size_t n, bool wide, bool *sizes)
{
	size_t i;

	*sizes = false;
	for (i = 0; i < n; i++) {
		*sizes |= bytes[i] == 0x66 || bytes[i] == 0x67;
		switch (bytes[i]) {
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x64:
		case 0x65:
		case 0x66:
		case 0x67:
		case 0xf2:
		case 0xf3:
			continue;
		default:
			break;
		}
		if (!wide || (bytes[i] & 0xf0) != 0x40)
			break;
	}
	return i;
}

/* Of ModRM, SIB and displacement, with addresses of 32 or 64 bits. */
static unsigned operand_size(uint8_t modrm, uint8_t sib)
{
	unsigned mod = modrm >> 6, rm = modrm & 7, size = 1;

	if (mod == 3)
		return 1;
	size += rm == 4;
	if (mod == 1)
		return size + 1;
	if (mod == 2 || (mod == 0 && (rm == 5 || (rm == 4 && (sib & 7) == 5))))
		return size + 4;
	return size;
}

bool pt_near_call_read(const uint8_t *bytes, size_t n, bool wide, struct pt_near_call *call)
{
	bool sizes;
	size_t at = opcode_at(bytes, n, wide, &sizes);

	/* In 32-bit mode they make other lengths; in 64-bit mode a displacement stays what it is. */
	if (sizes && !wide)
		return false;
	if (at + 5 <= n && bytes[at] == 0xe8) {
		call->length = (unsigned)at + 5;
		call->to_next = !(bytes[at + 1] | bytes[at + 2] | bytes[at + 3] | bytes[at + 4]);
		return true;
	}
	if (at + 3 > n || bytes[at] != 0xff || (bytes[at + 1] >> 3 & 7) != 2)
		return false;
	call->indirect = true;
	call->length = (unsigned)at + 1 + operand_size(bytes[at + 1], bytes[at + 2]);
	return true;
}

bool pt_jump_is_direct(const uint8_t *bytes, size_t n)
{
	bool sizes;
	size_t at = opcode_at(bytes, n, true, &sizes);

	return at < n && (bytes[at] == 0xe9 || bytes[at] == 0xeb);
}
