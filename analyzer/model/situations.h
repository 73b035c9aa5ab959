/* SPDX-License-Identifier: BSD-2-Clause */
/* Made-up situations, one for each thing that hypervisors do differently. */
#ifndef MODEL_SITUATIONS_H
#define MODEL_SITUATIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whom a column is about. */
enum applies {
	ALWAYS,
	AN_EXCLUSION, /* only who takes bit 12 of that exit can forget when not to */
	TO_REBLOCKERS /* only who re-blocks after that exit can do it wrong like this */
};

/* What has happened before the exit: the guest is in its NMI handler. */
enum before {
	NMI_INJECTED, /* at the last entry */
	MASK_SET,     /* from outside, as when a vCPU is restored in its handler */
	EPT_FIRST     /* NMI_INJECTED, and then an EPT violation on the same IRET */
};

struct situation {
	const char *name;
	const char *text;
	unsigned row; /* the row of the rules that it is about; 0: any */
	enum before before;
	uint16_t reason;
	uint32_t intr_info;
	uint32_t qualification;
	uint32_t idt_vectoring;
	uint32_t interruptibility; /* saved by the exit */
	uint32_t injects;          /* at the entry, 0: nothing */
	enum applies applies;
	bool any_exit;        /* not this exit alone, but each after which the policy re-blocks */
	bool no_virtual_nmis; /* where the policy leaves that open */
	bool moved;           /* the guest resumes elsewhere */
	bool mask;            /* the mask is asked for in between */
	unsigned mistakes;    /* what the column is about, enum reblock_mistake */
};

/* Returns the I-th, or NULL past the last. */
const struct situation *situation_at(size_t i);

#endif
