/* SPDX-License-Identifier: BSD-2-Clause */
/* One JSON object of reblock, spelled otherwise: the same to whoever reads JSON and docs/jsonl.md. */
#ifndef JSONL_SPELL_H
#define JSONL_SPELL_H

#include <stddef.h>
#include <stdint.h>

#define SPELL_MOST 12288 /* bytes of what comes out */

/*
 * Writes to OUT the object in the SIZE bytes of TEXT, as reblock_json_record and reblock_json_source write it: its keys in
 * another order, numbers as texts or texts as numbers, flags as words, characters escaped, space between. SEED decides; 0 is
 * TEXT itself. Returns how many bytes there are, no newline.
 */
size_t spell(const char *text, size_t size, uint32_t seed, char out[SPELL_MOST]);

#endif
