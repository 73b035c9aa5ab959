/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Three classes of hypervisors that do nothing about blocking. They differ in the pin-based controls, and
 * so in whether that is right:
 *
 *   haxm         "NMI exiting" 1, "virtual NMIs" 0: bit 12 is undefined, so nothing is right
 *   passthrough  "NMI exiting" 0: IRET opens the processor's own NMIs, and bit 12 says so
 *   unaware      "virtual NMIs" 1
 */
#include "model/policy/policies.h"

const struct reblock_policy reblock_policy_haxm = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "haxm",
	.source = "HAXM, Jailhouse, OpenBSD vmm, Zircon, x86_vcpu",
	.summary = "class: NMI exiting without virtual NMIs, where bit 12 means nothing",
	.pin_on = REBLOCK_POLICY_NMI_EXITING,
	.pin_off = REBLOCK_POLICY_VIRTUAL_NMIS,
	.exit = step_exit_nothing,
	.inject = step_inject,
};

const struct reblock_policy reblock_policy_passthrough = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "passthrough",
	.source = "HyperPlatform, SimpleVisor, hvpp, gbhv, HyperBone, ksm, HyperDbg",
	.summary = "class: NMI exiting 0, where bit 12 is defined, and nothing looks at it",
	.pin_off = REBLOCK_POLICY_NMI_EXITING | REBLOCK_POLICY_VIRTUAL_NMIS,
	.exit = step_exit_nothing,
	.inject = step_inject,
};

const struct reblock_policy reblock_policy_unaware = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "unaware",
	.source = "NoirVisor CVM, jonomango/hv, MiniVisor, Bareflank, Barrelfish",
	.summary = "class: virtual NMIs 1, and nothing looks at bit 12",
	.pin_on = REBLOCK_POLICY_NMI_EXITING | REBLOCK_POLICY_VIRTUAL_NMIS,
	.exit = step_exit_nothing,
	.inject = step_inject,
};
