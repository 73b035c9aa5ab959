/* SPDX-License-Identifier: BSD-2-Clause */
/* What libipt does not say of a branch: SDM volume 2, "Instruction Format", CALL, JMP. */
#ifndef PT_INSTRUCTION_H
#define PT_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct pt_near_call {
	unsigned length;
	bool indirect;
	bool to_next; /* its displacement is 0 */
};

/* Reads the near CALL in the N BYTES, of 64-bit mode if WIDE, else 32-bit mode. Returns whether it is known, with all its bytes. */
bool pt_near_call_read(const uint8_t *bytes, size_t n, bool wide, struct pt_near_call *call);

/* Whether the JMP in the N BYTES has its target in it. */
bool pt_jump_is_direct(const uint8_t *bytes, size_t n);

#endif
