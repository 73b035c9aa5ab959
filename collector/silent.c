// SPDX-License-Identifier: BSD-2-Clause
#include "silent.h"

#define SECOND 1000000000ull

/* Seconds after which a call that was due is not just on its way. */
#define PATIENCE 2

unsigned silent_points(unsigned attached, const uint64_t calls[CALLS])
{
	unsigned silent = 0;

	/* kvm_vcpu_ioctl_x86_set_vcpu_events always sets the mask. */
	if (calls[CALL_EVENTS_WRITE] && !calls[CALL_MASK_WRITE])
		silent |= 1u << POINT_MASK_WRITE;
	/* vmx_nmi_allowed, where it has not failed because of a nested guest, asks vmx_nmi_blocked. */
	if (calls[CALL_NMI_ALLOWED] && !calls[CALL_NMI_BLOCKED])
		silent |= 1u << POINT_NMI_BLOCKED;
	return silent & attached;
}

const char *silent_words(enum point point)
{
	switch (point) {
	case POINT_MASK_WRITE:
		return "vmx_set_nmi_mask is never called in this kernel, the compiler has inlined it: KVM's writes of its\n"
		       "NMI mask are not recorded";
	case POINT_NMI_BLOCKED:
		return "vmx_nmi_blocked is never called in this kernel, the compiler has inlined it: vmx_nmi_allowed, which\n"
		       "is called, stands in for it";
	default:
		return "";
	}
}

unsigned silent_look(struct silent *silent, uint64_t now, unsigned attached,
		     const uint64_t calls[CALLS])
{
	unsigned points, name = 0;

	if (now - silent->looked < SECOND)
		return 0;
	silent->looked = now;
	points = silent_points(attached, calls) & ~silent->said;
	for (enum point i = 0; i < POINTS; i++) {
		silent->since[i] = points >> i & 1 ? silent->since[i] + 1 : 0;
		if (silent->since[i] > PATIENCE)
			name |= 1u << i;
	}
	silent->said |= name;
	return name;
}

unsigned silent_last(struct silent *silent, unsigned one, unsigned another)
{
	unsigned name = one & another & ~silent->said;

	silent->said |= name;
	return name;
}
