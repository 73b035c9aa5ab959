/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a packet ends and what kind it is: SDM volume 3C, "Intel Processor Trace", "Packet Definitions". */
#ifndef PT_PACKET_H
#define PT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "pt/split.h"
#include "pt/stream.h"

enum {
	/* instead of a length */
	PT_PACKET_CUT = 0,      /* the bytes end in the middle of it */
	PT_PACKET_UNKNOWN = -1, /* no packet that is known */
	PT_PACKET_BAD = -2,     /* what follows its first bytes cannot be */
};

/*
 * Returns the length of the packet at AT, of whose bytes LEFT (at least 1) are there, and sets *KIND; or one of the above.
 */
int pt_packet_at(const uint8_t *at, size_t left, enum pt_kind *kind);

#define PT_KIND_BIT(kind) (1u << PT_KIND_##kind)

/* Whether a packet of KIND comes in the bytes from AT to END, with none before it but those whose PT_KIND_BIT is in OVER. */
bool pt_follows(const uint8_t *at, const uint8_t *end, enum pt_kind kind, uint32_t over);

/* Returns the SIZE (at most 8) bytes at AT as a little-endian number. */
static inline uint64_t pt_number(const uint8_t *at, unsigned size)
{
	uint64_t number = 0;

	for (unsigned i = 0; i < size; i++)
		number |= (uint64_t)at[i] << 8 * i;
	return number;
}

/* Takes the address of the FUP, TIP, TIP.PGE or TIP.PGD at AT, of which it may have only the lower bytes: to *IP, the last one. */
void pt_update_ip(uint64_t *ip, const uint8_t *at);

/* Fields of packets that are whole. */
static inline uint64_t pt_pip_cr3(const uint8_t *pip)
{
	return pt_number(pip + 2, 6) >> 1 << 5;
}

static inline int pt_pip_nr(const uint8_t *pip)
{
	return pip[2] & 1;
}

/* Of CFE and EVD (SDM, "Control Flow Event (CFE) packet", "Event Data (EVD) packet"). */
enum {
	PT_CFE_SIZE = 4,
	PT_EVD_SIZE = 11,
	PT_CFE_IP = 0x80, /* of byte 2: a FUP of its own follows */
	PT_CFE_TYPE = 0x1f,
	PT_EVD_TYPE = 0x3f,
	PT_EVD_CR2 = 0,
	PT_EVD_VMXQ = 1,
	PT_EVD_VMXR = 2,
};

#endif
