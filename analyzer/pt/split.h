/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a CPU's bytes may be cut: decoding what lies between two PSBs needs nothing of what comes before. */
#ifndef PT_SPLIT_H
#define PT_SPLIT_H

#include <stddef.h>
#include <stdint.h>

enum { PT_PSB_SIZE = 16 }; /* eight times 02 82 */

/*
 * Returns the offset of the first PSB that begins at FROM or after it in the SIZE bytes at BYTES; SIZE if there is none.
 *
 * To cut at all PSBs, go on behind each: FROM is the offset of the last one plus PT_PSB_SIZE. A payload of PTWRITE that looks
 * like half a PSB, right before one, makes it be found too early: that costs a gap, which the decoding says.
 */
size_t pt_split(const uint8_t *bytes, size_t size, size_t from);

#endif
