/* SPDX-License-Identifier: BSD-2-Clause */
/* A hash table from 64-bit keys to 32-bit values; it only grows. */
#ifndef INPUT_U64_MAP_H
#define INPUT_U64_MAP_H

#include <stddef.h>
#include <stdint.h>

struct u64_map_slot {
	uint64_t key;
	uint32_t value; /* 0: empty */
};

struct u64_map {
	struct u64_map_slot *slots;
	size_t room; /* a power of two, or 0 */
	size_t used;
};

/* The value of KEY, 0 where it has none. */
static inline uint32_t u64_map_get(const struct u64_map *map, uint64_t key)
{
	size_t i;

	if (!map->room)
		return 0;
	for (i = key * 0x9e3779b97f4a7c15u >> 32 & (map->room - 1); map->slots[i].value;
	     i = (i + 1) & (map->room - 1))
		if (map->slots[i].key == key)
			return map->slots[i].value;
	return 0;
}

/* Sets the value (not 0) of KEY. Returns 0 or -ENOMEM. */
int u64_map_set(struct u64_map *map, uint64_t key, uint32_t value);

void u64_map_free(struct u64_map *map);

#endif
