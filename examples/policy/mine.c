/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A policy of one's own: a hypervisor that re-blocks after faults and EPT violations, and forgets
 * PML-full. Built and judged by
 *
 *	cc -std=c17 -shared -fPIC $(pkg-config --cflags reblock) -o mine.so mine.c
 *	reblock audit --policy ./mine.so trace.rbt
 *
 * reblock_vmread and reblock_vmwrite take the SDM's encodings, so that real code can be compiled as it is.
 */
#include <reblock/policy.h>

enum { REASON = 0x4402, INTR_INFO = 0x4404, IDTV = 0x4408, STATE = 0x4824, QUALIFICATION = 0x6400 };

static uint64_t vmread(struct reblock_vmcs *vmcs, uint32_t field)
{
	uint64_t value;

	(void)reblock_vmread(vmcs, field, &value); /* where it is refused, nothing is predicted */
	return value;
}

static uint32_t mine_exit(void *state, struct reblock_vmcs *vmcs)
{
	uint64_t reason = vmread(vmcs, REASON) & 0xffff, idtv = vmread(vmcs, IDTV);
	uint64_t blocking = vmread(vmcs, STATE);

	(void)state;
	if (idtv >> 31) {
		if ((idtv >> 8 & 7) == 2) /* the NMI will be injected again */
			(void)reblock_vmwrite(vmcs, STATE, blocking & ~8ull);
	} else if (reason == 0) {
		uint64_t info = vmread(vmcs, INTR_INFO);

		if ((info & 0x1000) && (info & 0xff) != 8)
			(void)reblock_vmwrite(vmcs, STATE, blocking | 8);
	} else if (reason == 48 && (vmread(vmcs, QUALIFICATION) & 0x1000)) {
		(void)reblock_vmwrite(vmcs, STATE, blocking | 8);
	}
	return 0;
}

const struct reblock_policy reblock_policy_export = {
	.abi = REBLOCK_POLICY_ABI,
	.size = sizeof(struct reblock_policy),
	.name = "mine",
	.source = "examples/policy/mine.c",
	.summary = "forgets PML-full",
	.pin_on = REBLOCK_POLICY_NMI_EXITING | REBLOCK_POLICY_VIRTUAL_NMIS,
	.exit = mine_exit,
};
