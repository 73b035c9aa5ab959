/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a CPU's bytes may be cut: decoding what lies between two PSBs needs nothing of what comes before. */
#ifndef PT_SPLIT_H
#define PT_SPLIT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Returns the offset of the first PSB that begins at FROM or after it in the SIZE bytes at BYTES; SIZE if there is none.
 *
 * A PSB is eight times 02 82. Where more of these follow each other, as after a payload that ends in them, the last
 * eight are the PSB.
 */
size_t pt_split(const uint8_t *bytes, size_t size, size_t from);

#endif
