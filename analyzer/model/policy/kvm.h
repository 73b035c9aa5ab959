/* SPDX-License-Identifier: BSD-2-Clause */
/* KVM's way in general, and what one version of it does or does not do yet. */
#ifndef POLICY_KVM_H
#define POLICY_KVM_H

#include "model/policy/policies.h"

/* struct loaded_vmcs, as far as NMIs go: nmi_known_unmasked. */
struct kvm_state {
	uint8_t known_unmasked;
};

enum kvm_has {
	KVM_CACHE = 1 << 0,            /* nmi_known_unmasked */
	KVM_FAULT_EXCLUSIONS = 1 << 1, /* no bit 12 of a fault with IDT vectoring, nor of #DF */
	KVM_EPT = 1 << 2,              /* bit 12 of an EPT violation */
	KVM_EPT_CONDITIONS = 1 << 3,   /* ... only without IDT vectoring, with virtual NMIs */
	KVM_PML = 1 << 4,
	KVM_NOTIFY = 1 << 5
};

#define KVM_TODAY \
	(KVM_CACHE | KVM_FAULT_EXCLUSIONS | KVM_EPT | KVM_EPT_CONDITIONS | KVM_PML | KVM_NOTIFY)

/* The functions of a policy, for a version that HAS these. */
uint32_t kvm_exit(struct kvm_state *s, struct reblock_vmcs *v, unsigned has);
uint32_t kvm_handle(struct kvm_state *s, struct reblock_vmcs *v, unsigned has);

/* The same in all versions; without the cache its value is never looked at. */
void kvm_reset(void *state, uint32_t which);
uint32_t kvm_inject(void *state, struct reblock_vmcs *v, uint32_t event, uint32_t how);
int kvm_get_nmi_mask(void *state, struct reblock_vmcs *v);
void kvm_set_nmi_mask(void *state, struct reblock_vmcs *v, int masked);

#endif
