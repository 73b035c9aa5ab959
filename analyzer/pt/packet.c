/* SPDX-License-Identifier: BSD-2-Clause */
#include "pt/packet.h"

enum { TMA_SIZE = 7 };

/* What begins with 02 and the byte given; 0: no such packet. PSB, PTW, TMA and MNT are looked at by themselves. */
static const struct {
	uint8_t length, kind;
} extended[256] = {
	[0x03] = { 4, PT_KIND_CBR },    [0x13] = { PT_CFE_SIZE, PT_KIND_CFE },
	[0x22] = { 4, PT_KIND_POWER },  [0x23] = { 2, PT_KIND_PSBEND },
	[0x43] = { 8, PT_KIND_PIP },    [0x53] = { PT_EVD_SIZE, PT_KIND_EVD },
	[0x62] = { 2, PT_KIND_POWER },  [0x73] = { 7, PT_KIND_TMA },
	[0x82] = { 16, PT_KIND_PSB },   [0x83] = { 2, PT_KIND_STOP },
	[0xa2] = { 7, PT_KIND_POWER },  [0xa3] = { 8, PT_KIND_TNT },
	[0xc2] = { 10, PT_KIND_POWER }, [0xc3] = { 11, PT_KIND_MNT },
	[0xc8] = { 7, PT_KIND_VMCS },   [0xe2] = { 2, PT_KIND_POWER },
	[0xf3] = { 2, PT_KIND_OVF },    [0x12] = { 6, PT_KIND_PTW },
	[0x32] = { 10, PT_KIND_PTW },   [0x92] = { 6, PT_KIND_PTW },
	[0xb2] = { 10, PT_KIND_PTW },
};

bool pt_follows(const uint8_t *at, const uint8_t *end, enum pt_kind kind, uint32_t over)
{
	enum pt_kind next;
	int length;

	for (; at < end; at += length) {
		/* Where a TMA ends is asked of what follows it: not again and again. */
		if (end - at >= 2 && at[0] == 0x02 && at[1] == 0x73 && !(over & PT_KIND_BIT(TMA)))
			return false;
		length = pt_packet_at(at, (size_t)(end - at), &next);
		if (length <= 0)
			return false;
		if (next == kind)
			return true;
		if (!(over >> next & 1))
			return false;
	}
	return false;
}

/*
 * TMA, in which a byte and the upper bits of the fast counter's part are reserved. Erratum SKZ84 (Xeon since Skylake, of
 * Event Trace Sapphire Rapids): in a guest with TSC offsetting or scaling, which nearly all have, it holds anything and one byte
 * too many comes behind it. In PSB+, where nearly all TMAs are, that is told by what follows: then it says nothing.
 */
static int tma_at(const uint8_t *at, size_t left, enum pt_kind *kind)
{
	const uint32_t rest = PT_KIND_BIT(PAD) | PT_KIND_BIT(FUP) | PT_KIND_BIT(PIP) |
			      PT_KIND_BIT(VMCS) | PT_KIND_BIT(MODE) | PT_KIND_BIT(MTC) |
			      PT_KIND_BIT(CYC) | PT_KIND_BIT(CBR) | PT_KIND_BIT(MNT);
	enum pt_kind next;
	bool bad;

	if (left < TMA_SIZE)
		return PT_PACKET_CUT;
	bad = at[4] || at[6] & 0xfe;
	if (left > TMA_SIZE + 1 &&
	    (bad || pt_packet_at(at + TMA_SIZE, left - TMA_SIZE, &next) < PT_PACKET_CUT) &&
	    pt_follows(at + TMA_SIZE + 1, at + left, PT_KIND_PSBEND, rest)) {
		*kind = PT_KIND_PAD;
		return TMA_SIZE + 1;
	}
	return bad ? PT_PACKET_BAD : TMA_SIZE;
}

