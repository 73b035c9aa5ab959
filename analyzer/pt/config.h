/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is known of the processor that wrote a piece of Intel PT, and how to decode it. Whoever has the recording fills
 * it in: perf.data's AUXTRACE_INFO, the own format's chunk, or options of the command line. All zero is allowed: nothing
 * known, the best library.
 *
 * Family, model and stepping are not asked for, nor what libipt knows of their errata: it gets other packets than the processor
 * wrote (pt/sieve.h), and not each libipt knows each processor. Where an erratum (BDM70, SKD007, SKZ84, APL11) shows in the
 * packets, it is allowed for on any processor; where it leaves one out (SKD010: the FUP after an overflow), that is a gap.
 */
#ifndef PT_CONFIG_H
#define PT_CONFIG_H

#include <stdint.h>

struct pt_image; /* pt/image.h */

/* Both give the same events for the same bytes; the tests compare them. */
enum pt_backend {
	PT_BACKEND_BEST,   /* PT_BACKEND_EVENTS where libipt has it */
	PT_BACKEND_EVENTS, /* libipt's event decoder, of libipt 2.1 and later */
	PT_BACKEND_PACKETS, /* libipt's packet decoder, of every libipt 2.x; what goes together is found here */
};

struct pt_config {
	/*
	 * For times between TSC packets. Without both words of CPUID.15H, MTC packets are not used; without nom_freq, CYC packets.
	 */
	uint8_t mtc_freq; /* IA32_RTIT_CTL.MTCFreq: MTC every 2^mtc_freq ticks of the crystal clock */
	uint8_t nom_freq; /* MSR_PLATFORM_INFO bits 15:8: the TSC's frequency in units of 100 MHz (of the bus clock) */
	uint32_t
		cpuid_0x15_eax; /* CPUID.15H: the TSC runs at EBX / EAX of the crystal clock; EAX is the denominator */
	uint32_t cpuid_0x15_ebx;

	const struct pt_image *image; /* the guest's memory, or NULL; stays the caller's */
	enum pt_backend backend;
};

#endif
