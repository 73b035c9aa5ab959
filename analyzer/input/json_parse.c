/* SPDX-License-Identifier: BSD-2-Clause */
/* One line of JSON to a record. Whatever is not exactly right is an error that names the key. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include "input/json_parse.h"
#include "input/utf8.h"

/* The field of KEY that KIND has; NULL with an error for none. */
static const struct json_field *field_of(const struct json_problem *p, const char *key,
					 unsigned kind)
{
	bool known = false;

	for (const struct json_field *f = json_fields; f->key; f++) {
		if (strcmp(f->key, key) != 0)
			continue;
		if (f->kinds >> kind & 1)
			return f;
		known = true;
	}
	if (known)
		json_error(p, "key \"%s\" does not belong to event \"%s\"", key,
			   reblock_kind_name(kind));
	else
		json_error(p, "unknown key \"%.64s\"", key);
	return NULL;
}

/* What a witness saw, as a word. */
static int set_saw(const struct json_problem *p, const struct json_field *f, const json_t *value,
		   struct reblock_record *r)
{
	char word[16];
	int err = json_text(p, f->key, value, word, sizeof(word));

	if (err)
		return err;
	for (unsigned saw = 1; saw < REBLOCK_SAW_KINDS; saw++) {
		if (strcmp(word, reblock_witness_name(saw)) != 0)
			continue;
		r->error_code = saw;
		return 0;
	}
	json_error(p, "key \"%s\" names nothing that a witness sees: \"%s\"", f->key, word);
	return -EINVAL;
}

/* A witness says what was seen, and its other keys fit that. */
static int check_witness(const struct json_problem *p, json_t *object,
			 const struct reblock_record *r)
{
	if (!r->error_code) {
		json_error(p, "key \"saw\" is missing");
		return -EINVAL;
	}
	for (const struct json_field *f = json_fields; f->key; f++) {
		if (!(f->kinds >> REBLOCK_WITNESS & 1) || json_field_fits(f, r) ||
		    !json_object_get(object, f->key))
			continue;
		json_error(p, "key \"%s\" does not belong to a witness that saw \"%s\"", f->key,
			   reblock_witness_name(r->error_code));
		return -EINVAL;
	}
	return 0;
}

static int set_field(const struct json_problem *p, const struct json_field *f, const json_t *value,
		     struct reblock_record *r)
{
	unsigned char *at = (unsigned char *)r + f->offset;
	char name[REBLOCK_NAME_LENGTH + 1];
	uint64_t number = 0;
	uint32_t u32;
	uint16_t u16;
	bool flag = false;
	int err;

	if (f->type == JSON_FIELD_NAME) {
		err = json_text(p, f->key, value, name, sizeof(name));
		if (!err)
			reblock_record_set_name(r, name);
		return err;
	}
	if (f->type == JSON_FIELD_SAW) {
		r->presence |= f->presence;
		return set_saw(p, f, value, r);
	}
	err = f->type == JSON_FIELD_FLAG ? json_flag(p, f->key, value, &flag) :
					   json_number(p, f->key, value, f->most, &number);
	if (err)
		return err;
	r->presence |= f->presence;
	switch (f->type) {
	case JSON_FIELD_U64:
		memcpy(at, &number, sizeof(number));
		break;
	case JSON_FIELD_U32:
		u32 = (uint32_t)number;
		memcpy(at, &u32, sizeof(u32));
		break;
	case JSON_FIELD_U16:
		u16 = (uint16_t)number;
		memcpy(at, &u16, sizeof(u16));
		break;
	default:
		*at = (unsigned char)(flag ? *at | f->flag : *at & ~f->flag);
	}
	return 0;
}

static int parse_record(const struct json_problem *p, json_t *object, unsigned kind,
			struct reblock_record *r)
{
	const char *key;
	json_t *value;

