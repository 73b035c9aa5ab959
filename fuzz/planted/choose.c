/* SPDX-License-Identifier: BSD-2-Clause */
/* Which planted fault is active: the number in REBLOCK_PLANT, none without it. Part of planted builds only. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "planted.h"

#define BAD_NUMBER 99 /* no failing test ends with that */

int reblock_planted;

/* Before main, so that no test and no fuzz target has to know of it. */
__attribute__((constructor)) static void choose(void)
{
	const char *text = getenv("REBLOCK_PLANT");
	char *end;
	long number;

	if (!text)
		return;
	number = strtol(text, &end, 10);
	if (end == text || *end || number < 0 || number > 9999) {
		fprintf(stderr, "REBLOCK_PLANT=%s: must be a number of fuzz/planted.table\n", text);
		_exit(BAD_NUMBER);
	}
	reblock_planted = (int)number;
}
