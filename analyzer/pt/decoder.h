/* SPDX-License-Identifier: BSD-2-Clause */
/* The two ways from what the sieve gives to atoms: pt/events.c and pt/packets.c, each by one of libipt's decoders. */
#ifndef PT_DECODER_H
#define PT_DECODER_H

#include "pt/assemble.h"

struct pt_decoder;

struct pt_decoder_ops {
	/* Begins with the SIZE bytes at BYTES, which begin with a PSB. Returns 0, or -ENOMEM. */
	int (*open)(struct pt_decoder **decoder, const uint8_t *bytes, size_t size);
	/* Gives the next atom: returns 1; 0 at the end; -EBADMSG where libipt refuses what comes. */
	int (*next)(struct pt_decoder *decoder, struct pt_atom *atom);
	void (*close)(struct pt_decoder *decoder);
};

extern const struct pt_decoder_ops pt_by_events;  /* where pt_has_backend(PT_BACKEND_EVENTS) */
extern const struct pt_decoder_ops pt_by_packets; /* where pt_has_backend(PT_BACKEND_PACKETS) */

#endif
