/* SPDX-License-Identifier: BSD-2-Clause */
/* What can be known about this host without loading anything. */
#ifndef COLLECTOR_HOST_H
#define COLLECTOR_HOST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum host_lockdown {
	LOCKDOWN_UNKNOWN,
	LOCKDOWN_NONE,
	LOCKDOWN_INTEGRITY,
	LOCKDOWN_CONFIDENTIALITY
};

struct host_cpu {
	char vendor[16]; /* "GenuineIntel", ...; empty: not known */
	char name[64];
	uint32_t family, model, stepping, microcode;
	bool known, microcode_known; /* the numbers above */
	bool vmx, hypervisor;        /* flags of that name */
};

/* A parameter of kvm_intel: 0 or 1, -1: not known. */
struct host_parameters {
	int ept, vnmi, pml, nested;
};

struct host {
	char name[64], kernel[96];
	struct host_cpu cpu;
	struct host_parameters parameters;
	uint64_t capabilities; /* the effective ones */
	enum host_lockdown lockdown;
	int bare_metal; /* 1: no hypervisor below; 0; -1: not known */
	bool dev_kvm, kvm,
		kvm_intel; /* a module that is just being loaded or removed is not there */
	bool btf, btf_kvm, btf_kvm_intel;
	/* presence bits of what the module reblock_vmread reads; 0: it is not loaded */
	unsigned vmread;
	bool hyperv; /* runs under Hyper-V */
	bool evmcs;  /* and KVM has its VMCSs in memory there, in the form that Hyper-V specifies */
	const char *tracefs; /* where it is mounted; NULL: nowhere, or not to be read */
};

void host_look(struct host *host);

/* Whether CapEff holds capability NUMBER. */
bool host_can(const struct host *host, int number);

#define HOST_CAP_SYS_ADMIN 21
#define HOST_CAP_PERFMON 38
#define HOST_CAP_BPF 39

/*
 * What stands in the way of recording: 0, or a negative errno with *ERROR (to be freed) saying what is
 * missing and what to do.
 */
int host_check(const struct host *host, char **error);

/* The same, but -EAGAIN where nothing is wrong but that kvm_intel is not loaded, and this processor can have it. */
int host_ready(const struct host *host, char **error);

/* The pure parts. */

/* Reads the first processor of a /proc/cpuinfo. */
void host_parse_cpuinfo(FILE *cpuinfo, struct host_cpu *cpu);

/* The effective capabilities in a /proc/PID/status. */
uint64_t host_parse_capabilities(FILE *status);

/* A module parameter's text: "Y", "N", or a number; -1 for anything else. */
int host_parse_parameter(const char *text);

enum host_lockdown host_parse_lockdown(const char *text);

/* Whether CPUID leaf 0x40000000 names Hyper-V. */
bool host_is_hyperv(uint32_t ebx, uint32_t ecx, uint32_t edx);

/* Presence bits of record.h for the names in the module's parameter "fields": "interruptibility,pin". */
unsigned host_parse_vmread(const char *text);

#endif
