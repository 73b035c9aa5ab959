/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Goes through a program as a processor would that runs it, and writes the Intel PT that this one would make, with times by TSC
 * and MTC, and returns compressed: of a process in user space alone, as perf record -e intel_pt//u has it; of a guest,
 * interrupts included, as perf record -e intel_pt//G.
 */
#ifndef PT_WALK_H
#define PT_WALK_H

#include <stdbool.h>
#include "pt_program.h"

enum {
	PT_WALK_CALLS = 64,       /* deeper than any program here */
	PT_WALK_STEP_MOST = 256,  /* more bytes than a step writes */
	PT_WALK_PSB = 16 * 1024,  /* PSBFreq 3, which perf asks for: bytes from PSB to PSB */
	PT_WALK_MTC_FREQ = 3,     /* MTC every 8 ticks of the crystal clock */
	PT_WALK_TSC_OF_TICK = 50, /* CPUID.15H: EBX / EAX */
};

struct pt_walk_iret {
	uint64_t ip, to;
};

struct pt_walk {
	const struct pt_program *program;
	uint64_t random;
	uint32_t block;                /* that comes next */
	uint32_t calls[PT_WALK_CALLS]; /* where each returns to */
	unsigned depth,
		known; /* so many of them the processor knows of: since the last PSB or TIP.PGE */
	bool interrupted; /* in a handler */
	uint64_t tsc, last_ip;
	uint8_t mtc;
	uint8_t tnt, n_tnt; /* branches that wait for their packet */
	uint8_t *out;
	size_t size, psb; /* where the last PSB is */
	bool begun;

	uint64_t branches; /* taken, and TIP.PGEs: what perf script --itrace=b tells of */
	uint64_t instructions, irets, exits;

	/* The caller's, or NULL: where the IRETs were, so many of the first as there is room for. */
	struct pt_walk_iret *iret;
	size_t irets_room;
};

/* Begins to walk through PROGRAM, which has to stay; each SEED takes another way. */
void pt_walk_begin(struct pt_walk *walk, const struct pt_program *program, uint64_t seed,
		   uint64_t tsc);

/*
 * Walks on until SIZE bytes or a few more have been written to OUT, which has room for PT_WALK_STEP_MOST more. They begin with a
 * PSB. Returns how many.
 */
size_t pt_walk_on(struct pt_walk *walk, uint8_t *out, size_t size);

#endif
