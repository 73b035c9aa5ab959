/* SPDX-License-Identifier: BSD-2-Clause */
/* What joining keeps. Private to join.c, match.c and alone.c. */
#ifndef PT_JOIN_STATE_H
#define PT_JOIN_STATE_H

#include "pt/guest.h"
#include "pt/join.h"
#include "pt/runs.h"
#include "pt/vcpus.h"
#include "pt/witness.h"

/* A record of the reader that waits, for an exit that is not yet matched, its own or one before it. */
struct pt_held {
	struct reblock_record record;
	bool waits; /* an exit that is not yet matched */
	bool broken; /* an exit: what its vCPU did before this stay in its guest was not all recorded */
	/* An exit that was matched: when the stay began, what PT saw, the last part of it, whether it saw the entry. */
	uint64_t from;
	struct reblock_record *saw; /* malloc'd */
	size_t n;
	struct pt_section last;
	bool entered;
};

/* A vCPU's stay in its guest on one CPU, by its records; its exit record is held. */
struct pt_stay {
	uint64_t from, to;
	uint64_t held; /* number of the exit record */
};

/* A queue, and what the records say of the same CPU. */
struct pt_lane {
	struct pt_guest *guest;
	/* match.c */
	struct pt_stay *stays;
	size_t first, n, room;
	uint64_t entered; /* the time of the entry whose exit is to come, PT_FOREVER: none */
	uint64_t last;    /* time of the newest record of this CPU */
	uint64_t hidden;  /* up to then a gap may have lasted that was dropped; 0: there was none */
	/* alone.c */
	struct pt_runs runs;
	bool placed;       /* whose the first section is has been looked for */
	struct pt_run run; /* then: the thread's; tid 0: not known */
	uint64_t since;    /* then: no earlier did it begin */
	bool runs_guest;   /* the section before ended with VMLAUNCH or VMRESUME, in the VMCS l1 */
	uint64_t l1;
};

struct pt_join {
	struct pt_join_options o;
	struct pt_ahead *ahead;
	struct pt_lane *lanes; /* one for each queue */
	uint32_t *lane_of;     /* by host CPU: index + 1 */
	struct pt_vcpus vcpus;
	bool ended;      /* the reader */
	uint64_t newest; /* of the reader's records */
	uint64_t slack;  /* ns by which times may be wrong */
	uint64_t gaps;   /* that are everyone's */
	/* what can be given */
	struct reblock_record *out;
	size_t given, n_out, out_room;
	/* match.c: held[first_held .. n_held - 1] by number modulo its room */
	struct pt_held *held;
	uint64_t first_held, n_held;
	size_t held_room;
	/* alone.c */
	struct pt_vcpus vms; /* by process: vm, and how many vCPUs in vcpu */
	uint32_t n_vms;
	struct {
		uint64_t matched, unmatched, nobody, unknown_thread, no_vmcs, too_many, missing;
	} count;
	char note[512];
};

/* join.c. Adds to what can be given: room for N more, and where they go. NULL when memory is short. */
struct reblock_record *pt_join_put(struct pt_join *j, size_t n);

/*
 * Copies N witnesses W to OUT, which may be the same place: of VCPU and CPU, of times from FROM to TO that do not go
 * down; L2 is 1, 0 or -1 (not known).
 */
void pt_join_copy(struct pt_join *j, struct pt_vcpu *vcpu, uint16_t cpu, uint64_t from, uint64_t to,
		  int l2, const struct reblock_record *witnesses, size_t n,
		  struct reblock_record *out);

/* match.c, alone.c: take records of the reader; do what can be done. All return 0 or a negative errno. */
int pt_match_take(struct pt_join *j, const struct reblock_record *records, size_t n);
int pt_match_all(struct pt_join *j);
int pt_alone_take(struct pt_join *j, const struct reblock_record *records, size_t n);
int pt_alone_all(struct pt_join *j);

#endif
