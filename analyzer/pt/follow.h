/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Follows one run of a guest, instruction by instruction, by libipt's block decoder. A run is Intel PT again: of what a
 * guest did, from where its address is known up to where it no longer is, only the packets that an instruction flow
 * needs, with whole addresses. Its stretches lie between the interrupts that came in.
 *
 * The libraries of 2.0.5 and 2.1 take the same run, so what 2.0.5 does not know (Event Trace) is not in it.
 */
#ifndef PT_FOLLOW_H
#define PT_FOLLOW_H

#include <stddef.h>
#include <stdint.h>
#include "pt/code.h"
#include "pt/config.h"

/* PSB, MODE.Exec, FUP, PSBEND: what has to stand before a stretch for libipt to begin with it. */
enum { PT_RUN_HEAD = 16 + 2 + 9 + 2 };

struct pt_stretch {
	size_t at;    /* its first packet in the run; at least PT_RUN_HEAD bytes come before it */
	uint64_t ip;  /* where it begins */
	uint8_t mode; /* bits 1:0 of MODE.Exec there */
	bool lost;    /* its packets tell of what cannot be followed: an aborted transaction */
	size_t tips;  /* an IRET that completes makes one */
	size_t event; /* of whoever made the run: which event it begins with */
};

struct pt_run {
	uint8_t *bytes;
	size_t size;
	const struct pt_stretch *stretches;
	size_t n;
	bool mode_64; /* all of it ran in 64-bit mode */
};

enum pt_followed {
	PT_FOLLOWED, /* to the end */
	PT_FOLLOWED_LOST, /* what ran is not known: no bytes there, or a return to a call that was not seen */
	PT_FOLLOWED_WRONG, /* the bytes cannot be what ran */
};

/* An IRET that completed in a stretch. Returns 0, or a negative errno that ends it all. */
typedef int pt_follow_iret(void *context, size_t stretch, uint64_t ip, uint64_t to);

/* Whether this program, with the library that it runs with, can follow. */
bool pt_can_follow(void);

/*
 * Follows RUN, in what IMAGE has as it was in memory, from the beginning of stretch FIRST on. VIEW is of IMAGE's code. Overwrites what comes before it in
 * the run. Calls IRET for each IRET that completes, in their order. Returns enum pt_followed, with *STRETCH the stretch that it
 * ended in, or -ENOMEM, or what IRET returned.
 */
int pt_follow(const struct pt_run *run, const struct pt_image *image, struct pt_code_view *view,
	      size_t first, pt_follow_iret *iret, void *context, size_t *stretch);

#endif
