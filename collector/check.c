// SPDX-License-Identifier: BSD-2-Clause
/* What stands in the way of recording, found before anything is loaded. */
#include "internal.h"

#include <errno.h>
#include <string.h>

int host_check(const struct host *host, char **error)
{
	if (host->cpu.vendor[0] && strcmp(host->cpu.vendor, "GenuineIntel") && !host->kvm_intel) {
		*error = text(
			"this processor is %s, and NMI unblocking by IRET is reported by Intel VMX only\n"
			"(on AMD there is nothing to record); use a host with an Intel processor",
			host->cpu.vendor);
		return -ENOENT;
	}
	if (!host->kvm) {
		*error = text(
			"there is no KVM on this host (/sys/module/kvm is missing): load it with\n"
			"\"modprobe kvm_intel\", before reblock is started");
		return -ENOENT;
	}
	if (!host->kvm_intel) {
		*error = text(
			"kvm_intel is not loaded%s: load it with \"modprobe kvm_intel\", before reblock is\n"
			"started (one that is loaded later is not found yet)",
			host->cpu.vmx ? "" : ", and this processor shows no VMX");
		return -ENOENT;
	}
	if (host->lockdown == LOCKDOWN_CONFIDENTIALITY) {
		*error = text(
			"the kernel is locked down (confidentiality), which forbids BPF to read kernel\n"
			"memory: boot with lockdown=integrity or none");
		return -EPERM;
	}
	if (!host_can(host, HOST_CAP_SYS_ADMIN)) {
		*error = text(
			"not allowed: run as root. Of its capabilities these are needed: CAP_SYS_ADMIN\n"
			"(to read the modules' BTF)%s",
			host_can(host, HOST_CAP_BPF) && host_can(host, HOST_CAP_PERFMON) ?
				"" :
				", and since Linux 5.8 CAP_BPF and CAP_PERFMON are part of it");
		return -EPERM;
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
