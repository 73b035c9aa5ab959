/* SPDX-License-Identifier: BSD-2-Clause */
/* For the program with shared libraries. */
#include <dlfcn.h>
#include "cli/policy_load.h"

const void *cli_open_symbol(const char *path, const char *symbol)
{
	/* It stays loaded until the program ends. */
	void *object = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const void *address;

	if (!object) {
		cli_say("audit", "the policy could not be loaded: %s", dlerror());
		return NULL;
	}
	address = dlsym(object, symbol);
	if (!address)
		cli_say("audit", "%s: exports no %s; see reblock/policy.h", path, symbol);
	return address;
}
