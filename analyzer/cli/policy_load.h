/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef CLI_POLICY_LOAD_H
#define CLI_POLICY_LOAD_H

#include "cli/cli.h"

/*
 * Returns the policy of that NAME, or, where NAME has a slash, the one that the shared object at that path
 * exports; loading it runs its code. It lives until the program ends, and only one can be loaded. Says
 * what is wrong and returns NULL where there is none that can be used.
 */
const struct reblock_policy *cli_policy(const char *name);

/*
 * Loads the shared object at PATH, whose code this runs, and returns the address of SYMBOL in it. Says what is
 * wrong and returns NULL where that cannot be done; so it always is in the program without shared libraries.
 */
const void *cli_open_symbol(const char *path, const char *symbol);

#endif
