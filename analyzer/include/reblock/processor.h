/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the processor says about NMI blocking at a VM exit.
 *
 * Pure functions of one record. Everything is three-valued: what rests on an
 * absent field is REBLOCK_UNKNOWN, unless the fields that are there settle it.
 */
#ifndef REBLOCK_PROCESSOR_H
#define REBLOCK_PROCESSOR_H

#include <reblock/record.h>

enum reblock_tri { REBLOCK_NO = 0, REBLOCK_YES = 1, REBLOCK_UNKNOWN = 2 };

/* Where an exit would report "NMI unblocking due to IRET". */
enum reblock_bit12_field {
	REBLOCK_BIT12_NOWHERE,          /* this exit has no field for it */
	REBLOCK_BIT12_IN_INTR_INFO,     /* fault: VM-exit interruption information */
	REBLOCK_BIT12_IN_QUALIFICATION, /* EPT violation, PML-full, SPP event, notify */
	REBLOCK_BIT12_FIELD_UNKNOWN     /* the reason, or what reason 0 needs, is absent */
};

/* The exit kinds that can report an IRET unblock, for counts. */
enum reblock_unblock_exit {
	REBLOCK_UNBLOCK_FAULT,
	REBLOCK_UNBLOCK_EPT_VIOLATION,
	REBLOCK_UNBLOCK_PML_FULL,
	REBLOCK_UNBLOCK_SPP,
	REBLOCK_UNBLOCK_NOTIFY,
	REBLOCK_UNBLOCK_EXITS
};

/* Each condition of SDM volume 3C, "Information About NMI Unblocking Due to IRET", for one exit. */
struct reblock_unblock {
	/* exit reason bit 31: the other exit fields mean nothing */
	enum reblock_tri failed_entry;
	enum reblock_bit12_field field;
	enum reblock_tri controls; /* "NMI exiting" 0 or "virtual NMIs" 1 */
	/* the exit set the valid bit of IDT-vectoring information */
	enum reblock_tri idtv_valid;
	enum reblock_tri double_fault; /* the exit is due to #DF */
	enum reblock_tri defined;      /* bit 12 means something */
	/* its value, defined or not; REBLOCK_NO where there is no field */
	enum reblock_tri bit12;
	/* defined and 1: the IRET unblocked NMIs and did not complete */
	enum reblock_tri unblocked;
};

/*
 * Evaluates those conditions for an exit record. EXIT->kind must be REBLOCK_EXIT; *OUT is
 * filled whole. Never fails.
 *
 * "defined" follows the three-valued logic: NO as soon as one condition is known to
 * fail, UNKNOWN while one that could fail is absent. On a failed entry (bit 31) the
 * field is REBLOCK_BIT12_NOWHERE and nothing is unblocked.
 */
void reblock_unblock_of(const struct reblock_record *exit, struct reblock_unblock *out);

/*
 * Returns the exit kind for counts of an exit whose bit 12 has a field, or
 * REBLOCK_UNBLOCK_EXITS for any other.
 */
enum reblock_unblock_exit reblock_unblock_exit_of(const struct reblock_record *exit);

/* Returns the name of an exit kind: "fault", "EPT violation", ... */
const char *reblock_unblock_exit_name(enum reblock_unblock_exit kind);

/*
 * Returns the name of a basic exit reason as the SDM's appendix C has it, or
 * NULL where the number is not in that list.
 */
const char *reblock_reason_name(uint32_t reason);

/*
 * Whether an exit's IDT-vectoring information holds an NMI: its delivery was
 * interrupted by this exit, and blocking is in effect (rule 1.9).
 */
enum reblock_tri reblock_idtv_is_nmi(const struct reblock_record *exit);

/* "virtual NMIs" in the pin-based controls of an exit or entry; UNKNOWN where they are absent. */
enum reblock_tri reblock_virtual_nmis(const struct reblock_record *r);

/* Blocking by NMI in the interruptibility state of an exit or entry; UNKNOWN where it is absent. */
enum reblock_tri reblock_blocking(const struct reblock_record *r);

/* Three-valued logic (Kleene). */
static inline enum reblock_tri reblock_tri_of(int value)
{
	return value ? REBLOCK_YES : REBLOCK_NO;
}

static inline enum reblock_tri reblock_not(enum reblock_tri a)
{
	return a == REBLOCK_UNKNOWN ? REBLOCK_UNKNOWN : a == REBLOCK_YES ? REBLOCK_NO : REBLOCK_YES;
}

static inline enum reblock_tri reblock_and(enum reblock_tri a, enum reblock_tri b)
{
	if (a == REBLOCK_NO || b == REBLOCK_NO)
		return REBLOCK_NO;
	return a == REBLOCK_YES && b == REBLOCK_YES ? REBLOCK_YES : REBLOCK_UNKNOWN;
}

static inline enum reblock_tri reblock_or(enum reblock_tri a, enum reblock_tri b)
{
	return reblock_not(reblock_and(reblock_not(a), reblock_not(b)));
}

#endif
