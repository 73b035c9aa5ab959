/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>
#include "report/html_text.h"

/* Bytes of the well-formed UTF-8 character at P, 0 where it is none. */
static unsigned utf8_length(const unsigned char *p)
{
	unsigned n, least = 0x80, most = 0xbf;

	if (*p < 0x80)
		return 1;
	if (*p < 0xc2 || *p > 0xf4)
		return 0;
	n = *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : 4;
	/* No surrogates, nothing beyond U+10FFFF, no longer form than needed. */
	if (*p == 0xe0)
		least = 0xa0;
	else if (*p == 0xed)
		most = 0x9f;
	else if (*p == 0xf0)
		least = 0x90;
	else if (*p == 0xf4)
		most = 0x8f;
	if (p[1] < least || p[1] > most)
		return 0;
	for (unsigned i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

/* U+2028 and U+2029 end a line of a script; U+2066 and its like, and U+202A, turn the direction of text. */
static bool is_odd(const unsigned char *p, unsigned n)
{
	return n == 3 && p[0] == 0xe2 &&
	       ((p[1] == 0x80 && p[2] >= 0xa8 && p[2] <= 0xae) ||
		(p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}

void html_json_string(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	fputc('"', out);
	while (*p) {
		unsigned n = utf8_length(p);

		if (!n) {
			fputs("\\ufffd", out);
			p++;
			continue;
		}
		if (n == 1 && (*p < 0x20 || strchr("\"\\<>&'\177", *p)))
			fprintf(out, "\\u%04x", *p);
		else if (is_odd(p, n))
			fprintf(out, "\\u%04x",
				(unsigned)((p[0] & 0xf) << 12 | (p[1] & 0x3f) << 6 |
					   (p[2] & 0x3f)));
		else
			fwrite(p, 1, n, out);
		p += n;
	}
	fputc('"', out);
}

void html_escaped(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		unsigned n = utf8_length(p);

		if (!n || is_odd(p, n) || (*p < 0x20 && *p != '\n' && *p != '\t') || *p == 0x7f)
			fputs("\xef\xbf\xbd", out);
		else if (n == 1 && strchr("<>&\"'", *p))
			fprintf(out, "&#%u;", *p);
		else
			fwrite(p, 1, n, out);
		p += n ? n : 1;
	}
}

void html_strings_begin(struct html_strings *s, size_t most_bytes)
{
	memset(s, 0, sizeof(*s));
	s->most = most_bytes;
}

static uint64_t hash_of(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
	return hash ^ hash >> 32;
}

static bool grow(struct html_strings *s)
{
	size_t room = s->room ? 2 * s->room : 256, n_slots = 2 * room;
	char **texts = realloc(s->texts, room * sizeof(*texts));
	unsigned *slots = calloc(n_slots, sizeof(*slots));

	if (texts)
		s->texts = texts;
	if (!texts || !slots) {
		free(slots);
		s->failed = true;
		return false;
	}
	for (size_t i = 0; i < s->n; i++) {
		size_t slot = hash_of(texts[i]) % n_slots;

		while (slots[slot])
			slot = (slot + 1) % n_slots;
		slots[slot] = (unsigned)i + 1;
	}
	free(s->slots);
	s->slots = slots;
	s->n_slots = n_slots;
	s->room = room;
	return true;
}

long html_strings_put(struct html_strings *s, const char *text, bool *is_new)
{
	size_t size = strlen(text) + 1, slot;
	char *copy;

	*is_new = false;
	if (s->n == s->room && !grow(s))
		return -1;
	slot = hash_of(text) % s->n_slots;
	for (; s->slots[slot]; slot = (slot + 1) % s->n_slots)
		if (strcmp(s->texts[s->slots[slot] - 1], text) == 0)
			return (long)s->slots[slot] - 1;
	if (size > s->most - s->bytes) {
		s->full = true;
		return -1;
	}
	copy = malloc(size);
	if (!copy) {
		s->failed = true;
		return -1;
	}
	memcpy(copy, text, size);
	s->texts[s->n] = copy;
	s->bytes += size;
	s->slots[slot] = (unsigned)++s->n;
	*is_new = true;
	return (long)s->n - 1;
}

long html_strings_add(struct html_strings *s, const char *text)
{
	bool is_new;

	return html_strings_put(s, text, &is_new);
}

void html_strings_write(const struct html_strings *s, FILE *out)
{
	fputc('[', out);
	for (size_t i = 0; i < s->n; i++) {
		if (i)
			fputs(",\n", out);
		html_json_string(out, s->texts[i]);
	}
	fputc(']', out);
}

void html_strings_free(struct html_strings *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->texts[i]);
	free(s->texts);
	free(s->slots);
	memset(s, 0, sizeof(*s));
}
