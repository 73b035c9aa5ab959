/* SPDX-License-Identifier: BSD-2-Clause */
/* Records and source descriptions to JSON. Their texts are bounded, so a fixed buffer always does. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <reblock/json.h>
#include "input/json_fields.h"
#include "input/utf8.h"

struct text {
	char *p;
	size_t length, room;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *t, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(t->p + t->length, t->room - t->length, format, args);
	va_end(args);
	if (n > 0)
		t->length += (size_t)n;
	if (t->length >= t->room)
		t->length = t->room - 1;
}

/* Records come in millions, and printf would take most of the time. */
static void put(struct text *t, const char *s, size_t length)
{
	if (length >= t->room - t->length)
		length = t->room - t->length - 1;
	memcpy(t->p + t->length, s, length);
	t->length += length;
	t->p[t->length] = 0;
}

static void put_key(struct text *t, const char *key)
{
	put(t, ",\"", 2);
	put(t, key, strlen(key));
	put(t, "\":", 2);
}

static void add_string(struct text *t, const char *s)
{
	put(t, "\"", 1);
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			add(t, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			add(t, "\\u%04x", (unsigned)(unsigned char)*s);
		else
			put(t, s, 1);
	}
	put(t, "\"", 1);
}

/* Many JSON readers know no integers above 2^63 - 1, so those are always strings. */
static void add_number(struct text *t, uint64_t value, int hex)
{
	char digits[24], *end = digits + sizeof(digits), *p = end;
	bool text = (hex && value > 9) || value > INT64_MAX;
	unsigned base = text ? 16 : 10;

	if (text)
		*--p = '"';
	do {
		*--p = "0123456789abcdef"[value % base];
		value /= base;
	} while (value);
	if (text) {
		*--p = 'x';
		*--p = '0';
		*--p = '"';
	}
	put(t, p, (size_t)(end - p));
}

static uint64_t field_value(const struct reblock_record *r, const struct json_field *f)
{
	const unsigned char *at = (const unsigned char *)r + f->offset;
	uint64_t u64;
	uint32_t u32;
	uint16_t u16;

	switch (f->type) {
	case JSON_FIELD_U64:
		memcpy(&u64, at, sizeof(u64));
		return u64;
	case JSON_FIELD_U32:
		memcpy(&u32, at, sizeof(u32));
		return u32;
	case JSON_FIELD_U16:
		memcpy(&u16, at, sizeof(u16));
		return u16;
	default:
		return (*at & f->flag) != 0;
	}
}

static bool is_absent(const struct reblock_record *r, const struct json_field *f)
{
	if (f->presence)
		return !(r->presence & f->presence);
	return field_value(r, f) == (f->type == JSON_FIELD_FLAG ? 0 : f->most + 1);
}

size_t reblock_json_record(const struct reblock_record *r, char text[REBLOCK_JSON_RECORD_MAX])
{
	struct text t = { .room = REBLOCK_JSON_RECORD_MAX };
	const char *kind = reblock_kind_name(r->kind);

	t.p = text;
	add(&t, "{\"event\":\"%s\"", kind ? kind : "?");
	for (const struct json_field *f = json_fields; f->key; f++) {
		if (!(f->kinds >> r->kind & 1) || is_absent(r, f) || !json_field_fits(f, r))
			continue;
		put_key(&t, f->key);
		if (f->type == JSON_FIELD_NAME) {
			char name[REBLOCK_NAME_LENGTH + 1];

			reblock_record_name(r, name);
			add_string(&t, name);
		} else if (f->type == JSON_FIELD_SAW) {
			const char *saw = reblock_witness_name(r->error_code);

			add_string(&t, saw ? saw : "?");
		} else {
			add_number(&t, field_value(r, f), f->hex);
		}
	}
	put(&t, "}", 1);
	return t.length;
}

/* The names of the bits in SET, by way of NAME, as a list. */
static void add_list(struct text *t, const char *key, uint32_t set, unsigned n,
		     const char *(*name)(unsigned))
{
	const char *comma = "";

	add(t, ",\"%s\":[", key);
	for (unsigned i = 0; i < n; i++) {
		if (!(set >> i & 1) || !name(i))
			continue;
		add(t, "%s\"%s\"", comma, name(i));
		comma = ",";
	}
	add(t, "]");
}

static void add_source_field(struct text *t, const struct reblock_source *s,
			     const struct json_source_field *f)
{
	const unsigned char *at = (const unsigned char *)s + f->offset;
	char string[sizeof(s->kernel)];
	uint32_t u32;

	if (f->type == JSON_SOURCE_TEXT) {
		memcpy(string, at, f->size);
		string[f->size - 1] = 0;
		utf8_clean(string);
		if (!*string)
			return;
		put_key(t, f->key);
		add_string(t, string);
	} else if (s->presence & f->presence) {
		put_key(t, f->key);
		if (f->type == JSON_SOURCE_U32) {
			memcpy(&u32, at, sizeof(u32));
			add_number(t, u32, f->hex);
		} else {
			add_number(t, *at != 0, 0);
		}
	}
}

char *reblock_json_source(const struct reblock_source *s)
{
	struct text t = { malloc(4096), 0, 4096 };

	if (!t.p)
		return NULL;
	add(&t, "{\"event\":\"meta\"");
	for (const struct json_source_field *f = json_source_fields; f->key; f++)
		add_source_field(&t, s, f);
	if (s->presence & REBLOCK_SOURCE_CPU)
		add(&t, ",\"cpu\":\"%" PRIu32 "-%" PRIu32 "-%" PRIu32 "\"", s->family, s->model,
		    s->stepping);
	if (s->presence & REBLOCK_SOURCE_CAPTURES)
		add_list(&t, "captures", s->captures, REBLOCK_KINDS, reblock_kind_name);
	if (s->presence & REBLOCK_SOURCE_FIELDS)
		add_list(&t, "fields", s->fields, JSON_PRESENCES, reblock_field_name);
	add(&t, "}");
	return t.p;
}
