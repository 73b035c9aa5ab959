/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "agent/outlet.h"
#include "agent/say.h"

#define LINE_MOST 1024

static _Atomic(struct outlet *) through;

void say_through(struct outlet *outlet)
{
	atomic_store(&through, outlet);
}

void say(const char *format, ...)
{
	char line[LINE_MOST] = "reblock watch: ";
	size_t length = strlen(line);
	struct outlet *outlet = atomic_load(&through);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(line + length, sizeof(line) - length - 1, format, args);
	va_end(args);
	length = strlen(line);
	line[length++] = '\n';
	if (outlet)
		outlet_put(outlet, line, length);
	else if (write(STDERR_FILENO, line, length) < 0)
		return; /* nobody is left to be told */
}

void say_lines(const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length)
			say("%.*s", (int)length, text);
		text += length + (text[length] == '\n');
	}
}
