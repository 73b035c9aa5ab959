/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <string.h>
#include "input/json_parse.h"

/* "family-model-stepping" in decimal. */
static int parse_cpu(const struct json_problem *p, const json_t *value, struct reblock_source *s)
{
	const char *text = json_string_value(value);
	uint32_t part[3] = { 0, 0, 0 };
	int n = 0, digits = 0;

	for (; text && *text && n < 3; text++) {
		if (*text == '-' && digits) {
			n++;
			digits = 0;
		} else if (*text >= '0' && *text <= '9' && digits < 9) {
			part[n] = part[n] * 10 + (uint32_t)(*text - '0');
			digits++;
		} else {
			n = 3;
		}
	}
	if (!text || n != 2 || !digits) {
		json_error(
			p,
			"key \"cpu\" must be a string \"family-model-stepping\" such as \"6-85-4\"");
		return -EINVAL;
	}
	s->family = part[0];
	s->model = part[1];
	s->stepping = part[2];
	s->presence |= REBLOCK_SOURCE_CPU;
	return 0;
}

/* A list of names, of which NAME gives the N that there are, as a set of bits. */
static int parse_list(const struct json_problem *p, const char *key, const json_t *list, unsigned n,
		      const char *(*name)(unsigned), uint32_t *set)
{
	size_t i;
	json_t *item;

	if (!json_is_array(list)) {
		json_error(p, "key \"%s\" must be a list of names", key);
		return -EINVAL;
	}
	json_array_foreach(list, i, item)
	{
		const char *text = json_string_value(item);
		unsigned bit = 0;

		while (text && bit < n && !(name(bit) && strcmp(name(bit), text) == 0))
			bit++;
		if (!text || bit == n) {
			json_error(p, "key \"%s\" holds a name that is not known: \"%.64s\"", key,
				   text ? text : "?");
			return -EINVAL;
		}
		*set |= 1u << bit;
	}
	return 0;
}

static int set_source(const struct json_problem *p, const char *key, const json_t *value,
		      struct reblock_source *s)
{
	const struct json_source_field *f = json_source_fields;
	unsigned char *at;
	uint64_t number;
	bool flag;

	if (strcmp(key, "cpu") == 0)
		return parse_cpu(p, value, s);
	if (strcmp(key, "captures") == 0) {
		s->presence |= REBLOCK_SOURCE_CAPTURES;
		return parse_list(p, key, value, REBLOCK_KINDS, reblock_kind_name, &s->captures);
	}
	if (strcmp(key, "fields") == 0) {
		s->presence |= REBLOCK_SOURCE_FIELDS;
		return parse_list(p, key, value, JSON_PRESENCES, reblock_field_name, &s->fields);
	}
	while (f->key && strcmp(f->key, key) != 0)
		f++;
	if (!f->key) {
		json_error(
			p,
			"unknown key \"%.64s\" in a description of the source (a description of a VM needs \"vm\")",
			key);
		return -EINVAL;
	}
	at = (unsigned char *)s + f->offset;
	s->presence |= f->presence;
	switch (f->type) {
	case JSON_SOURCE_TEXT:
		return json_text(p, key, value, (char *)at, f->size);
	case JSON_SOURCE_U32:
		if (json_number(p, key, value, UINT32_MAX, &number))
			return -EINVAL;
		memcpy(at, &(uint32_t){ (uint32_t)number }, sizeof(uint32_t));
		return 0;
	default:
		if (json_flag(p, key, value, &flag))
			return -EINVAL;
		*at = flag;
		return 0;
	}
}

int json_parse_source(const struct json_problem *p, json_t *object, struct reblock_source *s)
{
	const char *key;
	json_t *value;

	memset(s, 0, sizeof(*s));
	json_object_foreach(object, key, value)
	{
		if (strcmp(key, "event") != 0 && set_source(p, key, value, s))
			return -EINVAL;
	}
	return REBLOCK_JSON_IS_SOURCE;
}
