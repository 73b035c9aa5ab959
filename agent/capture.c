/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include "agent/capture.h"

struct capture *capture_new(size_t room)
{
	struct capture *c = calloc(1, sizeof(*c) + room * sizeof(struct kept));

	if (!c)
		return NULL;
	c->room = room;
	c->last = &c->first;
	return c;
}

void capture_tell(struct capture *c, struct told *told)
{
	told->next = NULL;
	*c->last = told;
	c->last = &told->next;
}

void capture_record(struct capture *c, uint64_t number, const struct reblock_record *record)
{
	if (c->n < c->room) {
		c->kept[c->n].number = number;
		c->kept[c->n++].record = *record;
	}
	if (c->after)
		c->after--;
}

bool capture_done(const struct capture *c)
{
	return !c->after || c->n == c->room;
}

uint64_t capture_number(const struct capture *c, uint64_t number)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->kept[i].number == number)
			return i + c->has_meta;
	return UINT64_MAX;
}

void capture_free(struct capture *c)
{
	struct told *next;

	if (!c)
		return;
	for (struct told *told = c->first; told; told = next) {
		next = told->next;
		free(told);
	}
	free(c);
}
