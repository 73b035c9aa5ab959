/* SPDX-License-Identifier: GPL-2.0 */
/* Whose thread this is, and whose VMCS the processor has. */
#ifndef REBLOCK_OWNER_H
#define REBLOCK_OWNER_H

#include <linux/kvm_host.h>

/*
 * VCPU as a struct kvm_vcpu, if that is the vCPU that this thread has loaded; else NULL. Looks at
 * the number only, not at what it may point to.
 */
struct kvm_vcpu *reblock_loaded_vcpu(unsigned long vcpu);

/* Whether the processor's current VMCS is one of VCPU's own. */
bool reblock_has_own_vmcs(const struct kvm_vcpu *vcpu);

#endif
