/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The source: which host and which recorder a stream of records comes from,
 * and what that recorder can and cannot see. Every judgement about something
 * that was *not* seen rests on this.
 */
#ifndef REBLOCK_SOURCE_H
#define REBLOCK_SOURCE_H

#include <stdint.h>

/* Which members of struct reblock_source are known. */
enum reblock_source_presence {
	REBLOCK_SOURCE_CPU = 1 << 0, /* family, model, stepping */
	REBLOCK_SOURCE_MICROCODE = 1 << 1,
	REBLOCK_SOURCE_TSC_KHZ = 1 << 2,
	REBLOCK_SOURCE_EPT = 1 << 3, /* kvm_intel's parameters */
	REBLOCK_SOURCE_VNMI = 1 << 4,
	REBLOCK_SOURCE_PML = 1 << 5,
	REBLOCK_SOURCE_NESTED = 1 << 6,
	REBLOCK_SOURCE_CAPTURES = 1 << 7,
	REBLOCK_SOURCE_FIELDS = 1 << 8,
	REBLOCK_SOURCE_BARE_METAL = 1 << 9
};

struct reblock_source {
	char source[64];   /* the recorder and its version; empty: not known */
	char host[64];     /* host name; empty: not known */
	char kernel[96];   /* kernel release; empty: not known */
	char clock[16];    /* "monotonic", "boottime", "tsc", ...; empty: not known */
	uint32_t presence; /* enum reblock_source_presence */
	uint32_t family, model, stepping; /* CPUID, as Linux prints them */
	uint32_t microcode;
	uint32_t tsc_khz;
	uint8_t ept, vnmi, pml, nested; /* parameters of the hypervisor: 0 or 1 */
	/*
	 * 1: fields of exits are what the processor saved. 0: a hypervisor below
	 * this one may have changed them, or the exit is recorded after this
	 * hypervisor's own recovery. Findings of kind "hardware" need a known
	 * 1, and so does blocking read at an exit, as evidence of what it was at the entry before.
	 */
	uint8_t bare_metal;
	/*
	 * The kinds of record this source captures, as bits 1 << enum reblock_kind.
	 * Not known: nothing is taken to be captured beyond what is in the stream,
	 * so operations of user space cannot be excluded.
	 */
	uint32_t captures;
	/*
	 * The fields, as presence bits, that this source records wherever they
	 * apply. A field listed here and absent in a record is unknown. One that is
	 * not listed cannot be carried by this source at all, and a named
	 * assumption may stand in (struct reblock_audit_options).
	 */
	uint32_t fields;
};

#endif
