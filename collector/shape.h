/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The shape of KVM's tracepoints on this kernel, read from its own description. Never from its version:
 * stable kernels get such changes too.
 */
#ifndef COLLECTOR_SHAPE_H
#define COLLECTOR_SHAPE_H

#include "bpf/shared.h"

#include <stdbool.h>
#include <stdio.h>

struct btf;

enum exit_shape { EXIT_UNKNOWN, EXIT_VCPU_ISA, EXIT_REASON_VCPU_ISA };

/* The arguments of kvm_exit and kvm_entry, from BTF that holds their btf_trace_... types. */
enum exit_shape shape_exit(const struct btf *btf);
bool shape_entry_has_vcpu(const struct btf *btf);

/*
 * The fields of the classic tracepoints' records, from the text of their format files. Returns 0, or
 * -EINVAL where the fields that everything rests on are not there.
 */
int shape_parse_exit(FILE *format, struct classic_exit_format *fields);
int shape_parse_entry(FILE *format, struct classic_entry_format *fields);
int shape_parse_user_exit(FILE *format, struct classic_user_exit_format *fields);

#endif
