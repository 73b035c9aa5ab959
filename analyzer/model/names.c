/* SPDX-License-Identifier: BSD-2-Clause */
/* The SDM's names for exit reasons, and this project's for what the rules count. */
#include <stddef.h>
#include <reblock/processor.h>

/* SDM volume 3D, appendix C, by basic exit reason. */
static const char *const reasons[] = { [0] = "exception or NMI",
				       [1] = "external interrupt",
				       [2] = "triple fault",
				       [3] = "INIT signal",
				       [4] = "start-up IPI",
				       [5] = "I/O SMI",
				       [6] = "other SMI",
				       [7] = "interrupt window",
				       [8] = "NMI window",
				       [9] = "task switch",
				       [10] = "CPUID",
				       [11] = "GETSEC",
				       [12] = "HLT",
				       [13] = "INVD",
				       [14] = "INVLPG",
				       [15] = "RDPMC",
				       [16] = "RDTSC",
				       [17] = "RSM",
				       [18] = "VMCALL",
				       [19] = "VMCLEAR",
				       [20] = "VMLAUNCH",
				       [21] = "VMPTRLD",
				       [22] = "VMPTRST",
				       [23] = "VMREAD",
				       [24] = "VMRESUME",
				       [25] = "VMWRITE",
				       [26] = "VMXOFF",
				       [27] = "VMXON",
				       [28] = "control-register accesses",
				       [29] = "MOV DR",
				       [30] = "I/O instruction",
				       [31] = "RDMSR",
				       [32] = "WRMSR",
				       [33] = "VM-entry failure due to invalid guest state",
				       [34] = "VM-entry failure due to MSR loading",
				       [36] = "MWAIT",
				       [37] = "monitor trap flag",
				       [39] = "MONITOR",
				       [40] = "PAUSE",
				       [41] = "VM-entry failure due to machine-check event",
				       [43] = "TPR below threshold",
				       [44] = "APIC access",
				       [45] = "virtualized EOI",
				       [46] = "access to GDTR or IDTR",
				       [47] = "access to LDTR or TR",
				       [48] = "EPT violation",
				       [49] = "EPT misconfiguration",
				       [50] = "INVEPT",
				       [51] = "RDTSCP",
				       [52] = "VMX-preemption timer expired",
				       [53] = "INVVPID",
				       [54] = "WBINVD or WBNOINVD",
				       [55] = "XSETBV",
				       [56] = "APIC write",
				       [57] = "RDRAND",
				       [58] = "INVPCID",
				       [59] = "VMFUNC",
				       [60] = "ENCLS",
				       [61] = "RDSEED",
				       [62] = "page-modification log full",
				       [63] = "XSAVES",
				       [64] = "XRSTORS",
				       [65] = "PCONFIG",
				       [66] = "SPP-related event",
				       [67] = "UMWAIT",
				       [68] = "TPAUSE",
				       [69] = "LOADIWKEY",
				       [70] = "ENCLV",
				       [72] = "ENQCMD PASID translation failure",
				       [73] = "ENQCMDS PASID translation failure",
				       [74] = "bus lock",
				       [75] = "instruction timeout",
				       [76] = "SEAMCALL",
				       [77] = "TDCALL",
				       [78] = "RDMSRLIST",
				       [79] = "WRMSRLIST" };

const char *reblock_reason_name(uint32_t reason)
{
	uint32_t basic = reason & REBLOCK_REASON_BASIC;

	return basic < sizeof(reasons) / sizeof(reasons[0]) ? reasons[basic] : NULL;
}

const char *reblock_unblock_exit_name(enum reblock_unblock_exit kind)
{
	static const char *const names[] = { [REBLOCK_UNBLOCK_FAULT] = "fault",
					     [REBLOCK_UNBLOCK_EPT_VIOLATION] = "EPT violation",
					     [REBLOCK_UNBLOCK_PML_FULL] = "PML-full",
					     [REBLOCK_UNBLOCK_SPP] = "SPP event",
					     [REBLOCK_UNBLOCK_NOTIFY] = "notify" };

	return (unsigned)kind < REBLOCK_UNBLOCK_EXITS ? names[kind] : "unknown exit";
}
