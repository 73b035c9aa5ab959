/* SPDX-License-Identifier: BSD-2-Clause */
/* The format of one of KVM's events, as text from a recording. */
#ifndef INPUT_KVM_FORMAT_H
#define INPUT_KVM_FORMAT_H

#include <stdint.h>

struct tep_handle;

/*
 * Gives the format in SIZE bytes at DATA to TEP, if it is one of kvm_... events; others are passed
 * over. The text comes from outside, and libtraceevent leaks and worse on what is damaged: it gets
 * a copy of what is checked here, plain fields, and nothing to print with.
 *
 * Returns 0; -EINVAL where the text is not in order; or -ENOMEM.
 */
int kvm_format_give(struct tep_handle *tep, const uint8_t *data, uint64_t size);

#endif
