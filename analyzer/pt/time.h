/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the TSC is at a packet: SDM volume 3C, "Intel Processor Trace", "Timestamp Counter (TSC) packet", "TSC/MTC Alignment (TMA)
 * packet", "Mini Time Counter (MTC) packet", "Cycle Count (CYC) packet", "Core:Bus Ratio (CBR) packet".
 *
 * A TSC packet says it. TMA says what the crystal clock's counter (CTC) was then, and how long before it had last counted; MTC
 * says 8 bits of that counter later, which is a time as exact as the crystal. CYC says processor cycles since the CYC before,
 * which the ratio of CBR makes TSC ticks. libipt 2.0.5 gives no times with its packets, and the newer one's are not of use
 * where packets are left out, as pt/sieve.h does: so this is done here, in one way for both.
 */
#ifndef PT_TIME_H
#define PT_TIME_H

#include <stdbool.h>
#include <stdint.h>
#include "pt/config.h"

struct pt_time {
	bool known;
	bool guest;      /* the TSC packet was made in VMX non-root operation; set by the caller */
	bool has_ctc;    /* a TMA has been seen since the TSC */
	uint8_t ratio;   /* of CBR; 0: not known */
	uint64_t tsc;    /* at the last packet that is no CYC */
	uint64_t cycles; /* since then */
	uint64_t base, base_ctc, ctc;
	/* What MTC packets have counted, TSC packets or not: see pt_time_counted. */
	uint64_t crystal;
	uint8_t mtc;
	bool has_mtc;
	bool at_mtc;                     /* tsc is the time of the last MTC packet */
	uint64_t packet, packet_crystal; /* what the last TSC packet says, and crystal there */
	uint64_t last;                   /* given by pt_time_now */
};

/* Each takes the packet at AT, which is whole. */
void pt_time_tsc(struct pt_time *time, const uint8_t *at);
void pt_time_tma(struct pt_time *time, const struct pt_config *config, const uint8_t *at);
void pt_time_mtc(struct pt_time *time, const struct pt_config *config, const uint8_t *at);
void pt_time_cyc(struct pt_time *time, const uint8_t *at);
void pt_time_cbr(struct pt_time *time, const struct pt_config *config, const uint8_t *at);

/*
 * Packets are lost: what MTC counts from is not known until the next TSC and TMA. CYC goes on; the time is too early then by what
 * was lost.
 */
static inline void pt_time_lost(struct pt_time *time)
{
	time->has_ctc = false;
	time->cycles = 0;
	time->has_mtc = time->at_mtc = false;
}

/*
 * Returns CRYSTAL, which is of TIME, in ticks: what has passed from the first MTC packet to the last one. They come of the crystal,
 * so these are the host's ticks whatever TSC packets in a guest say. Neither TMA, which some processors get wrong there
 * (erratum SKZ84), nor CYC is needed, which is of another clock.
 */
uint64_t pt_time_counted(uint64_t crystal, const struct pt_config *config);

/* Returns the estimate, which does not go down between two TSC packets; 0 where TIME is not known. */
uint64_t pt_time_now(struct pt_time *time, const struct pt_config *config);

#endif
