/* SPDX-License-Identifier: BSD-2-Clause */
/* The list of the models, in the order in which they are shown. */
#include <string.h>
#include <reblock/policies.h>
#include "model/policy/policies.h"

static const struct reblock_policy *const policies[] = {
	&reblock_policy_sdm,
	&reblock_policy_kvm,
	&reblock_policy_kvm_before_notify,
	&reblock_policy_kvm_before_2d6144e366fb,
	&reblock_policy_kvm_before_bcd1c2949501,
	&reblock_policy_kvm_before_0be9c7a89f75,
	&reblock_policy_kvm_before_7b4a25cb296e,
	&reblock_policy_xen,
	&reblock_policy_xen_before_d329b37d12,
	&reblock_policy_bhyve,
	&reblock_policy_bhyve_before_160471d264f7,
	&reblock_policy_virtualbox,
	&reblock_policy_bitvisor,
	&reblock_policy_ikgt,
	&reblock_policy_openvmm_tdx,
	&reblock_policy_hvf,
	&reblock_policy_dragonos,
	&reblock_policy_nvmm,
	&reblock_policy_napoca,
	&reblock_policy_acrn,
	&reblock_policy_uvmm,
	&reblock_policy_unaware,
	&reblock_policy_passthrough,
	&reblock_policy_haxm,
};

const struct reblock_policy *reblock_policy_at(size_t i)
{
	return i < sizeof(policies) / sizeof(policies[0]) ? policies[i] : NULL;
}

const struct reblock_policy *reblock_policy_find(const char *name)
{
	const struct reblock_policy *policy;

	for (size_t i = 0; (policy = reblock_policy_at(i)); i++)
		if (strcmp(policy->name, name) == 0)
			return policy;
	return NULL;
}
