// SPDX-License-Identifier: BSD-2-Clause
#include "internal.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static char *format_text(const char *format, va_list arguments)
{
	va_list again;
	char *result;
	int length;

	va_copy(again, arguments);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		return NULL;
	result = malloc((size_t)length + 1);
	if (result)
		vsnprintf(result, (size_t)length + 1, format, arguments);
	return result;
}

char *text(const char *format, ...)
{
	va_list arguments;
	char *result;

	va_start(arguments, format);
	result = format_text(format, arguments);
	va_end(arguments);
	return result;
}

void text_add(char **to, const char *format, ...)
{
	size_t before = *to ? strlen(*to) : 0, more;
	va_list arguments;
	char *added, *grown;

	va_start(arguments, format);
	added = format_text(format, arguments);
	va_end(arguments);
	if (!added)
		return;
	more = strlen(added) + 1;
	grown = realloc(*to, before + more);
	if (grown) {
		memcpy(grown + before, added, more);
		*to = grown;
	}
	free(added);
}
