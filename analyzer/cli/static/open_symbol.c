/* SPDX-License-Identifier: BSD-2-Clause */
/* For the program without. */
#include "cli/policy_load.h"

const void *cli_open_symbol(const char *path, const char *symbol)
{
	(void)symbol;
	cli_say("audit", "%s: reblock-static cannot load shared objects; use the program reblock",
		path);
	return NULL;
}
