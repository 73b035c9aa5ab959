/* SPDX-License-Identifier: BSD-2-Clause */
/* KVM before the commits that mended it, each as the parent of that commit had it. */
#include "model/policy/kvm.h"

/* Exits that such a version does not take: PML came in 2015, notify exits in 2022. */
#define BEFORE_NOTIFY (KVM_TODAY & ~KVM_NOTIFY)
#define BEFORE_PML (BEFORE_NOTIFY & ~KVM_PML)
#define BEFORE_EPT_CONDITIONS (BEFORE_PML & ~KVM_EPT_CONDITIONS)
#define BEFORE_EPT (BEFORE_EPT_CONDITIONS & ~KVM_EPT)
#define BEFORE_EXCLUSIONS 0

#define KVM_VERSION(id, has) \
	static uint32_t exit_##id(void *state, struct reblock_vmcs *v) \
	{ \
		return kvm_exit(state, v, has); \
	} \
	static uint32_t handle_##id(void *state, struct reblock_vmcs *v) \
	{ \
		return kvm_handle(state, v, has); \
	}

KVM_VERSION(before_notify, BEFORE_NOTIFY)
KVM_VERSION(before_ept_conditions, BEFORE_EPT_CONDITIONS)
KVM_VERSION(before_ept, BEFORE_EPT)
KVM_VERSION(before_exclusions, BEFORE_EXCLUSIONS)

/* Before 2d6144e366fb: L1's state is loaded for L2 past the cache. Only nested guests have that. */
static void load_past_cache(void *state, struct reblock_vmcs *v, int masked)
{
	(void)state;
	if (!step_virtual_nmis(v))
		return;
	if (masked)
		step_block(v);
	else
		step_unblock(v);
}

/* Before the cache (2011) the VMCS was read each time. */
static int read_vmcs(void *state, struct reblock_vmcs *v)
{
	(void)state;
	return step_virtual_nmis(v) ? step_blocked(v) : -1;
}

#define KVM_COMMON \
	.abi = REBLOCK_POLICY_ABI, .size = sizeof(struct reblock_policy), \
	.pin_on = REBLOCK_POLICY_NMI_EXITING, .state_size = sizeof(struct kvm_state), \
	.inject = kvm_inject

#define KVM_CACHED \
	KVM_COMMON, .initial_states = 2, .reset = kvm_reset, .get_nmi_mask = kvm_get_nmi_mask

const struct reblock_policy reblock_policy_kvm_before_notify = {
	KVM_CACHED,
	.name = "kvm-before-notify",
	.source = "Linux 4.15 to 5.19, arch/x86/kvm/vmx",
	.summary = "KVM before notify exits",
	.exit = exit_before_notify,
	.handle = handle_before_notify,
	.set_nmi_mask = kvm_set_nmi_mask,
};

const struct reblock_policy reblock_policy_kvm_before_2d6144e366fb = {
	KVM_CACHED,
	.name = "kvm-before-2d6144e366fb",
	.source = "Linux before 2d6144e366fb (2017)",
	.summary =
		"nested guests: a mask that L1 sets goes past the cache, the next fault on IRET is missed",
	.exit = exit_before_notify,
	.handle = handle_before_notify,
	.set_nmi_mask = load_past_cache,
};

const struct reblock_policy reblock_policy_kvm_before_bcd1c2949501 = {
	KVM_CACHED,
	.name = "kvm-before-bcd1c2949501",
	.source = "Linux before bcd1c2949501 (2013)",
	.summary = "takes bit 12 of an EPT violation where it is undefined",
	.exit = exit_before_ept_conditions,
	.handle = handle_before_ept_conditions,
	.set_nmi_mask = kvm_set_nmi_mask,
};

const struct reblock_policy reblock_policy_kvm_before_0be9c7a89f75 = {
	KVM_CACHED,
	.name = "kvm-before-0be9c7a89f75",
	.source = "Linux before 0be9c7a89f75 (2013)",
	.summary = "forgets EPT violations: NMIs nested and overwrote the guest's stack",
	.exit = exit_before_ept,
	.handle = handle_before_ept,
	.set_nmi_mask = kvm_set_nmi_mask,
};

const struct reblock_policy reblock_policy_kvm_before_7b4a25cb296e = {
	KVM_COMMON,
	.name = "kvm-before-7b4a25cb296e",
	.source = "Linux before 7b4a25cb296e (2009)",
	.summary = "takes bit 12 of any fault, defined or not; forgets EPT violations",
	.exit = exit_before_exclusions,
	.handle = handle_before_exclusions,
	.get_nmi_mask = read_vmcs,
	.set_nmi_mask = kvm_set_nmi_mask,
};
