/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include "input/u64_map.h"

static struct u64_map_slot *slot_of(const struct u64_map *map, uint64_t key)
{
	size_t i = key * 0x9e3779b97f4a7c15u >> 32 & (map->room - 1);

	while (map->slots[i].value && map->slots[i].key != key)
		i = (i + 1) & (map->room - 1);
	return &map->slots[i];
}

static int grow(struct u64_map *map)
{
	struct u64_map larger = { .room = map->room ? map->room * 2 : 64, .used = map->used };

	larger.slots = calloc(larger.room, sizeof(*larger.slots));
	if (!larger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < map->room; i++)
		if (map->slots[i].value)
			*slot_of(&larger, map->slots[i].key) = map->slots[i];
	free(map->slots);
	*map = larger;
	return 0;
}

int u64_map_set(struct u64_map *map, uint64_t key, uint32_t value)
{
	struct u64_map_slot *slot;

	if (map->used * 2 >= map->room && grow(map))
		return -ENOMEM;
	slot = slot_of(map, key);
	map->used += !slot->value;
	slot->key = key;
	slot->value = value;
	return 0;
}

void u64_map_free(struct u64_map *map)
{
	free(map->slots);
	map->slots = NULL;
	map->room = map->used = 0;
}
