/* SPDX-License-Identifier: BSD-2-Clause */
/* A made-up struct vcpu_vmx for a kernel that has none. */
#ifndef PROXY_LAYOUT_H
#define PROXY_LAYOUT_H

#include <bpf/libbpf.h>

/*
 * Describes the running kernel's types and, with them, KVM's for VMX, laid over a plain struct kvm_vcpu. The options,
 * valid until the programs are loaded, make libbpf place the programs' reads by it. NULL: errno says why.
 */
const struct bpf_object_open_opts *proxy_layout(void);

#endif
