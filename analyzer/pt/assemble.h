/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Puts together what belongs to one event. What goes in, atoms, is what libipt's event decoder gives, which is finer: a
 * VM exit is a CFE, a branch and a PIP there.
 */
#ifndef PT_ASSEMBLE_H
#define PT_ASSEMBLE_H

#include "pt/sieve.h"

enum pt_atom_kind {
	PT_ATOM_STATE,    /* PSB+ is over: ip where packets are on */
	PT_ATOM_CFE,      /* cfe, vector, reason, qualification, cr2; ip where a FUP has said it */
	PT_ATOM_PIP,      /* cr3, nr */
	PT_ATOM_VMCS,     /* vmcs */
	PT_ATOM_TIP,      /* to; ip where a FUP came before */
	PT_ATOM_PGE,      /* to */
	PT_ATOM_PGD,      /* to; ip where a FUP came before */
	PT_ATOM_OVERFLOW, /* ip where packets are on */
	PT_ATOM_TNT,
	PT_ATOM_END, /* of the segment */
};

/* What a PIP or VMCS belongs to: nothing before it, the branch before it, or the PSB+ before it. */
enum pt_bound { PT_BOUND_NO, PT_BOUND_BRANCH, PT_BOUND_STATE };

struct pt_atom {
	enum pt_atom_kind kind;
	enum pt_bound bound;
	uint64_t mark; /* number */
	uint64_t ip, to, reason, qualification, cr2, cr3, vmcs;
	uint16_t has; /* enum pt_event_has */
	uint8_t cfe, vector;
	bool nr;
};

struct pt_assembler {
	const struct pt_mark *marks; /* of the segment */
	size_t n_marks;
	struct pt_event now;   /* being put together; type 0: nothing */
	bool branch;           /* it has its branch: only what is bound to that may come */
	bool paging, vmcs;     /* it has one */
	struct pt_event state; /* nr, cr3, vmcs that are known */
	struct pt_event ready[4];
	unsigned n_ready, given;
};

/* Forgets all: a segment with MARKS begins. */
void pt_assemble_begin(struct pt_assembler *assembler, const struct pt_mark *marks, size_t n);

/* Takes the next atom. To be called only while there is no event to give. */
void pt_assemble(struct pt_assembler *assembler, const struct pt_atom *atom);

/* Gives the next event that is complete: returns whether there was one. */
bool pt_assembled(struct pt_assembler *assembler, struct pt_event *event);

#endif
