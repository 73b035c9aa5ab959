// SPDX-License-Identifier: GPL-2.0
#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <asm/cpufeature.h>

#include "owner.h"
#include "vmx.h"

#ifndef CONFIG_PREEMPT_NOTIFIERS
#error "This kernel is configured without KVM."
#endif

/*
 * KVM hooks the vCPU that a thread has loaded into the thread's preempt notifiers. They are part of
 * struct kvm_vcpu, so that an argument which is this far before one of them is a struct kvm_vcpu,
 * and laid out as the headers say.
 */
struct kvm_vcpu *reblock_loaded_vcpu(unsigned long vcpu)
{
	struct preempt_notifier *notifier;

	hlist_for_each_entry(notifier, &current->preempt_notifiers, link) {
		struct kvm_vcpu *loaded = container_of(notifier, struct kvm_vcpu, preempt_notifier);

		if ((unsigned long)loaded == vcpu)
			return loaded;
	}
	return NULL;
}

/*
 * struct vcpu_vmx, which no header shows, begins with the struct kvm_vcpu and holds the addresses
 * of this vCPU's VMCSs and of no other's: vmcs01, and vmcs02 for a nested guest. So where the
 * address of the current VMCS stands in there, that VMCS is this vCPU's. These are the two places,
 * found by the search below; 0 is none. They need no lock: wherever they point, the comparison is
 * made anew each time, by reads that cannot fault.
 */
static unsigned int places[2];
static atomic_t found = ATOMIC_INIT(0);

/*
 * A search goes no further than this. The next object of the same kind could hold its own VMCS's
 * address, but only behind its struct kvm_vcpu, hence beyond twice that size.
 */
#define SEARCH_FROM ALIGN(sizeof(struct kvm_vcpu), sizeof(long))
#define SEARCH_END (2 * sizeof(struct kvm_vcpu))

/* Searches that found nothing: so many, then it is not going to be found here. */
#define MOST_FAILURES 1000
static atomic_t failures = ATOMIC_INIT(0);

static bool stands_at(const struct kvm_vcpu *vcpu, unsigned int place, const void *vmcs)
{
	const void *there;

	return !get_kernel_nofault(there, (const void **)((const char *)vcpu + place)) &&
	       there == vmcs;
}

static bool search(const struct kvm_vcpu *vcpu, const void *vmcs)
{
	unsigned int place;

	if (atomic_read(&failures) >= MOST_FAILURES)
		return false;
	for (place = SEARCH_FROM; place < SEARCH_END; place += sizeof(long)) {
		if (!stands_at(vcpu, place, vmcs))
			continue;
		/* Takes the older one's turn, should another kvm_intel have come in between. */
		WRITE_ONCE(places[atomic_inc_return(&found) % ARRAY_SIZE(places)], place);
		return true;
	}
	atomic_inc(&failures);
	return false;
}

static bool ask(const struct kvm_vcpu *vcpu)
{
	const void *vmcs;
	u64 address;
	int i;

	/* Not even one: this KVM has its VMCSs somewhere else. */
	if (!atomic_read(&found) && atomic_read(&failures) >= MOST_FAILURES)
		return false;
	if (!vmx_current(&address)) {
		atomic_inc(&failures);
		return false;
	}
	/* KVM takes the pages of its VMCSs from memory that is mapped here. */
	vmcs = __va(address);
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		unsigned int place = READ_ONCE(places[i]);

		if (place && stands_at(vcpu, place, vmcs))
			return true;
	}
	return search(vcpu, vmcs);
}

/*
 * Under another hypervisor VMPTRST always exits to it, so that it is asked only when another vCPU
 * than before comes to the processor.
 */
static DEFINE_PER_CPU(const struct kvm_vcpu *, asked);

bool reblock_has_own_vmcs(const struct kvm_vcpu *vcpu)
{
	bool own;

	if (!boot_cpu_has(X86_FEATURE_HYPERVISOR))
		return ask(vcpu);
	if (this_cpu_read(asked) == vcpu)
		return true;
	own = ask(vcpu);
	if (!own)
		vcpu = NULL;
	this_cpu_write(asked, vcpu);
	return own;
}
