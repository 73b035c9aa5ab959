/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which records go to which audit. vCPUs fall into a fixed number of groups, more than there are
 * threads, so that a busy vCPU does not hold up the rest.
 */
#ifndef PARALLEL_SHARE_H
#define PARALLEL_SHARE_H

#include <reblock/record.h>
#include <reblock/trace.h>

#define GROUPS 32

struct share {
	uint16_t of[REBLOCK_CHUNK_RECORDS]; /* places, group after group, ascending in each */
	uint16_t everywhere[REBLOCK_CHUNK_RECORDS]; /* places of records that name no vCPU */
	uint16_t begins[GROUPS + 1];                /* of each group in of */
	uint16_t n_everywhere;
	/* on the way: the group of each record, and how many it has */
	uint8_t group[REBLOCK_CHUNK_RECORDS];
	uint16_t count[GROUPS + 1];
	uint32_t n;
};

/* Shares out well-formed records: begin, add them piece after piece, end. */
void share_begin(struct share *share);
void share_add(struct share *share, const struct reblock_record *records, uint32_t n);
void share_end(struct share *share);

/*
 * The places of a group, those of everywhere among them: returns their number and sets *PLACES, to ROOM
 * (REBLOCK_CHUNK_RECORDS) where both have to be merged.
 */
uint32_t share_of(const struct share *share, unsigned group, uint16_t *room,
		  const uint16_t **places);

#endif
