/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest's image has where instructions were followed, in the form that libipt decodes once and then knows: sections of its
 * image section cache, which come from files alone. Each is a copy of at most PT_CODE_SECTION bytes in a file that is in memory, and all of
 * an image are at most PT_CODE_SECTIONS: what comes then is read and decoded anew each time, which takes four times as long.
 *
 * A section is a part of the image that one piece of it alone has, so that its bytes are those that pt_image_read gives.
 */
#ifndef PT_CODE_H
#define PT_CODE_H

#include <stdint.h>

#define PT_CODE_SECTION ((uint64_t)1 << 20)
#define PT_CODE_SECTIONS 32

struct libipt_image;
struct pt_code;
struct pt_image;

/* The sections as one decoder at a time sees them. All 0: none yet. */
struct pt_code_view {
	struct libipt_image *image;
	unsigned n; /* it has so many */
};

/* Returns an empty one, to be ended by pt_code_end, or NULL where there is no memory. */
struct pt_code *pt_code_make(void);

/* Forgets all sections, as the image has changed. No view may be in use, or be used again. */
void pt_code_forget(struct pt_code *code);

/* ADDRESS was read out of IMAGE, whose code CODE is: a section is made of what is around it. Any thread may call it. */
void pt_code_want(struct pt_code *code, const struct pt_image *image, uint64_t address);

/*
 * Brings VIEW up to date. Its decoder, where it has one, must not be running. Returns what libipt is to read by, which the view
 * owns, or NULL where there is none to be had: then it has to do without sections.
 */
struct libipt_image *pt_code_see(struct pt_code *code, struct pt_code_view *view);

void pt_code_view_end(struct pt_code_view *view);

void pt_code_end(struct pt_code *code); /* NULL is allowed */

#endif
