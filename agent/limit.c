/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include "agent/limit.h"

#define WINDOW 60000000000ull /* ns */

static void end(struct limit_window *w, limit_fn *ended)
{
	if (w->until && w->suppressed)
		ended(w);
	memset(w, 0, sizeof(*w));
}

void limit_end(struct limit *l, uint64_t now, limit_fn *ended)
{
	for (size_t i = 0; i < LIMIT_WINDOWS; i++)
		if (l->windows[i].until && l->windows[i].until <= now)
			end(&l->windows[i], ended);
}

bool limit_allows(struct limit *l, enum reblock_finding_kind kind, uint32_t vm, const char *label,
		  uint64_t now, limit_fn *ended)
{
	struct limit_window *w = NULL, *first = &l->windows[0];

	if (!l->rate)
		return true;
	limit_end(l, now, ended);
	for (size_t i = 0; i < LIMIT_WINDOWS && !w; i++) {
		struct limit_window *this = &l->windows[i];

		if (this->until && this->kind == kind && this->vm == vm)
			w = this;
		else if (this->until < first->until)
			first = this; /* a free one, else the one that ends first */
	}
	if (!w) {
		w = first;
		end(w, ended);
		w->until = now + WINDOW;
		w->kind = kind;
		w->vm = vm;
		(void)snprintf(w->label, sizeof(w->label), "%s", label);
	}
	if (w->told < l->rate) {
		w->told++;
		return true;
	}
	w->suppressed++;
	return false;
}
