/* SPDX-License-Identifier: BSD-2-Clause */
/* The files that a guest's memory is in, for pt/image.h: a kernel (vmlinux), a core file such as perf record --kcore leaves, raw bytes. */
#ifndef INPUT_GUEST_MEMORY_H
#define INPUT_GUEST_MEMORY_H

#include "pt/image.h"

struct guest_memory;

/* Returns NULL where there is no memory; to be ended by guest_memory_free. */
struct guest_memory *guest_memory_new(void);

/*
 * Adds the file that WHAT names: FILE or FILE@ADDRESS, a number as strtoull takes it. An ELF file of an x86 machine goes where its
 * loadable segments say, ADDRESS further where it is given (how far KASLR moved the kernel); any other file is bytes, the first
 * of which is at ADDRESS. Returns 0, or a negative errno, with *ERROR (never NULL then) one plain sentence on what is wrong and
 * what to do, to be freed by the caller: -EINVAL no ADDRESS for raw bytes, one that is no number, a damaged ELF file,
 * or one of another machine; what open(2) and mmap(2) say; -ENOMEM.
 */
int guest_memory_add(struct guest_memory *memory, const char *what, char **error);

/* Owned by MEMORY. */
const struct pt_image *guest_memory_image(const struct guest_memory *memory);

void guest_memory_free(struct guest_memory *memory); /* NULL is allowed */

#endif
