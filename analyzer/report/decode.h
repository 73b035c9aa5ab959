/* SPDX-License-Identifier: BSD-2-Clause */
/* The fields of a record with the names of their bits, for people. */
#ifndef REPORT_DECODE_H
#define REPORT_DECODE_H

#include <reblock/record.h>

#define DECODE_MAX 320

#define DECODE_BIT12_EXIT "NMI unblocking due to IRET"
#define DECODE_BIT12_ENTRY "reserved"
#define DECODE_BIT12_IDTV "undefined"

/*
 * Each writes what a value means to TEXT, such as "valid, hardware exception, vector 14,
 * error code, bit 12", and returns TEXT.
 */
const char *decode_reason(uint32_t reason, char text[DECODE_MAX]);
/* Any of the three fields; they differ in what bit 12 is. */
const char *decode_interruption(uint32_t info, const char *bit12, char text[DECODE_MAX]);
const char *decode_interruptibility(uint32_t state, char text[DECODE_MAX]);
const char *decode_pin(uint16_t pin, char text[DECODE_MAX]);
const char *decode_exec(uint32_t exec, char text[DECODE_MAX]);
const char *decode_qualification(uint32_t reason, uint64_t qualification, char text[DECODE_MAX]);

#endif
