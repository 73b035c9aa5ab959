/* SPDX-License-Identifier: BSD-2-Clause */
/* In place of the collector's check.c: the proxy needs KVM, but not kvm_intel. */
#include "collector/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int host_check(const struct host *host, char **error)
{
	if (host->dev_kvm && host->btf && host_can(host, HOST_CAP_SYS_ADMIN))
		return 0;
	*error = strdup("the proxy needs /dev/kvm, the kernel's BTF and to be run as root");
	return -ENOENT;
}

int host_ready(const struct host *host, char **error)
{
	return host_check(host, error);
}
