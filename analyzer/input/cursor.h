/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Numbers and strings one after the other out of bytes that nobody has checked. What lies beyond
 * the end reads as 0 and leaves a mark, so that a whole part can be read and then be asked whether
 * it was all there.
 */
#ifndef INPUT_CURSOR_H
#define INPUT_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct cursor {
	const uint8_t *at;
	size_t left;
	bool cut; /* something was asked for that is not there */
};

/* Takes N bytes; NULL where they are not there. */
static inline const uint8_t *cursor_take(struct cursor *c, uint64_t n)
{
	const uint8_t *at = c->at;

	if (c->cut || c->left < n) {
		c->cut = true;
		c->left = 0;
		return NULL;
	}
	c->at += n;
	c->left -= n;
	return at;
}

/* Takes a little-endian number of N bytes, at most 8. */
static inline uint64_t cursor_number(struct cursor *c, unsigned n)
{
	const uint8_t *at = cursor_take(c, n);
	uint64_t number = 0;

	if (at)
		memcpy(&number, at, n);
	return number;
}

/* Takes a string with its terminating zero; "" where none ends. */
static inline const char *cursor_string(struct cursor *c)
{
	const uint8_t *end = c->left ? memchr(c->at, 0, c->left) : NULL;
	const char *text = (const char *)c->at;

	if (end) {
		cursor_take(c, (uint64_t)(end - c->at) + 1);
		return text;
	}
	c->cut = true;
	c->left = 0;
	return "";
}

#endif
