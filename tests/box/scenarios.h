/* SPDX-License-Identifier: BSD-2-Clause */
/* What the VMM can play. */
#ifndef BOX_SCENARIOS_H
#define BOX_SCENARIOS_H

#include <stdbool.h>

/* When the second NMI of a round is sent. */
enum second { NONE, IN_HANDLER, AT_STOP };

/* What kvm_intel's parameter ept must be. */
enum paging { ANY, EPT, SHADOW };

struct scenario {
	const char *name;
	enum paging paging;
	bool nmi;   /* a round has an NMI at all */
	bool moved; /* its handler returns from a page that has no mapping yet */
	/* while the first one's handler has not returned, or right after a stop in user space */
	enum second second;
	bool stop;     /* KVM cannot map that page: KVM_RUN ends with EFAULT, then it can */
	bool events;   /* at the stop, the vCPU's events are read and written back */
	bool delivery; /* the guest's stack has no mapping when the NMI is delivered */
	/* the guest's own page table does not map that page: the fault is the guest's */
	bool reflect;
	bool log_full; /* the page-modification log is full at the return, the page mapped */
	bool touch, touch_stop;
	bool apic; /* the guest has a local APIC, KVM's */
	unsigned spin, cpuids, halts, deadlines;
};

/* NULL: there is none of this name. */
const struct scenario *scenario_find(const char *name);

#endif
