/* SPDX-License-Identifier: BSD-2-Clause */
/* The relations: each audits a run once more, in another way or changed, and compares. */
#ifndef META_H
#define META_H

#include "meta/result.h"

/* What is to be chosen besides the run itself comes from bytes of its own: a changed cell changes no choice. */
struct dice {
	uint64_t state;
};

/* Returns a number below LIMIT, which is not 0. */
static inline unsigned dice(struct dice *d, unsigned limit)
{
	uint64_t x = d->state += 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (unsigned)((x >> 32) * limit >> 32);
}

struct meta {
	const struct run *run;
	struct reblock_audit_options options; /* the run's, perhaps with a policy */
	struct dice dice;
	/* The stream that all relations begin with: the run, as its recorder saw it or as one that sees less. */
	const struct reblock_record *records;
	size_t n;
	struct result whole; /* of it as it is, with these options */
	struct result plain; /* the same without a policy */
	struct result other; /* of what a relation makes */
};

/* Room for what relations make: records, and for each its number in the stream. */
#define META_RECORDS_MOST (RUN_RECORDS_MOST + SIM_VCPUS_MOST)
extern struct reblock_record meta_records[META_RECORDS_MOST];
extern uint32_t meta_from[META_RECORDS_MOST];

/* pieces.c: the same records, given otherwise. */
void meta_in_pieces(struct meta *m);
void meta_by_vcpu(struct meta *m);
void meta_whole_way(struct meta *m);

/* elsewhere.c: the same guests, at another time, under other numbers, or interleaved otherwise. */
void meta_elsewhere(struct meta *m);
void meta_interleaved(struct meta *m);

/* filtered.c: what a recorder that filters makes of it. */
void meta_filtered(struct meta *m);

/* less.c: sets M->records and M->n to the run, or to what is left of it with losses and fields gone. */
void meta_seen(struct meta *m);

/* less.c: seen with losses, or fields, or vCPUs that are forgotten, less is found, never more. */
void meta_lossy(struct meta *m);
void meta_retired(struct meta *m);

/* again.c: written and read again. */
void meta_as_json(struct meta *m);
void meta_as_trace(struct meta *m);

#endif
