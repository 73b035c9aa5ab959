/* SPDX-License-Identifier: BSD-2-Clause */
/* The vCPUs that PT's guest sections are given to, by some key. */
#ifndef PT_VCPUS_H
#define PT_VCPUS_H

#include <stdbool.h>
#include <reblock/record.h>
#include "pt/guest.h"

#define PT_VCPUS_MOST 65536

struct pt_vcpu {
	uint64_t key;
	uint32_t vm;
	uint16_t vcpu;
	bool seen;     /* what it did last was seen by PT, so what comes next goes on from there */
	uint64_t gaps; /* of those that are everyone's, how many it has been told */
	uint64_t t;    /* of the last witness */
	/* The VMCS of L1, or that may be: see pt_vcpu_l2. */
	bool has_vmcs;
	uint64_t vmcs;
	bool nested;   /* there are nested guests */
	bool knows_l1; /* ... and VMCS is known to be that of L1 */
	bool deeper;   /* there are guests nested in nested ones */
	/* Joined with records: an entry whose exit is to come. */
	bool entered;
	bool broken; /* since its last exit, or its entry, records are missing */
	uint64_t entry;
	uint16_t entry_cpu;
	/* PT alone: whether its last exit was seen, and where it ran last. */
	bool left;
	size_t queue;
	uint64_t run; /* since when its thread ran there */
	struct pt_moment last_entry;
};

struct pt_vcpus {
	struct pt_vcpu *list;
	size_t n, room;
	uint32_t *slots; /* by hash of the key: index + 1 */
	size_t n_slots;
};

/*
 * Sets *VCPU to the one with KEY, made now if it is new (all zero then, but for the key): valid until the next
 * call. Returns 0, -ENOMEM, or -E2BIG: there are PT_VCPUS_MOST others.
 */
int pt_vcpus_get(struct pt_vcpus *v, uint64_t key, struct pt_vcpu **vcpu);

/* The one with KEY, or NULL. */
struct pt_vcpu *pt_vcpus_find(const struct pt_vcpus *v, uint64_t key);

void pt_vcpus_free(struct pt_vcpus *v);

/*
 * Whether SECTION, which ended with EXIT as far as that is known (else NULL), is of a nested guest: its VMCS is another than that of
 * L1, which is the one whose guest left by VMLAUNCH or VMRESUME. Returns 1, 0, or -1: not known.
 *
 * Where there was but one VMCS so far that is not known, nor of the first one where no such exit has told; of the others
 * it is 1 then, so that nothing of such a vCPU is taken as L1's. Where two VMCSs have such exits all is 1. Where this
 * sets vcpu->nested, what was seen before may have been of either: a gap goes between.
 */
int pt_vcpu_l2(struct pt_vcpu *vcpu, const struct pt_section *section,
	       const struct reblock_record *exit);

/* Whether EXIT (which may be NULL: not known) is by VMLAUNCH or VMRESUME: the guest wants to run a guest of its own. */
bool pt_exit_runs_guest(const struct reblock_record *exit);

#endif
