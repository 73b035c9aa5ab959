/* SPDX-License-Identifier: BSD-2-Clause */
/* What taking sections out of a queue keeps. Private to guest.c and guest_time.c. */
#ifndef PT_GUEST_STATE_H
#define PT_GUEST_STATE_H

#include "pt/guest.h"

struct pt_guest {
	struct pt_ahead *ahead;
	size_t queue;
	const struct pt_clock *clock;
	/* sections[first .. first + n - 1]; the first COMPLETE of them are; the last may be open */
	struct pt_section *sections;
	size_t first, n, complete, room;
	bool open;
	/* The witnesses of all of them, one section's after the other's. */
	struct reblock_record *witnesses;
	size_t w_first, w_n, w_room;
	bool ended, has_time;
	bool off;             /* packets are off while a guest runs on, by a filter */
	bool branches;        /* branches are traced: an IRET that completes says where it leads */
	bool begun_iret;      /* an IRET began, and nothing came since */
	struct pt_event iret; /* that one */
	bool unfollowed; /* IRETs may have completed since the last witness, and not been seen */
	uint64_t now;    /* the last time that is the host's, as the sections have it */
	/* guest_time.c */
	uint64_t host;            /* ... in ticks */
	uint64_t passed;          /* ticks since then, at least */
	uint64_t packet, counted; /* of the last event's time */
	bool anew;                /* what is counted begins anew */
	bool partial; /* the next MTC packet ends a tick that the last time of the host is within */
	bool has_vmcs, reloaded;
	uint64_t vmcs;
	struct pt_guest_counts counts;
};

/* Takes the time of E, which comes next, and with it gives the sections before it theirs. */
void pt_guest_take_time(struct pt_guest *g, const struct pt_event *e);

#endif
