/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <reblock/processor.h>
#include "report/decode.h"

struct bit {
	unsigned number;
	const char *name;
};

__attribute__((format(printf, 2, 3))) static void add(char text[DECODE_MAX], const char *format,
						      ...)
{
	size_t length = 0;
	va_list args;

	while (text[length])
		length++;
	va_start(args, format);
	vsnprintf(text + length, DECODE_MAX - length, format, args);
	va_end(args);
}

/* The names of the bits that are 1, those that have none by number; NONE if there are none. */
static const char *bits(uint64_t value, const struct bit *names, size_t n, const char *none,
			char text[DECODE_MAX])
{
	const char *sep = text[0] ? ", " : "";

	for (unsigned b = 0; b < 64; b++) {
		const char *name = NULL;

		if (!(value >> b & 1))
			continue;
		for (size_t i = 0; i < n; i++)
			if (names[i].number == b)
				name = names[i].name;
		if (name)
			add(text, "%sbit %u %s", sep, b, name);
		else
			add(text, "%sbit %u", sep, b);
		sep = ", ";
	}
	if (!text[0])
		add(text, "%s", none);
	return text;
}

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *decode_reason(uint32_t reason, char text[DECODE_MAX])
{
	static const struct bit names[] = { { 26, "bus lock" },
					    { 27, "enclave mode" },
					    { 28, "pending MTF" },
					    { 29, "from root" },
					    { 31, "VM-entry failure" } };
	const char *name = reblock_reason_name(reason & REBLOCK_REASON_BASIC);

	text[0] = 0;
	add(text, "%" PRIu32 " %s", reason & REBLOCK_REASON_BASIC,
	    name ? name : "(not in the SDM's list)");
	return bits(reason & ~REBLOCK_REASON_BASIC, names, COUNT(names), "", text);
}

const char *decode_interruption(uint32_t info, const char *bit12, char text[DECODE_MAX])
{
	static const char *const types[8] = {
		"external interrupt", "reserved type 1",    "NMI",
		"hardware exception", "software interrupt", "privileged software exception",
		"software exception", "other event"
	};

	text[0] = 0;
	if (!(info & REBLOCK_INTR_VALID)) {
		add(text, "not valid (bit 31 is 0)");
		return text;
	}
	add(text, "valid, %s, vector %" PRIu32, types[(info & REBLOCK_INTR_TYPE) >> 8],
	    info & REBLOCK_INTR_VECTOR);
	return bits(info & ~(REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE | REBLOCK_INTR_VECTOR),
		    (const struct bit[]){ { 11, "error code" }, { 12, bit12 } }, 2, "", text);
}

const char *decode_interruptibility(uint32_t state, char text[DECODE_MAX])
{
	static const struct bit names[] = { { 0, "blocking by STI" },
					    { 1, "blocking by MOV SS" },
					    { 2, "blocking by SMI" },
					    { 3, "blocking by NMI" },
					    { 4, "enclave interruption" } };

	text[0] = 0;
	return bits(state, names, COUNT(names), "nothing is blocked", text);
}

const char *decode_pin(uint16_t pin, char text[DECODE_MAX])
{
	static const struct bit names[] = { { 0, "external-interrupt exiting" },
					    { 3, "NMI exiting" },
					    { 5, "virtual NMIs" },
					    { 6, "preemption timer" },
					    { 7, "posted interrupts" } };

	text[0] = 0;
	/* Bits 1, 2 and 4 are always 1. */
	return bits(pin & ~0x16u, names, COUNT(names), "none of the named controls", text);
}

const char *decode_exec(uint32_t exec, char text[DECODE_MAX])
{
	static const struct bit names[] = { { 2, "interrupt window" },
					    { 3, "TSC offsetting" },
					    { 7, "HLT" },
					    { 9, "INVLPG" },
					    { 10, "MWAIT" },
					    { 11, "RDPMC" },
					    { 12, "RDTSC" },
					    { 15, "CR3 load" },
					    { 16, "CR3 store" },
					    { 17, "tertiary" },
					    { 19, "CR8 load" },
					    { 20, "CR8 store" },
					    { 21, "TPR shadow" },
					    { 22, "NMI window" },
					    { 23, "MOV DR" },
					    { 24, "I/O" },
					    { 25, "I/O bitmaps" },
					    { 27, "monitor trap flag" },
					    { 28, "MSR bitmaps" },
					    { 29, "MONITOR" },
					    { 30, "PAUSE" },
					    { 31, "secondary" } };

	text[0] = 0;
	/* Bits 1, 4 to 6, 8, 13, 14 and 26 are always 1. */
	return bits(exec & ~0x04006172u, names, COUNT(names), "none", text);
}

const char *decode_qualification(uint32_t reason, uint64_t qualification, char text[DECODE_MAX])
{
	static const struct bit ept[] = { { 0, "read" },
					  { 1, "write" },
					  { 2, "fetch" },
					  { 3, "readable" },
					  { 4, "writable" },
					  { 5, "executable" },
					  { 6, "user-executable" },
					  { 7, "linear address valid" },
					  { 8, "not a page-table access" },
					  { 9, "user page" },
					  { 10, "writable page" },
					  { 11, "no-execute page" },
					  { 12, "NMI unblocking due to IRET" },
					  { 13, "shadow stack" },
					  { 16, "asynchronous" } };
	static const struct bit others[] = { { 12, "NMI unblocking due to IRET" } };
	static const struct bit spp[] = { { 11, "SPPT miss" },
					  { 12, "NMI unblocking due to IRET" } };
	static const struct bit notify[] = { { 0, "context invalid" },
					     { 12, "NMI unblocking due to IRET" } };

	text[0] = 0;
	switch (reason & REBLOCK_REASON_BASIC) {
	case REBLOCK_REASON_EPT_VIOLATION:
		return bits(qualification, ept, COUNT(ept), "no bit set", text);
	case REBLOCK_REASON_PML_FULL:
		return bits(qualification, others, COUNT(others), "no bit set", text);
	case REBLOCK_REASON_SPP:
		return bits(qualification, spp, COUNT(spp), "no bit set", text);
	case REBLOCK_REASON_NOTIFY:
		return bits(qualification, notify, COUNT(notify), "no bit set", text);
	default:
		return text; /* an address or an access, without bit 12 */
	}
}
