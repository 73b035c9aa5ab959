/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the hypervisor of a run does something else than the SDM asks for: read off the run's truth, and for
 * a policy that leaves an exit unserviced off its own answer.
 */
#ifndef POLICY_DIFFERENCES_H
#define POLICY_DIFFERENCES_H

#include "run.h"

#define DIFFERENCE_NAME 64 /* bytes, with the terminating zero */

struct difference {
	/*
	 * What is wrong, a kind of finding, and after which exit: "missed-reblock.ept-violation". What makes bit 12 undefined
	 * there comes last: "-idtv", "-no-virtual-nmis"; or "-nmi-exiting-0", such controls. Instead of the exit: "again" and
	 * "reflected", what is injected; "write-back" and "smm", who was told a stale mask and has set it; "later", than the IRET's
	 * own exit.
	 */
	char name[DIFFERENCE_NAME];
	size_t exit, last; /* records of the run: that exit, and where it shows */
};

/*
 * Calls EACH for the differences of RUN, whose records are all seen and of one vCPU, in their order. After one that leaves the VMCS
 * other than the SDM asks for there are no more: what follows can be its consequence. So it is after an exit or event that
 * the policy has no word on. What user space does by writing anything but what it was told is no difference.
 */
void policy_differences(const struct run *run,
			void (*each)(void *context, const struct difference *difference),
			void *context);

#endif
