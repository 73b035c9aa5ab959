/* SPDX-License-Identifier: BSD-2-Clause */
/* KVM's names of basic exit reasons (VMX_EXIT_REASONS of its user-space header), in lower case. */
#include "agent/metrics.h"

static const char *const names[METRICS_REASONS] = {
	[0] = "exception_nmi",
	[1] = "external_interrupt",
	[2] = "triple_fault",
	[3] = "init_signal",
	[4] = "sipi_signal",
	[6] = "other_smi",
	[7] = "interrupt_window",
	[8] = "nmi_window",
	[9] = "task_switch",
	[10] = "cpuid",
	[12] = "hlt",
	[13] = "invd",
	[14] = "invlpg",
	[15] = "rdpmc",
	[16] = "rdtsc",
	[18] = "vmcall",
	[19] = "vmclear",
	[20] = "vmlaunch",
	[21] = "vmptrld",
	[22] = "vmptrst",
	[23] = "vmread",
	[24] = "vmresume",
	[25] = "vmwrite",
	[26] = "vmoff",
	[27] = "vmon",
	[28] = "cr_access",
	[29] = "dr_access",
	[30] = "io_instruction",
	[31] = "msr_read",
	[32] = "msr_write",
	[33] = "invalid_state",
	[34] = "msr_load_fail",
	[36] = "mwait_instruction",
	[37] = "monitor_trap_flag",
	[39] = "monitor_instruction",
	[40] = "pause_instruction",
	[41] = "mce_during_vmentry",
	[43] = "tpr_below_threshold",
	[44] = "apic_access",
	[45] = "eoi_induced",
	[46] = "gdtr_idtr",
	[47] = "ldtr_tr",
	[48] = "ept_violation",
	[49] = "ept_misconfig",
	[50] = "invept",
	[51] = "rdtscp",
	[52] = "preemption_timer",
	[53] = "invvpid",
	[54] = "wbinvd",
	[55] = "xsetbv",
	[56] = "apic_write",
	[57] = "rdrand",
	[58] = "invpcid",
	[59] = "vmfunc",
	[60] = "encls",
	[61] = "rdseed",
	[62] = "pml_full",
	[63] = "xsaves",
	[64] = "xrstors",
	[67] = "umwait",
	[68] = "tpause",
	[74] = "bus_lock",
	[75] = "notify",
	[76] = "seamcall",
	[77] = "tdcall",
};

const char *metrics_reason(unsigned basic)
{
	return basic < METRICS_REASONS ? names[basic] : NULL;
}

const char *metrics_unblock_exit(enum reblock_unblock_exit exit)
{
	switch (exit) {
	case REBLOCK_UNBLOCK_FAULT:
		return names[REBLOCK_REASON_EXCEPTION_NMI];
	case REBLOCK_UNBLOCK_EPT_VIOLATION:
		return names[REBLOCK_REASON_EPT_VIOLATION];
	case REBLOCK_UNBLOCK_PML_FULL:
		return names[REBLOCK_REASON_PML_FULL];
	case REBLOCK_UNBLOCK_SPP:
		return "66"; /* KVM has no name for it */
	case REBLOCK_UNBLOCK_NOTIFY:
		return names[REBLOCK_REASON_NOTIFY];
	default:
		return "unknown";
	}
}
