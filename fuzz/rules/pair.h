/* SPDX-License-Identifier: BSD-2-Clause */
/* An exit and the entry after it, with any values in their fields, and any of them absent. */
#ifndef RULES_PAIR_H
#define RULES_PAIR_H

#include <reblock/record.h>

#define RULES_PAIR 32 /* bytes of input */

struct rules_pair {
	struct reblock_record exit, entry;
	unsigned between; /* enum reblock_between */
};

/* What the RULES_PAIR bytes AT say. A field that is absent holds 0. */
void rules_pair_decode(struct rules_pair *pair, const uint8_t *at);

#endif
