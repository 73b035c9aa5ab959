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
	uint32_t n;                /* records shared out */
	uint16_t n_of[GROUPS + 1]; /* of these: each group's; last: of no vCPU */
	uint16_t of[GROUPS + 1][REBLOCK_CHUNK_RECORDS]; /* their places, ascending */
};

/* Shares out well-formed records: begin, then add them piece after piece. */
void share_begin(struct share *share);
void share_add(struct share *share, const struct reblock_record *records, uint32_t n);

/*
 * The places of a group, those that name no vCPU among them: returns their number and sets *PLACES, to ROOM
 * (REBLOCK_CHUNK_RECORDS) where both have to be merged.
 */
uint32_t share_of(const struct share *share, unsigned group, uint16_t *room,
		  const uint16_t **places);

#endif
