/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fuzz.h"
#include "jsonl/spell.h"

#define PAIRS_MOST 32

struct spelling {
	uint32_t seed;
	char *out;
	size_t n;
};

struct part {
	const char *at;
	size_t size;
};

/* Keys whose value is 0 or 1 and may be a word. */
static const char *const flags[] = { "rip_same",
				     "l2",
				     "nmi_injected",
				     "no_other_injection",
				     "nmi_known_unmasked",
				     "left_out",
				     "masked",
				     "blocked",
				     "at_iret",
				     "injected",
				     "pending",
				     "ept",
				     "vnmi",
				     "pml",
				     "nested",
				     "bare_metal" };
/* Keys whose value is a text where it is in quotes; all others are numbers then. */
static const char *const texts[] = { "event", "saw",    "name",  "source",
				     "host",  "kernel", "clock", "cpu" };

static unsigned below(struct spelling *s, unsigned limit)
{
	if (!s->seed)
		return 0;
	s->seed ^= s->seed << 13;
	s->seed ^= s->seed >> 17;
	s->seed ^= s->seed << 5;
	return (unsigned)((uint64_t)s->seed * limit >> 32);
}

static void put(struct spelling *s, const char *text, size_t size)
{
	if (size > SPELL_MOST - s->n)
		fuzz_fail("a line is longer than reblock writes any");
	memcpy(s->out + s->n, text, size);
	s->n += size;
}

static void space(struct spelling *s)
{
	static const char *const spaces[] = { "", "", "", " ", "\t", " \r", "  " };
	const char *some = spaces[below(s, 7)];

	put(s, some, strlen(some));
}

static bool one_of(const char *const *list, size_t n, struct part key)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(list[i]) == key.size && memcmp(list[i], key.at, key.size) == 0)
			return true;
	return false;
}

/* A string, quotes included; any of its ASCII characters may be escaped. */
static void put_string(struct spelling *s, struct part string)
{
	for (size_t i = 0; i < string.size; i++) {
		uint8_t c = (uint8_t)string.at[i];
		char escaped[8];

		if (c == '\\') {
			/* It is escaped already. */
			size_t n = string.at[i + 1] == 'u' ? 6 : 2;

			put(s, string.at + i, n);
			i += n - 1;
		} else if (i && i + 1 < string.size && c < 0x80 && below(s, 16) == 15) {
			(void)snprintf(escaped, sizeof(escaped),
				       below(s, 2) ? "\\u%04x" : "\\u%04X", c);
			put(s, escaped, 6);
		} else {
			put(s, string.at + i, 1);
		}
	}
}

static void put_number(struct spelling *s, struct part value)
{
	static const char *const forms[] = { NULL,
					     "%" PRIu64,
					     "\"%" PRIu64 "\"",
					     "\"0x%" PRIx64 "\"",
					     "\"0X%" PRIX64 "\"",
					     "\"0x000%" PRIx64 "\"" };
	const char *form = forms[below(s, 6)];
	bool quoted = value.at[0] == '"';
	char digits[32], text[48];
	uint64_t number;

	memcpy(digits, value.at + quoted, value.size - 2 * quoted);
	digits[value.size - 2 * quoted] = 0;
	number = strtoull(digits, NULL, 0);
	if (!form || (form[0] == '%' && number > INT64_MAX)) {
		put(s, value.at, value.size);
		return;
	}
	/* Each form is one of those above. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	put(s, text, (size_t)snprintf(text, sizeof(text), form, number));
#pragma GCC diagnostic pop
}

static void put_value(struct spelling *s, struct part key, struct part value)
{
	if (one_of(flags, sizeof(flags) / sizeof(flags[0]), key)) {
		if (below(s, 2) == 0)
			put(s, value.at, value.size);
		else if (value.at[0] == '0')
			put(s, "false", 5);
		else
			put(s, "true", 4);
	} else if (value.at[0] == '"' && one_of(texts, sizeof(texts) / sizeof(texts[0]), key)) {
		put_string(s, value);
	} else if (value.at[0] == '[') {
		/* A list of names. */
		for (size_t i = 0; i < value.size; i++) {
			put(s, value.at + i, 1);
			if (value.at[i] == '[' || value.at[i] == ',')
				space(s);
		}
	} else {
		put_number(s, value);
	}
}

/* Where the value at AT ends: at a comma or brace outside of strings and lists. */
static const char *value_end(const char *at, const char *end)
{
	bool string = false, list = false;

	for (; at < end; at++) {
		if (string && *at == '\\')
			at++;
		else if (*at == '"')
			string = !string;
		else if (!string && (*at == '[' || *at == ']'))
			list = *at == '[';
		else if (!string && !list && (*at == ',' || *at == '}'))
			return at;
	}
	fuzz_fail("a line that reblock writes does not end");
}

static size_t take_apart(const char *text, size_t size, struct part keys[], struct part values[])
{
	const char *at = text, *end = text + size;
	size_t n = 0;

	while (at < end - 1) {
		const char *quote;

		if ((*at != '{' && *at != ',') || at[1] != '"' || n == PAIRS_MOST)
			fuzz_fail("a line that reblock writes is not as it should be");
		keys[n].at = at + 2;
		quote = memchr(at + 2, '"', (size_t)(end - at - 2));
		if (!quote || quote[1] != ':')
			fuzz_fail("a line that reblock writes has a key without a value");
		keys[n].size = (size_t)(quote - keys[n].at);
		values[n].at = quote + 2;
		at = value_end(quote + 2, end);
		values[n].size = (size_t)(at - values[n].at);
		n++;
	}
	return n;
}

size_t spell(const char *text, size_t size, uint32_t seed, char out[SPELL_MOST])
{
	struct spelling s = { .seed = seed };
	struct part keys[PAIRS_MOST], values[PAIRS_MOST];
	size_t n;

	s.out = out;
	if (!seed) {
		put(&s, text, size);
		return size;
	}
	n = take_apart(text, size, keys, values);
	space(&s);
	put(&s, "{", 1);
	while (n) {
		size_t i = below(&s, (unsigned)n);

		space(&s);
		put_string(&s, (struct part){ keys[i].at - 1, keys[i].size + 2 });
		space(&s);
		put(&s, ":", 1);
		space(&s);
		put_value(&s, keys[i], values[i]);
		space(&s);
		keys[i] = keys[--n];
		values[i] = values[n];
		if (n)
			put(&s, ",", 1);
	}
	put(&s, "}", 1);
	space(&s);
	return s.n;
}
