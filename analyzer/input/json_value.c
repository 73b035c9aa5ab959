/* SPDX-License-Identifier: BSD-2-Clause */
/* Single values of a JSON object: numbers, flags, texts, and what is wrong with them. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "input/json_parse.h"
#include "input/utf8.h"

void json_error(const struct json_problem *p, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(p->text, p->size, format, args);
	va_end(args);
}

/* Digits of BASE and nothing else; errno is no witness, as strtoull takes "-1". */
static bool digits(const char *s, unsigned base, uint64_t *value)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		unsigned d = isdigit((unsigned char)*s) ?
				     (unsigned)(*s - '0') :
			     isxdigit((unsigned char)*s) ?
				     (unsigned)(tolower((unsigned char)*s) - 'a' + 10) :
				     16;

		if (d >= base || v > (UINT64_MAX - d) / base)
			return false;
		v = v * base + d;
	}
	*value = v;
	return true;
}

int json_number(const struct json_problem *p, const char *key, const json_t *value, uint64_t most,
		uint64_t *out)
{
	bool ok = false;

	if (json_is_integer(value)) {
		ok = json_integer_value(value) >= 0;
		*out = (uint64_t)json_integer_value(value);
	} else if (json_is_string(value)) {
		const char *s = json_string_value(value);
		bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');

		s += hex ? 2 : 0;
		if (!*s || s[strspn(s, hex ? "0123456789abcdefABCDEF" : "0123456789")]) {
			json_error(
				p,
				"key \"%s\" has a text that is no number; give a number or a string like \"0x1f\"",
				key);
			return -EINVAL;
		}
		ok = digits(s, hex ? 16 : 10, out);
	} else {
		json_error(p, "key \"%s\" must be a whole number or a string like \"0x1f\"", key);
		return -EINVAL;
	}
	if (!ok || *out > most) {
		json_error(p, "key \"%s\" is out of range: 0 to %" PRIu64, key, most);
		return -EINVAL;
	}
	return 0;
}

int json_flag(const struct json_problem *p, const char *key, const json_t *value, bool *out)
{
	if (json_is_boolean(value)) {
		*out = json_is_true(value);
		return 0;
	}
	if (json_is_integer(value) &&
	    (json_integer_value(value) == 0 || json_integer_value(value) == 1)) {
		*out = json_integer_value(value) == 1;
		return 0;
	}
	json_error(p, "key \"%s\" must be 0, 1, true or false", key);
	return -EINVAL;
}

int json_text(const struct json_problem *p, const char *key, const json_t *value, char *out,
	      size_t room)
{
	const char *s = json_string_value(value);
	size_t length = s ? strlen(s) : 0;

	if (!s) {
		json_error(p, "key \"%s\" must be a string", key);
		return -EINVAL;
	}
	if (length >= room) {
		json_error(p, "key \"%s\" is too long: at most %zu bytes", key, room - 1);
		return -EINVAL;
	}
	memcpy(out, s, length + 1);
	utf8_clean(out);
	return 0;
}
