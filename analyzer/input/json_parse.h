/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef INPUT_JSON_PARSE_H
#define INPUT_JSON_PARSE_H

#include <jansson.h>
#include <stdbool.h>
#include <reblock/json.h>
#include "input/json_fields.h"

/* Where the reason for an error goes. */
struct json_problem {
	char *text;
	size_t size;
};

__attribute__((format(printf, 2, 3))) void json_error(const struct json_problem *p,
						      const char *format, ...);

/* The value of KEY as a number of 0 to MOST, a flag or a text. Return 0, or -EINVAL with the reason given. */
int json_number(const struct json_problem *p, const char *key, const json_t *value, uint64_t most,
		uint64_t *out);
int json_flag(const struct json_problem *p, const char *key, const json_t *value, bool *out);
int json_text(const struct json_problem *p, const char *key, const json_t *value, char *out,
	      size_t room);

/* A meta object without "vm". Returns REBLOCK_JSON_IS_SOURCE or -EINVAL with the reason given. */
int json_parse_source(const struct json_problem *p, json_t *object, struct reblock_source *s);

#endif
