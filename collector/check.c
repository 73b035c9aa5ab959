// SPDX-License-Identifier: BSD-2-Clause
/* What stands in the way of recording, found before anything is loaded. */
#include "internal.h"

#include <errno.h>
#include <string.h>

static bool host_may_have_vmx(const struct host *host)
{
	if (!host->cpu.known)
		return true;
	return host->cpu.vmx && !strcmp(host->cpu.vendor, "GenuineIntel");
}

int host_check(const struct host *host, char **error)
{
	if (host->cpu.vendor[0] && strcmp(host->cpu.vendor, "GenuineIntel") && !host->kvm_intel) {
		*error = text(
			"this processor is %s, and NMI unblocking by IRET is reported by Intel VMX only\n"
			"(on AMD there is nothing to record); use a host with an Intel processor",
			host->cpu.vendor);
		return -ENOENT;
	}
	if (host->lockdown == LOCKDOWN_CONFIDENTIALITY) {
		*error = text(
			"the kernel is locked down (confidentiality), which forbids BPF to read kernel\n"
			"memory: boot with lockdown=integrity or none");
		return -EPERM;
	}
	/* CAP_SYS_ADMIN is all of them; without it, kvm as a module is seen by its classic tracepoints only. */
	if (!host_can(host, HOST_CAP_SYS_ADMIN) &&
	    !(host_can(host, HOST_CAP_BPF) && host_can(host, HOST_CAP_PERFMON))) {
		*error = text(
			"not allowed: run as root, or with CAP_BPF and CAP_PERFMON, and CAP_SYS_ADMIN to read the\n"
			"modules' BTF; all of them are given up once everything is attached");
		return -EPERM;
	}
	if (!host->kvm) {
		*error = text(
			"there is no KVM on this host (/sys/module/kvm is missing): load it with\n"
			"\"modprobe kvm_intel\", or let reblock wait for it (--wait)");
		return -ENOENT;
	}
	if (!host->kvm_intel) {
		*error = text(
			"kvm_intel is not loaded%s: load it with \"modprobe kvm_intel\", or let reblock wait\n"
			"for it (--wait)",
			host->cpu.vmx ? "" : ", and this processor shows no VMX");
		return -ENOENT;
	}
	if (!host->btf && !host->tracefs) {
		*error = text(
			"this kernel has no BTF (/sys/kernel/btf/vmlinux is missing; it needs\n"
			"CONFIG_DEBUG_INFO_BTF), and tracefs is not mounted either: \"mount -t tracefs none\n"
			"/sys/kernel/tracing\" allows recording from the classic tracepoints");
		return -ENOENT;
	}
	return 0;
}

int host_ready(const struct host *host, char **error)
{
	int result = host_check(host, error);
	bool absent = !host->kvm || !host->kvm_intel;

	/* Where VMX is missing or switched off, kvm_intel would not load. */
	return result == -ENOENT && absent && host_may_have_vmx(host) ? -EAGAIN : result;
}
