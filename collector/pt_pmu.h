/* SPDX-License-Identifier: BSD-2-Clause */
/* The PMU intel_pt as sysfs shows it: what this CPU and this kernel's driver can do. */
#ifndef COLLECTOR_PT_PMU_H
#define COLLECTOR_PT_PMU_H

#include "pt.h"

enum pt_cap {
	PT_CAP_MAX_SUBLEAF,
	PT_CAP_PSB_CYC, /* PSB periods and CYC packets can be chosen */
	PT_CAP_PSB_PERIODS,
	PT_CAP_CYCLE_THRESHOLDS,
	PT_CAP_MTC,
	PT_CAP_MTC_PERIODS,
	PT_CAP_EVENT_TRACE,
	PT_CAP_TNT_DISABLE,
	PT_CAP_TOPA_MULTIPLE_ENTRIES,
	PT_CAPS
};

enum pt_mode_of_kvm {
	PT_KVM_UNKNOWN,   /* kvm_intel is not loaded, or too old to say: then it is system */
	PT_KVM_SYSTEM,    /* one trace of the host and its guests */
	PT_KVM_HOST_GUEST /* the host's trace stops at each VM entry */
};

struct pt_pmu {
	char path[192]; /* of its folder in sysfs */
	uint32_t type;
	int64_t caps[PT_CAPS];                   /* -1: this kernel does not say */
	uint32_t nom_freq;                       /* max_nonturbo_ratio; 0: not known */
	uint32_t cpuid_0x15_eax, cpuid_0x15_ebx; /* 0: not known */
	enum pt_mode_of_kvm kvm;
};

/* Returns false where there is no PMU intel_pt. */
bool pt_pmu_read(struct pt_pmu *pmu, const struct pt_os *os);

/*
 * The bits of perf_event_attr.config that field NAME has: 0 where this driver has no such field, or it is in another
 * word.
 */
uint64_t pt_pmu_format(const struct pt_pmu *pmu, const char *name);

/*
 * Sets *CONFIG to what is best here, with the options' terms in place of it. Returns 0, or -EINVAL with *SAID what is
 * wrong with a term. *SAID may get a line also where it returns 0.
 */
int pt_pmu_config(const struct pt_pmu *pmu, const struct pt_options *options, uint64_t *config,
		  char **said);

/* VALUE in the bits of BITS, the lowest first; and back. */
uint64_t pt_bits_set(uint64_t bits, uint64_t value);
uint64_t pt_bits_get(uint64_t bits, uint64_t config);

/* Which numbers are 1 in a list as sysfs has it ("0-3,5"), below N; for the CPUs that are online. */
size_t pt_list_parse(const char *text, bool *in, size_t n);

#endif