static int extended_at(const uint8_t *at, size_t left, enum pt_kind *kind)
{
	int length;

	if (left < 2)
		return PT_PACKET_CUT;
	length = extended[at[1]].length;
	*kind = extended[at[1]].kind;
	if (!length)
		return PT_PACKET_UNKNOWN;
	switch (*kind) {
	case PT_KIND_PSB:
		for (int i = 2; i < length; i++)
			if ((size_t)i < left && at[i] != at[i & 1])
				return PT_PACKET_BAD;
		break;
	case PT_KIND_MNT:
		if (left > 2 && at[2] != 0x88)
			return PT_PACKET_UNKNOWN;
		break;
	case PT_KIND_TMA:
		return tma_at(at, left, kind);
	case PT_KIND_TNT:
		/* no bit but the one that ends it, or not even that */
		if (left >= 8 && pt_number(at + 2, 6) < 2)
			return PT_PACKET_BAD;
		break;
	default:
		break;
	}
	return (size_t)length <= left ? length : PT_PACKET_CUT;
}

static int cycles_at(const uint8_t *at, size_t left)
{
	int more = at[0] & 4, length = 1;

	/*
	 * Erratum SKD007: OVF comes behind the first byte of a CYC, in place of the rest. It would look like two CYCs behind
	 * each other, which there are only where the first one is full.
	 */
	if (left > 2 && more && at[1] == 0x02 && at[2] == 0xf3)
		return 1;

	while (more) {
		if ((size_t)length == left)
			return PT_PACKET_CUT;
		/* 5 bits in the first byte and 7 in each other: more than 64 cannot be */
		if (length == 9)
			return PT_PACKET_BAD;
		more = at[length++] & 1;
	}
	return length;
}

/* Of the IPBytes field. */
static const int address_bytes[8] = { 0, 2, 4, 6, 6, -1, 8, -1 };

int pt_packet_at(const uint8_t *at, size_t left, enum pt_kind *kind)
{
	int length;

	if (!(at[0] & 1)) {
		if (at[0] == 2)
			return extended_at(at, left, kind);
		*kind = at[0] ? PT_KIND_TNT : PT_KIND_PAD;
		return 1;
	}
	if ((at[0] & 3) == 3) {
		*kind = PT_KIND_CYC;
		return cycles_at(at, left);
	}
	switch (at[0] & 0x1f) {
	case 0x0d:
		*kind = PT_KIND_TIP;
		break;
	case 0x11:
		*kind = PT_KIND_TIP_PGE;
		break;
	case 0x01:
		*kind = PT_KIND_TIP_PGD;
		break;
	case 0x1d:
		*kind = PT_KIND_FUP;
		break;
	default:
		if (at[0] == 0x19) {
			*kind = PT_KIND_TSC;
			return left < 8 ? PT_PACKET_CUT : 8;
		}
		if (at[0] == 0x59) {
			*kind = PT_KIND_MTC;
			return left < 2 ? PT_PACKET_CUT : 2;
		}
		if (at[0] == 0x99) {
			*kind = PT_KIND_MODE;
			if (left < 2)
				return PT_PACKET_CUT;
			/* leaf 0: MODE.Exec, 1: MODE.TSX */
			return at[1] >> 5 > 1 ? PT_PACKET_BAD : 2;
		}
		return PT_PACKET_UNKNOWN;
	}
	length = address_bytes[at[0] >> 5];
	if (length < 0)
		return PT_PACKET_BAD;
	return (size_t)length < left ? length + 1 : PT_PACKET_CUT;
}

/* SDM, "Target IP (TIP) packet", table on IP compression. */
void pt_update_ip(uint64_t *ip, const uint8_t *at)
{
	unsigned how = at[0] >> 5, size = (unsigned)address_bytes[how];
	uint64_t now = pt_number(at + 1, size);

	if (how == 3)
		now = (uint64_t)((int64_t)(now << 16) >> 16);
	else if (size && size < 8)
		now |= *ip & ~(((uint64_t)1 << 8 * size) - 1);
	if (how)
		*ip = now;
}
