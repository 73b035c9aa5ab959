/* SPDX-License-Identifier: BSD-2-Clause */
/* How a list of sentences is asked for by number: each that applies counts, and the one that is wanted is written. */
#ifndef NOTES_H
#define NOTES_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct notes {
	char *text; /* of SIZE bytes: where the one that is wanted goes */
	size_t size;
	size_t left; /* notes to pass over before it */
	bool found;
};

__attribute__((format(printf, 3, 4))) static inline void note(struct notes *n, bool applies,
							      const char *format, ...)
{
	va_list args;

	if (!applies || n->found || n->left-- > 0)
		return;
	va_start(args, format);
	vsnprintf(n->text, n->size, format, args);
	va_end(args);
	n->found = true;
}

#endif
