/* SPDX-License-Identifier: BSD-2-Clause */
/* What libipt does not say of a branch: SDM volume 2, "Instruction Format", CALL, JMP. */
#ifndef PT_INSTRUCTION_H
#define PT_INSTRUCTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether BYTE is a legacy prefix, but for LOCK, which neither a branch nor an IRET can have. */
bool pt_is_legacy_prefix(int byte);

struct pt_instruction {
	bool is_call;    /* a near one */
	bool indirect;   /* any branch that has a TIP */
	bool to_next;    /* its displacement is 0 */
	unsigned length; /* of a near call */
};

/*
 * Reads the instruction in the N BYTES, of 64-bit mode if WIDE, else of 32-bit mode, a branch that is neither conditional nor a near return.
 * Returns whether it is known, with all its bytes.
 */
bool pt_instruction_read(const uint8_t *bytes, size_t n, bool wide, struct pt_instruction *i);

#endif
