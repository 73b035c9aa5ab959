/* SPDX-License-Identifier: BSD-2-Clause */
/* A policy by its name, or from a shared object that somebody has made of the real code. */
#include <string.h>
#include <reblock/policies.h>
#include "cli/policy_load.h"

#define CONTROLS (REBLOCK_POLICY_NMI_EXITING | REBLOCK_POLICY_VIRTUAL_NMIS)
/* Without what stands before exit there is nothing to call. */
#define LEAST_SIZE (offsetof(struct reblock_policy, exit) + sizeof(void *))

/* Names go into reports and file names. */
static bool good_name(const char *name)
{
	size_t length = name ? strnlen(name, REBLOCK_POLICY_NAME_MAX + 1) : 0;

	return length > 0 && length <= REBLOCK_POLICY_NAME_MAX &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-._") == length;
}

/* Returns what is wrong with a policy, or NULL. */
static const char *fault_of(const struct reblock_policy *p)
{
	if (!good_name(p->name))
		return "its name is missing, too long, or not made of lower-case letters, digits, - . and _";
	if (p->state_size > REBLOCK_POLICY_STATE_MAX)
		return "its state_size is larger than REBLOCK_POLICY_STATE_MAX";
	if (p->initial_states > REBLOCK_POLICY_INITIAL_MAX)
		return "it has more initial_states than REBLOCK_POLICY_INITIAL_MAX";
	if (p->initial_states > 1 && (!p->reset || !p->state_size))
		return "it has several initial_states, and no reset or no state to tell them apart";
	if ((p->pin_on | p->pin_off) & ~CONTROLS || (p->pin_on & p->pin_off))
		return "pin_on and pin_off may only hold \"NMI exiting\" and \"virtual NMIs\", and neither twice";
	if (((p->pin_on & ~p->pin_off) & CONTROLS) == REBLOCK_POLICY_VIRTUAL_NMIS &&
	    (p->pin_off & REBLOCK_POLICY_NMI_EXITING))
		return "\"virtual NMIs\" 1 with \"NMI exiting\" 0 is no pair of controls that a processor takes";
	if (!p->exit)
		return "its function exit is NULL";
	return NULL;
}

/* Takes over what the object knows of; what is newer than it stays NULL. */
static const struct reblock_policy *checked(const char *path, const struct reblock_policy *theirs)
{
	static struct reblock_policy copy;
	const char *fault;

	if (theirs->abi != REBLOCK_POLICY_ABI) {
		cli_say("audit",
			"%s: made for version %u of the policy ABI, and this program has version %u; compile it again",
			path, theirs->abi, REBLOCK_POLICY_ABI);
		return NULL;
	}
	if (theirs->size < LEAST_SIZE) {
		cli_say("audit",
			"%s: its size member says %u; it has to be sizeof(struct reblock_policy)",
			path, theirs->size);
		return NULL;
	}
	memset(&copy, 0, sizeof(copy));
	memcpy(&copy, theirs, theirs->size < sizeof(copy) ? theirs->size : sizeof(copy));
	fault = fault_of(&copy);
	if (!fault)
		return &copy;
	cli_say("audit", "%s: the policy cannot be used: %s", path, fault);
	return NULL;
}

static const struct reblock_policy *load(const char *path)
{
	const void *theirs = cli_open_symbol(path, REBLOCK_POLICY_SYMBOL);

	return theirs ? checked(path, theirs) : NULL;
}

const struct reblock_policy *cli_policy(const char *name)
{
	const struct reblock_policy *policy;

	if (strchr(name, '/'))
		return load(name);
	policy = reblock_policy_find(name);
	if (!policy)
		cli_say("audit",
			"no policy is named \"%s\"; reblock policies lists them, and a shared object needs a path with a slash, such as ./mine.so",
			name);
	return policy;
}
