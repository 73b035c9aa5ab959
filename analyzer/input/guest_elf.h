/* SPDX-License-Identifier: BSD-2-Clause */
/* An ELF file as a guest's memory: a kernel's (vmlinux), or a core file, of /proc/kcore or of QEMU. */
#ifndef INPUT_GUEST_ELF_H
#define INPUT_GUEST_ELF_H

#include "pt/image.h"

/*
 * Puts what the loadable segments of the ELF file of SIZE bytes at BYTES, which stay the caller's, have in it to IMAGE, each
 * at its address and *MOVED further (NULL: 0). A core file is memory. Of any other the segments that can be run are a program's;
 * its data is not taken, as old kernels have that of each CPU at address 0.
 *
 * A core file whose addresses are all physical ones (QEMU's dump-guest-memory without -p, virsh dump --memory-only: they
 * stand in both fields, or the linear ones are 0) is taken with MOVED alone: a guest that has them both the same is all
 * that it is good for.
 *
 * Returns 0, -ENOMEM, or -EINVAL: the file is damaged, of another machine, or of no use; then *WHY is half a sentence that says
 * so, and what to do.
 */
int guest_elf_put(struct pt_image *image, const uint8_t *bytes, size_t size, const uint64_t *moved,
		  const char **why);

#endif
