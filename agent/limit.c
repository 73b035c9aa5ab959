/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include "agent/limit.h"

#define WINDOW 60000000000ull /* ns */

static void end(struct limit *l, struct limit_window *w)
{
	struct limit_untold *untold = &l->untold;

	if (w->until && w->suppressed) {
		untold->findings += w->suppressed;
		untold->windows++;
		if (w->suppressed > untold->worst.suppressed)
			untold->worst = *w;
	}
	memset(w, 0, sizeof(*w));
}

static void end_all(struct limit *l, uint64_t now)
{
	for (size_t i = 0; i < LIMIT_WINDOWS; i++)
		if (l->windows[i].until && l->windows[i].until <= now)
			end(l, &l->windows[i]);
}

bool limit_untold(struct limit *l, uint64_t now, struct limit_untold *untold)
{
	end_all(l, now);
	if (!l->untold.findings || (l->said && now - l->said < WINDOW))
		return false;
	*untold = l->untold;
	memset(&l->untold, 0, sizeof(l->untold));
	l->said = now;
	return true;
}

bool limit_allows(struct limit *l, enum reblock_finding_kind kind, uint32_t vm, const char *label,
		  uint64_t now)
{
	struct limit_window *w = NULL, *first = &l->windows[0];

	if (!l->rate)
		return true;
	for (size_t i = 0; i < LIMIT_WINDOWS && !w; i++) {
		struct limit_window *this = &l->windows[i];

		if (this->until > now && this->kind == kind && this->vm == vm)
			w = this;
		else if (this->until < first->until)
			first = this; /* a free one, else the one that ends first */
	}
	if (!w) {
		w = first;
		end(l, w);
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
