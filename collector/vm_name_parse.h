/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes of an untrusted text, and what of them becomes a name. */
#ifndef COLLECTOR_VM_NAME_PARSE_H
#define COLLECTOR_VM_NAME_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* A piece of a text that is not ended by a zero. */
struct piece {
	const char *at;
	size_t size;
};

static inline bool piece_is(struct piece p, const char *text)
{
	return p.size == strlen(text) && !memcmp(p.at, text, p.size);
}

static inline bool piece_begins(struct piece p, const char *text)
{
	return p.size >= strlen(text) && !memcmp(p.at, text, strlen(text));
}

static inline bool piece_ends(struct piece p, const char *text)
{
	size_t n = strlen(text);

	return p.size >= n && !memcmp(p.at + p.size - n, text, n);
}

static inline struct piece piece_after(struct piece p, size_t n)
{
	return (struct piece){ p.at + n, p.size - n };
}

/* Cuts what stands before the first BYTE off *REST, and it; all of *REST where there is none. */
static inline struct piece piece_next(struct piece *rest, char byte)
{
	const char *end = rest->size ? memchr(rest->at, byte, rest->size) : NULL;
	struct piece first = { rest->at, end ? (size_t)(end - rest->at) : rest->size };

	*rest = piece_after(*rest, end ? first.size + 1 : first.size);
	return first;
}

/*
 * Writes P, whose bytes that are no printable UTF-8 become '?', as a string of at most ROOM bytes, cut
 * between characters. Returns its length.
 */
size_t piece_write(struct piece p, char *name, size_t room);

#endif
