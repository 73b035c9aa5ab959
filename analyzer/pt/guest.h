/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one queue shows of guests, one section after the other: a section goes from a VM entry to the next VM exit on
 * that CPU, or to where PT saw nothing. Whose it is, others find out.
 *
 * PT's time stands still between two packets that carry it: an event happened at or after the time that it has, and
 * before the next time that differs. A guest's TSC packets say nothing of the host's clock, but MTC packets go on counting:
 * pt/guest_time.c.
 */
#ifndef PT_GUEST_H
#define PT_GUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <reblock/record.h>
#include "pt/ahead.h"
#include "pt/clock.h"

#define PT_FOREVER UINT64_MAX

/* A time between FROM and TO, on the clock of the records, or in ticks where that is not known. */
struct pt_moment {
	uint64_t from, to; /* PT_FOREVER: not known */
};

/* Ticks since the last time of the host, at least: when it was seen, and when the next MTC packet came (PT_FOREVER: none). */
struct pt_passed {
	uint64_t at, next;
};

struct pt_section {
	bool gap; /* this is no section: PT saw nothing from ENTRY to EXIT, and no guest before it goes on after it */
	bool entered,
		left; /* its entry, its exit was seen; else it begins after a gap, ends in one */
	struct pt_moment entry, exit;               /* or what was seen first, last */
	struct pt_passed entry_passed, exit_passed; /* while it is not complete */
	bool has_vmcs;
	/* A VMCS was loaded on this CPU since the section before: until then no other CPU could have used that one. */
	bool reloaded;
	uint64_t vmcs;
	size_t n; /* witnesses, those of entry and exit among them */
};

struct pt_guest;

/* Of a queue of AHEAD; CLOCK stays the caller's. Returns NULL when memory is short. */
struct pt_guest *pt_guest_new(struct pt_ahead *ahead, size_t queue, const struct pt_clock *clock);

/*
 * Takes events until one more section is complete: it has ended, and a later time has come. Returns 1, 0 at the end, or
 * a negative errno of pt_ahead_next.
 */
int pt_guest_more(struct pt_guest *g);

/* No section that is not complete begins before this; PT_FOREVER: there is none any more. */
uint64_t pt_guest_now(const struct pt_guest *g);

/* The sections that are complete and not dropped: their number, the Ith, and the witnesses of it. */
size_t pt_guest_sections(const struct pt_guest *g);
const struct pt_section *pt_guest_section(const struct pt_guest *g, size_t i);
const struct reblock_record *pt_guest_witnesses(const struct pt_guest *g, size_t i);

/* Drops the first section. What was returned before is no longer valid. */
void pt_guest_drop(struct pt_guest *g);

struct pt_guest_counts {
	uint64_t sections;
	uint64_t
		too_long; /* of them, with more witnesses than are kept: those before the last are a gap */
	uint64_t timeless; /* events before any time was known */
	bool non_root;     /* a guest was seen, if only by its state */
};
const struct pt_guest_counts *pt_guest_counts(const struct pt_guest *g);

void pt_guest_free(struct pt_guest *g); /* NULL is allowed */

#endif
