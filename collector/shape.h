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

/* What BTF tells. All false: nothing found. */
struct shape {
	enum exit_shape exit; /* the arguments of kvm_exit */
	bool entry_has_vcpu;  /* the first argument of kvm_entry is the vCPU */
	bool recover_after;   /* kvm_exit comes before KVM's NMI recovery */
	bool idt_vectoring;   /* at kvm_exit KVM has read idt_vectoring_info */
	bool controls;        /* KVM keeps copies of the controls */
};

/* Adds to SHAPE what BTF has beyond BASE (NULL: all of it). One pass: a kernel has 100,000 types. */
void shape_look(const struct btf *btf, const struct btf *base, struct shape *shape);

/*
 * The fields of the classic tracepoints' records, from the text of their format files. Returns 0, or
 * -EINVAL where the fields that everything rests on are not there.
 */
int shape_parse_exit(FILE *format, struct classic_exit_format *fields);
int shape_parse_entry(FILE *format, struct classic_entry_format *fields);
int shape_parse_user_exit(FILE *format, struct classic_user_exit_format *fields);

#endif
