/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The vCPUs that the agent keeps, and the last records of each: a table of bounded number and bounded
 * memory, in the order in which they were last seen. The last records are kept of those seen latest only,
 * as many as the memory for them allows.
 */
#ifndef AGENT_VCPUS_H
#define AGENT_VCPUS_H

#include <stdbool.h>
#include <stddef.h>
#include <reblock/record.h>

struct capture;

/* A record with its number in the stream. */
struct kept {
	uint64_t number;
	struct reblock_record record;
};

struct vcpus_ring {
	size_t at, n; /* the oldest, and how many */
	struct kept kept[];
};

struct vcpus_vcpu {
	struct vcpus_vcpu *chain, *newer, *older;
	uint64_t key;
	uint64_t seen; /* ns of CLOCK_MONOTONIC */
	struct vcpus_ring *ring;
	struct capture *capture; /* open for a finding of it; NULL: none */
	uint16_t seq;
	bool has_seq;
};

struct vcpus {
	struct vcpus_vcpu **buckets;
	size_t n_buckets, n, most;
	struct vcpus_vcpu *newest, *oldest;
	size_t records; /* kept of each */
	size_t rings, most_rings;
	struct vcpus_vcpu *oldest_ring; /* of those with a ring; they are the newest ones */
};

/* At most MOST vCPUs, with the last RECORDS records (0: none) of as many as BYTES allow. Returns 0 or -ENOMEM. */
int vcpus_begin(struct vcpus *vcpus, size_t most, size_t records, size_t bytes);
void vcpus_end(struct vcpus *vcpus);

static inline uint64_t vcpus_key(uint32_t vm, uint16_t vcpu)
{
	return (uint64_t)vm << 16 | vcpu;
}

/* Returns NULL for one that is not kept. */
struct vcpus_vcpu *vcpus_find(const struct vcpus *vcpus, uint32_t vm, uint16_t vcpu);

/*
 * The one that was seen NOW, made if it is not there; the caller has made room where vcpus_full. Returns NULL
 * without memory.
 */
struct vcpus_vcpu *vcpus_see(struct vcpus *vcpus, uint32_t vm, uint16_t vcpu, uint64_t now);

static inline bool vcpus_full(const struct vcpus *vcpus)
{
	return vcpus->n >= vcpus->most;
}

/* Keeps a record of it, in place of its oldest. */
void vcpus_keep(const struct vcpus *vcpus, struct vcpus_vcpu *v, uint64_t number,
		const struct reblock_record *record);

/* Its I-th kept record, the oldest first; NULL past the last. */
const struct kept *vcpus_kept(const struct vcpus *vcpus, const struct vcpus_vcpu *v, size_t i);

/* No longer keeps V. */
void vcpus_remove(struct vcpus *vcpus, struct vcpus_vcpu *v);

#endif
