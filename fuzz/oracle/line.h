/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A line: all records of one vCPU, with the places where something is missing. Records are named by their place
 * in the line, from 0; ORACLE_NONE is no record.
 */
#ifndef ORACLE_LINE_H
#define ORACLE_LINE_H

#include "oracle/oracle.h"

#define ORACLE_NONE SIZE_MAX

/* Why a record does not follow the one before it. */
enum line_break {
	LINE_LOST = 1,     /* records were lost */
	LINE_LEFT_OUT = 2, /* or left out by a filter */
	LINE_NO_ENTRY =
		4,       /* an exit after an exit: what came in at the entry between is not known */
	LINE_SHOWN = 8,  /* with LINE_LOST: the record itself shows it ... */
	LINE_BEHIND = 16 /* ... the record before, which is out of its place */
};

struct line {
	const struct reblock_source *source;
	const struct reblock_audit_options *options;
	const struct reblock_record *all;
	const uint32_t *number; /* of each record of the line, in ALL */
	/* broken[i]: records may be missing right before record i; broken[n]: after the last */
	const uint8_t *broken;
	size_t n, n_all;
	size_t shows_l2; /* the first record that has l2, or that such a witness comes before */
	bool witnessed; /* there are witnesses of this vCPU: then what witness.h tells of is there */
	size_t n_series;
	size_t heard; /* the first witness: before it PT has no word, and no record is looked at for it */
	size_t carries_l2; /* what first says whose guest it is: from there on an absent word is not "none" */
	const uint32_t *series; /* records and witnesses, in ALL */
	const uint8_t *cut;     /* cut[i]: records are missing right before place i of the series */
	const uint32_t *place;  /* of each record of the line in the series */
	const uint32_t *in_line; /* and back */
	uint8_t assumes; /* enum reblock_assumption: what stands in for an absent field in any of them */
};

/* Picks out the records of a vCPU. */
struct line line_of(struct oracle *oracle, const struct reblock_source *source,
		    const struct reblock_audit_options *options,
		    const struct reblock_record *records, size_t n, uint32_t vm, uint16_t vcpu);

static inline const struct reblock_record *line_at(const struct line *line, size_t i)
{
	return &line->all[line->number[i]];
}

/* Whether what exits show of the VMCS is known to be what the processor saved. */
static inline bool line_shows_saved_state(const struct line *line)
{
	return (line->source->presence & REBLOCK_SOURCE_BARE_METAL) && line->source->bare_metal;
}

/* Whether R says that records of this vCPU may be missing. */
bool line_loses(const struct reblock_record *r, uint32_t vm, uint16_t vcpu);

/* The next exit or entry after record I, if nothing is missing up to it. */
size_t line_next(const struct line *line, size_t i);

/* The entry that ends the pair of exit I, if it was recorded. */
size_t line_entry_of(const struct line *line, size_t exit);

/* The exit that follows entry I. */
size_t line_exit_after(const struct line *line, size_t entry);

/* Whether nothing at all follows entry I: the trace ends. */
bool line_ends_after(const struct line *line, size_t entry);

/* The first record that belongs to the pair of exit I: operations may be recorded before their exit. */
size_t line_first_of(const struct line *line, size_t exit);

/* Record I with what the source cannot carry filled in as it is assumed; *ASSUMES gets what that was. */
struct reblock_record line_filled(const struct line *line, size_t i, uint8_t *assumes);

#endif
