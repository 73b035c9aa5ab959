/* SPDX-License-Identifier: BSD-2-Clause */
/* KVM's events, by kernel version: the fields of their format files. */
#include "trace_dat_build.h"

/* A table, which each version of clang-format would lay out in its own way. */
/* clang-format off */
#define EXIT_BEGINS \
	{ "unsigned int exit_reason", 4 }, { "unsigned long guest_rip", 8 }, { "u32 isa", 4 }, \
	{ "u64 info1", 8 }, { "u64 info2", 8 }
#define EXIT_INJECTED { "u32 intr_info", 4 }, { "u32 error_code", 4 }

const struct dat_type dat_exit_4_15 = { "kvm", "kvm_exit", 103, { EXIT_BEGINS } };
const struct dat_type dat_exit_5_4 = {
	"kvm", "kvm_exit", 103, { EXIT_BEGINS, { "unsigned int vcpu_id", 4 } }
};
const struct dat_type dat_exit_5_10 = {
	"kvm", "kvm_exit", 103, { EXIT_BEGINS, EXIT_INJECTED, { "unsigned int vcpu_id", 4 } }
};
const struct dat_type dat_exit_6_14 = {
	"kvm",
	"kvm_exit",
	103,
	{ EXIT_BEGINS, EXIT_INJECTED, { "unsigned int vcpu_id", 4 }, { "u64 requests", 8 } }
};
const struct dat_type dat_entry_4_15 = {
	"kvm", "kvm_entry", 115, { { "unsigned int vcpu_id", 4 } }
};
const struct dat_type dat_entry_5_10 = {
	"kvm", "kvm_entry", 115, { { "unsigned int vcpu_id", 4 }, { "unsigned long rip", 8 } }
};
const struct dat_type dat_entry_6_1 = {
	"kvm",
	"kvm_entry",
	115,
	{ { "unsigned int vcpu_id", 4 }, { "unsigned long rip", 8 }, { "bool immediate_exit", 1 } }
};
const struct dat_type dat_entry_6_14 = { "kvm",
					 "kvm_entry",
					 115,
					 { { "unsigned int vcpu_id", 4 },
					   { "unsigned long rip", 8 },
					   { "bool immediate_exit", 1 },
					   EXIT_INJECTED } };
const struct dat_type dat_userspace_exit = {
	"kvm", "kvm_userspace_exit", 116, { { "__u32 reason", 4 }, { "int errno", 4 } }
};
const struct dat_type dat_inj_virq = {
	"kvm",
	"kvm_inj_virq",
	101,
	{ { "unsigned int vector", 4 }, { "bool soft", 1 }, { "bool reinjected", 1 } }
};
const struct dat_type dat_sched_switch = {
	"sched",
	"sched_switch",
	320,
	{ { "char prev_comm[16]", 16 }, { "pid_t prev_pid", 4 }, { "int prev_prio", 4 } }
};
/* clang-format on */
