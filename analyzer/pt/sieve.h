/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Takes out of what lies between two PSBs the few packets that events are made of, for libipt to decode: branches inside
 * guest and host are 99 of 100 packets, and what libipt does with them is not of use here.
 *
 * What comes out is Intel PT again: PSB, PSBEND, FUP, TIP, TIP.PGE, TIP.PGD, PIP, VMCS, OVF, CFE and EVD. Of TIP those that end
 * what a FUP, PIP, VMCS or CFE began. Of TNT one, where such a thing is open: it says that the next TIP is another branch's.
 * Addresses are whole, as the packets that compressed ones build on are missing. A FUP that tells where a PTWRITE, MODE.Exec,
 * MODE.TSX or EXSTOP happened is left out with it, a transaction's abort and its branch included.
 *
 * TSC packets are put in before what may begin an event: not times, but the number of a mark, which libipt gives back as
 * the event's time. The mark has the true time, and the offset in the bytes.
 *
 * It also sees to it that each packet comes where it can, so that libipt has nothing to refuse, and its two decoders no
 * reason to differ: see pt/event.h on what belongs together.
 *
 * A CFE that has neither IP bit nor FUP although packets are on, and any that is none of INTR, IRET, VMENTRY, VMEXIT and
 * VMEXIT_INTR, goes in as SHUTDOWN, which libipt gives at once: what it was stands in the mark.
 */
#ifndef PT_SIEVE_H
#define PT_SIEVE_H

#include <stddef.h>
#include <stdint.h>
#include "pt/stream.h"
#include "pt/time.h"

struct pt_mark {
	uint64_t offset; /* of the packet that follows it, in the bytes */
	uint64_t tsc, packet, packet_counted, counted; /* as in struct pt_event */
	uint64_t reason, qualification, cr2;
	uint16_t has; /* PT_HAS_TSC; the rest for CFEs that went in as SHUTDOWN */
	bool guest;   /* the TSC is the guest's */
	bool at_mtc;
	uint8_t cfe, vector;
};

enum pt_sieve_state {
	PT_SIEVE_PSB,      /* in PSB+ */
	PT_SIEVE_OFF,      /* packets are off */
	PT_SIEVE_ON,       /* ... on */
	PT_SIEVE_OVERFLOW, /* OVF was the last: FUP says that they are on */
};

struct pt_sieve {
	const struct pt_config *config;
	struct pt_counts *counts;

	/* What came out: packets and marks. */
	uint8_t *out;
	struct pt_mark *marks;
	size_t size, room, n, marks_room;

	/* Where the segment's bytes could not be read on: 0 if they could. */
	enum pt_gap gap;
	uint64_t gap_offset;

	struct pt_time time;
	uint64_t ip;
	enum pt_sieve_state state;
	uint64_t began;  /* offset of the packet that began what is open */
	bool fup;        /* FUP waits for its TIP */
	bool cfe;        /* CFE waits for its FUP */
	bool open;       /* the next TIP may belong to what was kept */
	bool tnt;        /* the last packet kept is a TNT */
	uint8_t last;    /* enum pt_kind of the last packet kept, TNT aside */
	uint8_t kept;    /* in PSB+ */
	uint32_t bound;  /* kinds that came since the FUP */
	bool cfe_has_ip; /* ... which is its own: no TIP belongs to that FUP */
	bool psb_on;     /* PSB+ had a FUP */
	bool skip_fup;   /* the next FUP belongs to what was left out */
	bool nr;         /* a guest runs, or may: by the last PIP or CFE */
	bool evd;        /* EVDs wait for their CFE: what they say, and where the first one is */
	struct pt_mark data;
};

/*
 * Reads the bytes from BEGIN, where a PSB is, to END, where the next is or the bytes end. Returns 0, or -ENOMEM.
 * CONFIG and COUNTS of SIEVE are set by the caller, the rest is 0 the first time; counts go on.
 */
int pt_sieve_segment(struct pt_sieve *sieve, const uint8_t *bytes, size_t begin, size_t end);

void pt_sieve_free(struct pt_sieve *sieve);

#endif