	memset(r, 0, sizeof(*r));
	r->kind = (uint8_t)kind;
	r->t = REBLOCK_NO_TIME;
	r->vm = REBLOCK_NO_VM;
	r->vcpu = REBLOCK_NO_VCPU;
	r->cpu = REBLOCK_NO_CPU;
	json_object_foreach(object, key, value)
	{
		const struct json_field *f;

		if (strcmp(key, "event") == 0)
			continue;
		f = field_of(p, key, kind);
		if (!f || set_field(p, f, value, r))
			return -EINVAL;
	}
	if (r->vm == REBLOCK_NO_VM && (kind != REBLOCK_LOST || r->vcpu != REBLOCK_NO_VCPU)) {
		json_error(p, "key \"vm\" is missing");
		return -EINVAL;
	}
	if (r->vcpu == REBLOCK_NO_VCPU && kind != REBLOCK_LOST && kind != REBLOCK_META) {
		json_error(p, "key \"vcpu\" is missing");
		return -EINVAL;
	}
	if (kind == REBLOCK_WITNESS && check_witness(p, object, r))
		return -EINVAL;
	return REBLOCK_JSON_IS_RECORD;
}

/* Makes jansson's word on a syntax error a plain reason, with the key before the place if there is one. */
static void syntax_error(const struct json_problem *p, const char *line, size_t size,
			 const json_error_t *e)
{
	size_t at = e->position > 0 && (size_t)e->position <= size ? (size_t)e->position : size;
	const char *end, *begin;

	if (json_error_code(e) == json_error_duplicate_key) {
		json_error(p, "%.100s", e->text);
		return;
	}
	if (json_error_code(e) != json_error_numeric_overflow) {
		json_error(p, "not valid JSON (%.100s, at byte %zu)", e->text, at);
		return;
	}
	end = memrchr(line, ':', at);
	end = end ? memrchr(line, '"', (size_t)(end - line)) : NULL;
	begin = end ? memrchr(line, '"', (size_t)(end - line)) : NULL;
	if (begin)
		json_error(
			p,
			"key \"%.*s\" has a number that is too large; write values above 2^63 - 1 as a string "
			"like \"0xffffffff81000000\"",
			(int)(end - begin - 1 < 64 ? end - begin - 1 : 64), begin + 1);
	else
		json_error(p, "a number is too large");
}

static int parse_object(const struct json_problem *p, json_t *object, struct reblock_record *record,
			struct reblock_source *source)
{
	const char *event;

	if (!json_is_object(object)) {
		json_error(p, "not a JSON object: each line holds one, in braces");
		return -EINVAL;
	}
	event = json_string_value(json_object_get(object, "event"));
	if (!event) {
		json_error(p, json_object_get(object, "event") ? "key \"event\" must be a string" :
								 "key \"event\" is missing");
		return -EINVAL;
	}
	for (unsigned kind = 1; kind < REBLOCK_KINDS; kind++) {
		if (strcmp(event, reblock_kind_name(kind)) != 0)
			continue;
		if (kind == REBLOCK_META && !json_object_get(object, "vm"))
			return json_parse_source(p, object, source);
		return parse_record(p, object, kind, record);
	}
	json_error(p, "key \"event\" names no known kind of record: \"%.64s\"", event);
	return -EINVAL;
}

int reblock_json_parse(const char *line, size_t size, struct reblock_record *record,
		       struct reblock_source *source, char *error, size_t error_size)
{
	struct json_problem p = { error, error_size };
	json_error_t why;
	json_t *object = json_loadb(line, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	int what;

	if (error_size)
		*error = 0;
	if (!object) {
		if (json_error_code(&why) == json_error_out_of_memory)
			return -ENOMEM;
		syntax_error(&p, line, size, &why);
		utf8_clean(error);
		return -EINVAL;
	}
	what = parse_object(&p, object, record, source);
	json_decref(object);
	if (error_size)
		utf8_clean(error);
	return what;
}
