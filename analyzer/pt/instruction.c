/* SPDX-License-Identifier: BSD-2-Clause */
#include "pt/instruction.h"

bool pt_is_legacy_prefix(int byte)
{
	switch (byte) {
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
		return true;
	default:
		return false;
	}
}

/* The opcode's place behind prefixes, and in 64-bit mode a REX; N if there is none. SIZES: of them, 66 or 67 is there. */
static size_t opcode_at(const uint8_t *bytes, size_t n, bool wide, bool *sizes)
{
	size_t i;

	*sizes = false;
	for (i = 0; i < n; i++) {
		*sizes |= bytes[i] == 0x66 || bytes[i] == 0x67;
		if (!pt_is_legacy_prefix(bytes[i]) && (!wide || (bytes[i] & 0xf0) != 0x40))
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

bool pt_instruction_read(const uint8_t *bytes, size_t n, bool wide, struct pt_instruction *i)
{
	bool sizes;
	size_t at = opcode_at(bytes, n, wide, &sizes);

	*i = (struct pt_instruction){ .indirect = true };
	/* In 32-bit mode they make other lengths; in 64-bit mode a displacement stays what it is. */
	if (at + 1 > n || (sizes && !wide))
		return false;
	switch (bytes[at]) {
	case 0xe8:
		i->is_call = true;
		i->length = (unsigned)at + 5;
		i->indirect = false;
		if (n < i->length)
			return false;
		i->to_next = !(bytes[at + 1] | bytes[at + 2] | bytes[at + 3] | bytes[at + 4]);
		return true;
	case 0xe9:
	case 0xeb:
		i->indirect = false;
		return true;
	case 0xff:
		if (n < at + 2)
			return false;
		i->is_call = (bytes[at + 1] >> 3 & 7) == 2;
		i->length = (unsigned)at + 1 +
			    operand_size(bytes[at + 1], n > at + 2 ? bytes[at + 2] : 0);
		return n >= i->length;
	default:
		return true;
	}
}
