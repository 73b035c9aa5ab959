/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Attach points that are never reached although KVM must have come by: a compiler that inlines a function leaves a copy
 * to attach to that nobody calls.
 */
#ifndef COLLECTOR_SILENT_H
#define COLLECTOR_SILENT_H

#include "attach.h"

/*
 * Which of the points in ATTACHED (bits) are silent, as bits, where CALLS says which were reached. A point is not silent
 * where there was no certain occasion for a call.
 */
unsigned silent_points(unsigned attached, const uint64_t calls[CALLS]);

/* What is to be said of POINT if it is silent: one line. */
const char *silent_words(enum point point);

/* Looks at a running collector: what has been silent for a while and was not said yet. */
struct silent {
	unsigned since[POINTS]; /* seconds of looking; a program may just be on its way */
	unsigned said;          /* bits */
	uint64_t looked;        /* ns */
};

/* To be called often, with the time NOW. Returns the points to be named now, as bits. */
unsigned silent_look(struct silent *silent, uint64_t now, unsigned attached,
		     const uint64_t calls[CALLS]);

/*
 * The last look: of the points that are silent at ONE time and at ANOTHER, a while later, those not said yet.
 */
unsigned silent_last(struct silent *silent, unsigned one, unsigned another);

#endif
