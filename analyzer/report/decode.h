/* SPDX-License-Identifier: BSD-2-Clause */
/* The fields of a record with the names of their bits, for people. */
#ifndef REPORT_DECODE_H
#define REPORT_DECODE_H

#include <reblock/record.h>

#define DECODE_MAX 320

/*
 * Each writes what a value means to TEXT, such as "valid, hardware exception, vector 14,
 * error code, bit 12", and returns TEXT.
 */
const char *decode_reason(uint32_t reason, char text[DECODE_MAX]);
const char *decode_interruption(uint32_t info, char text[DECODE_MAX]); /* any of the three */
const char *decode_interruptibility(uint32_t state, char text[DECODE_MAX]);
const char *decode_pin(uint16_t pin, char text[DECODE_MAX]);
const char *decode_exec(uint32_t exec, char text[DECODE_MAX]);
const char *decode_qualification(uint32_t reason, uint64_t qualification, char text[DECODE_MAX]);

#endif
