/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest's memory, as far as somebody has it: pieces of bytes, each at a linear address, as PT's addresses are. What is
 * in it has to be what the guest ran: a kernel that was linked for one address and ran at another (KASLR) has to
 * be put where it ran, or be run with nokaslr.
 *
 * libipt has a struct pt_image of its own, and pt_image_free and more: no function here may have such a name.
 */
#ifndef PT_IMAGE_H
#define PT_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <reblock/processor.h>

struct pt_code;
struct pt_image;

/* Makes an empty image: returns it, to be ended by pt_image_end, or NULL where there is no memory. */
struct pt_image *pt_image_make(void);

/*
 * Adds the SIZE bytes at BYTES, which stay the caller's, as what was in memory at ADDRESS. Returns 0, -ENOMEM, or -EINVAL: they
 * go past the end of the address space. Where pieces lie one over the other, and differ, the bytes there are not known.
 */
int pt_image_put(struct pt_image *image, uint64_t address, const uint8_t *bytes, size_t size);

/*
 * The same for what is loaded at ADDRESS out of a program's file. A kernel changes its code when it starts and while it runs
 * (Linux: alternatives, calls of __fentry__, return thunks, static keys), though not its IRETs: these bytes are good for
 * pt_image_at_iret, and not for pt_image_read.
 */
int pt_image_put_program(struct pt_image *image, uint64_t address, const uint8_t *bytes,
			 size_t size);

/* Whether IMAGE (which may be NULL) has anything as it was in memory. */
bool pt_image_has_memory(const struct pt_image *image);

/*
 * Reads what was in memory at ADDRESS: up to SIZE bytes to BYTES. Returns how many are known before the first that is not:
 * 0, where the one at ADDRESS is not.
 */
size_t pt_image_read(const struct pt_image *image, uint64_t address, uint8_t *bytes, size_t size);

/*
 * The bytes around ADDRESS as they were in memory, as far as one piece has them and no other does: *BEGIN and *LAST, the addresses
 * that they may reach to, are set to where they do. Returns those from *BEGIN on, or NULL where the one at ADDRESS is not among
 * them; then *BEGIN and *LAST mean nothing.
 */
const uint8_t *pt_image_alone(const struct pt_image *image, uint64_t address, uint64_t *begin,
			      uint64_t *last);

/* What libipt reads the image by (pt/code.h): never NULL, owned by IMAGE. The image must not change once a stream has used it. */
struct pt_code *pt_image_code(const struct pt_image *image);

/*
 * Whether the instruction at ADDRESS is an IRET: CF, after any legacy prefixes and, in 64-bit mode, a REX prefix: 48 CF is
 * IRETQ, 66 CF an IRET of 16 bits (SDM volume 2, "IRET/IRETD/IRETQ", and "Instruction Format"). Unknown where IMAGE (which may be
 * NULL) does not have all its bytes, and for a REX prefix at an address below 4 GiB, where it may be an instruction of
 * 32-bit mode.
 */
enum reblock_tri pt_image_at_iret(const struct pt_image *image, uint64_t address);

void pt_image_end(struct pt_image *image); /* NULL is allowed */

#endif
