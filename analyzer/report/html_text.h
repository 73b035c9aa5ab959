/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Text from outside (names of files and VMs, sentences) as JSON inside of a page. What could end the
 * script block or mean something to an HTML parser is written as an escape; what is
 * no UTF-8 becomes U+FFFD.
 */
#ifndef REPORT_HTML_TEXT_H
#define REPORT_HTML_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* TEXT as a JSON string, with its quotes. */
void html_json_string(FILE *out, const char *text);

/* TEXT as the content of an HTML element. */
void html_escaped(FILE *out, const char *text);

/* Strings that are written once and named by number, up to a number of bytes in all. */
struct html_strings {
	char **texts;
	size_t n, room, bytes, most;
	unsigned *slots; /* hash to number + 1 */
	size_t n_slots;
	bool failed; /* memory was short */
	bool full;   /* some did not fit */
};

void html_strings_begin(struct html_strings *s, size_t most_bytes);

/* Returns the number of TEXT, -1 where it does not fit any more (or memory is short). */
long html_strings_add(struct html_strings *s, const char *text);

/* The same; *NEW says whether it was not there before. */
long html_strings_put(struct html_strings *s, const char *text, bool *is_new);

/* All of them as a JSON array. */
void html_strings_write(const struct html_strings *s, FILE *out);

void html_strings_free(struct html_strings *s);

#endif
