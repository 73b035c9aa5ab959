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
	memset(share->count, 0, sizeof(share->count));
	share->n = share->n_everywhere = 0;
}

void share_add(struct share *share, const struct reblock_record *records, uint32_t n)
{
	uint8_t *group = share->group + share->n;

	for (uint32_t i = 0; i < n; i++) {
		group[i] = (uint8_t)group_of(&records[i]);
		share->count[group[i]]++;
	}
	share->n += n;
}

void share_end(struct share *share)
{
	uint16_t next[GROUPS], at = 0;

	for (unsigned g = 0; g < GROUPS; g++) {
		share->begins[g] = next[g] = at;
		at = (uint16_t)(at + share->count[g]);
	}
	share->begins[GROUPS] = at;
	for (uint32_t i = 0; i < share->n; i++) {
		unsigned g = share->group[i];

		if (g == GROUPS)
			share->everywhere[share->n_everywhere++] = (uint16_t)i;
		else
			share->of[next[g]++] = (uint16_t)i;
	}
}

uint32_t share_of(const struct share *share, unsigned group, uint16_t *room,
		  const uint16_t **places)
{
	const uint16_t *own = share->of + share->begins[group];
	const uint16_t *all = share->everywhere;
	uint32_t n_own = (uint32_t)(share->begins[group + 1] - share->begins[group]);
	uint32_t n_all = share->n_everywhere, n = 0;

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
