/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which events were enabled, though they may never have fired. A trace.dat does not say; but the order of its
 * formats tells how they were asked for. trace-cmd record puts the formats of each -e in front of those before
 * (trace-cmd: add_list_event_system, lib/trace-cmd/trace-output.c, 3.1 to 3.4), the last -e first, and
 * those of one -e in the order of glob(3). So "-e kvm" alone gives the formats of a whole system in
 * descending order, and whatever was named besides, "-v -e EVENT" (disable) above all, stands behind
 * all others and breaks it.
 */
#include <stdio.h>
#include "input/trace_dat.h"

/* Fewer formats than this may have been named one by one; Linux 4.15 has more, 6.18 has 91. */
#define SYSTEM_LEAST 40

/* As C orders names, or as other locales do, which pass over the underscores: less than 0, 0, more. */
static int compare(const char *a, const char *b, bool pass_over)
{
	for (;; a++, b++) {
		while (pass_over && *a == '_')
			a++;
		while (pass_over && *b == '_')
			b++;
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	}
}

void trace_dat_saw_format(struct trace_dat *d, const uint8_t *text, uint64_t size)
{
	struct trace_dat_enabled *e = &d->enabled;
	char head[128] = "", name[64];
	unsigned id;

	memcpy(head, text, size < sizeof(head) ? size : sizeof(head) - 1);
	if (sscanf(head, "name: %63[a-z0-9_]\nID: %5u\n", name, &id) != 2 || id > UINT16_MAX ||
	    e->n == TRACE_DAT_FORMATS_MOST) {
		e->broken[0] = e->broken[1] = true;
		return;
	}
	for (int i = 0; i < 2; i++)
		if (e->n && compare(name, e->last, i) >= 0)
			e->broken[i] = true;
	memcpy(e->last, name, sizeof(name));
	e->ids[e->n++] = (uint16_t)id;
}

bool trace_dat_all_enabled(const struct trace_dat *d)
{
	return d->enabled.n >= SYSTEM_LEAST && !(d->enabled.broken[0] && d->enabled.broken[1]);
}
