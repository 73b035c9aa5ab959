/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include "fuzz.h"

_Noreturn void fuzz_fail(const char *format, ...)
{
	const char *name = program_invocation_short_name, *end = strrchr(name, '_');
	va_list arguments;

	fprintf(stderr, "%.*s: ", end != NULL ? (int)(end - name) : (int)strlen(name), name);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
	abort();
}
