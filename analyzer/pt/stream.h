/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Decodes the Intel PT of one CPU: bytes to events. Any bytes are allowed, nothing is read outside of them, and every call
 * ends. What cannot be read gives a PT_EVENT_GAP, and it goes on at the next PSB.
 *
 * The bytes of one stream are contiguous: where something is missing between two pieces (a truncated AUX record, an
 * overwritten buffer) each is a stream of its own, and so may be what lies between any two PSBs (pt/split.h).
 *
 * A stream is used by one thread at a time; streams are independent of each other.
 */
#ifndef PT_STREAM_H
#define PT_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include "pt/config.h"
#include "pt/event.h"

struct pt_stream;

/* The packets that are told apart, for pt_counts. */
enum pt_kind {
	PT_KIND_PAD,
	PT_KIND_PSB,
	PT_KIND_PSBEND,
	PT_KIND_TNT, /* short and long */
	PT_KIND_TIP,
	PT_KIND_TIP_PGE,
	PT_KIND_TIP_PGD,
	PT_KIND_FUP,
	PT_KIND_PIP,
	PT_KIND_VMCS,
	PT_KIND_MODE,
	PT_KIND_TSC,
	PT_KIND_TMA,
	PT_KIND_MTC,
	PT_KIND_CYC,
	PT_KIND_CBR,
	PT_KIND_OVF,
	PT_KIND_STOP,
	PT_KIND_MNT,
	PT_KIND_CFE,
	PT_KIND_EVD,
	PT_KIND_PTW,
	PT_KIND_POWER, /* MWAIT, PWRE, PWRX, EXSTOP */
	PT_KINDS       /* at most 32: PT_KIND_BIT */
};

/* What was met so far. */
struct pt_counts {
	uint64_t packets[PT_KINDS];
	uint64_t events;    /* PT_EVENT_UNFOLLOWED and _TIME aside */
	uint64_t gaps;      /* PT_EVENT_GAP, overflows included */
	uint64_t overflows; /* of them, OVF packets */
	uint64_t
		errors; /* of them, what is neither overflow nor the end: PT_GAP_NO_PSB, _UNKNOWN and _BAD */
	uint64_t skipped; /* bytes that were not read for want of a PSB */
	/* Where instructions are followed (pt/flow.h): */
	uint64_t unfollowed;  /* PT_EVENT_UNFOLLOWED */
	uint64_t wrong_image; /* pieces between two PSBs that did not run what the image has */
};

/*
 * Returns the library that decodes, such as "libipt 2.1 (events)", or NULL where this program was built or runs without one, as
 * the program without shared libraries does: then pt_stream_open says -ENOTSUP.
 */
const char *pt_library(void);

/* Whether BACKEND can be had in this program, with the library that it runs with. */
bool pt_has_backend(enum pt_backend backend);

/*
 * Begins decoding the SIZE bytes at BYTES, which stay the caller's and must stay as they are until pt_stream_close;
 * CONFIG is copied, but not its image. Returns 0 and sets *STREAM, to be ended by pt_stream_close, or a negative errno:
 *   -ENOTSUP no libipt in this program, or not the backend that CONFIG asks for;
 *   -ENOMEM.
 */
int pt_stream_open(const struct pt_config *config, const uint8_t *bytes, size_t size,
		   struct pt_stream **stream);

/*
 * Gives the next event. Offsets do not go down. Returns 1 and sets *EVENT; 0 at the end; -ENOMEM.
 */
int pt_stream_next(struct pt_stream *stream, struct pt_event *event);

/* Returns what was met so far: complete once pt_stream_next has returned 0. Owned by STREAM. */
const struct pt_counts *pt_stream_counts(const struct pt_stream *stream);

void pt_stream_close(struct pt_stream *stream); /* NULL is allowed */

/* Returns the plain name of KIND, TYPE or GAP, as the documents and the tests have it, or NULL for any other number. */
const char *pt_kind_name(enum pt_kind kind);
const char *pt_event_name(enum pt_event_type type);
const char *pt_gap_name(enum pt_gap gap);

#endif
