/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "parallel/share.h"

_Static_assert(REBLOCK_CHUNK_RECORDS <= UINT16_MAX, "places");
_Static_assert(GROUPS == 1 << 5, "five bits of the product");

static unsigned group_of(const struct reblock_record *r)
{
	uint64_t key = (uint64_t)r->vm << 16 | r->vcpu;

	/* Only lost and meta records are without a vCPU. */
	if (r->vcpu == REBLOCK_NO_VCPU || r->kind == REBLOCK_META)
		return GROUPS;
	return (unsigned)(key * 0x9e3779b97f4a7c15u >> 59);
}

void share_begin(struct share *share)
{
	memset(share->n_of, 0, sizeof(share->n_of));
	share->n = 0;
}

void share_add(struct share *share, const struct reblock_record *records, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		unsigned g = group_of(&records[i]);

		share->of[g][share->n_of[g]++] = (uint16_t)(share->n + i);
	}
	share->n += n;
}

uint32_t share_of(const struct share *share, unsigned group, uint16_t *room,
		  const uint16_t **places)
{
	const uint16_t *own = share->of[group];
	const uint16_t *all = share->of[GROUPS];
	uint32_t n_own = share->n_of[group], n_all = share->n_of[GROUPS], n = 0;

	*places = own;
	if (!n_all)
		return n_own;
	*places = room;
	while (n_own || n_all) {
		if (!n_all || (n_own && *own < *all)) {
			room[n++] = *own++;
			n_own--;
		} else {
			room[n++] = *all++;
			n_all--;
		}
	}
	return n;
}
