/* SPDX-License-Identifier: BSD-2-Clause */
/* Which JSON keys stand for which fields: one table for reading and writing. */
#ifndef INPUT_JSON_FIELDS_H
#define INPUT_JSON_FIELDS_H

#include <stdbool.h>
#include <reblock/record.h>
#include <reblock/source.h>

enum json_type {
	JSON_FIELD_U16,
	JSON_FIELD_U32,
	JSON_FIELD_U64,
	JSON_FIELD_FLAG,
	JSON_FIELD_NAME,
	JSON_FIELD_SAW
};

struct json_field {
	const char *key;
	uint16_t kinds; /* bits 1 << enum reblock_kind: those that have it */
	uint16_t
		presence; /* its presence bit; 0: the value after `most` says that it is absent, of a flag 0 */
	uint64_t most;  /* the largest value */
	uint8_t type;   /* enum json_type */
	uint8_t hex;    /* written in hexadecimal from 10 on */
	uint8_t offset; /* in the record */
	uint8_t flag;   /* JSON_FIELD_FLAG: its bit */
};

extern const struct json_field json_fields[]; /* ends with a NULL key */

/*
 * Whether F, which its kind has, stands in R: the qualification of a witness is called so where it saw an
 * exit, and "to" where it saw anything else.
 */
bool json_field_fits(const struct json_field *f, const struct reblock_record *r);

enum json_source_type { JSON_SOURCE_TEXT, JSON_SOURCE_U32, JSON_SOURCE_FLAG };

struct json_source_field {
	const char *key;
	uint32_t presence; /* its presence bit; 0: empty text is absent */
	uint8_t type;      /* enum json_source_type */
	uint8_t hex;
	uint16_t offset; /* in the source */
	uint16_t size;   /* JSON_SOURCE_TEXT: room, terminating zero included */
};

/* All but "cpu", "captures" and "fields". */
extern const struct json_source_field json_source_fields[]; /* ends with a NULL key */

#define JSON_PRESENCES 16 /* fields with a presence bit: reblock_field_name */

#endif
