/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "policy/known.h"

static const char *const known[] = {
#include "policy/known.inc"
};

const char *policy_known_at(size_t i)
{
	return i < sizeof(known) / sizeof(known[0]) ? known[i] : NULL;
}

/* Who injects an NMI again without a look at blocking does so after any exit. */
#define ANY_REINJECTION "reinject-blocked.again"

bool policy_known(const char *policy, const char *difference)
{
	size_t length = strlen(policy);
	bool again = strncmp(difference, ANY_REINJECTION, strlen("reinject-blocked.")) == 0;
	const char *name;

	for (size_t i = 0; (name = policy_known_at(i)); i++) {
		if (strncmp(name, policy, length) != 0 || name[length] != '.')
			continue;
		name += length + 1;
		if (strcmp(name, difference) == 0 || (again && strcmp(name, ANY_REINJECTION) == 0))
			return true;
	}
	return false;
}
