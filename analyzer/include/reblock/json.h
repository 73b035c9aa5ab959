/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Records and source descriptions as JSON objects, one a line (JSON Lines): for
 * people, and for the authors of other hypervisors. The keys are in docs/jsonl.md.
 */
#ifndef REBLOCK_JSON_H
#define REBLOCK_JSON_H

#include <stddef.h>
#include <reblock/record.h>
#include <reblock/source.h>

#define REBLOCK_JSON_LINE_MAX 65536 /* the longest line that is read */
/* the longest line that reblock_json_record writes, terminating zero included */
#define REBLOCK_JSON_RECORD_MAX 640

enum reblock_json_line { REBLOCK_JSON_IS_RECORD = 1, REBLOCK_JSON_IS_SOURCE };

/*
 * Reads one line of SIZE bytes (no newline needed).
 *
 * Returns REBLOCK_JSON_IS_RECORD with *RECORD filled, REBLOCK_JSON_IS_SOURCE (a meta object
 * without "vm") with *SOURCE filled, or a negative errno with a plain reason that
 * names the key in ERROR (ERROR_SIZE bytes, always terminated):
 *   -EINVAL not a JSON object, an unknown key, a wrong type, a value out of range,
 *           a key that is missing or that this kind does not have;
 *   -ENOMEM.
 */
int reblock_json_parse(const char *line, size_t size, struct reblock_record *record,
		       struct reblock_source *source, char *error, size_t error_size);

/* Writes the object of a well-formed R to TEXT, no newline; returns its length. */
size_t reblock_json_record(const struct reblock_record *r, char text[REBLOCK_JSON_RECORD_MAX]);

/*
 * Returns the meta object of SOURCE as one line without a newline, to be freed by the
 * caller; NULL when memory is short.
 */
char *reblock_json_source(const struct reblock_source *source);

/* Returns the key of the field with presence bit 1 << BIT, as "fields" lists it; NULL past the last. */
const char *reblock_field_name(unsigned bit);

/* Returns the "event" name of a kind, or NULL for a number that is none. */
const char *reblock_kind_name(unsigned kind);

/* Returns the "saw" word of an enum reblock_witness_kind, or NULL for a number that is none. */
const char *reblock_witness_name(unsigned saw);

#endif
