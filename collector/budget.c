// SPDX-License-Identifier: BSD-2-Clause
#include "budget.h"

#define WINDOW 1000000000ull /* ns */

void budget_look(struct budget_window *window, uint64_t now, int64_t *left)
{
	bool used_up;

	if (!window->most)
		return;
	used_up = __atomic_load_n(left, __ATOMIC_RELAXED) <= 0;
	if (used_up && window->began)
		window->counting_only = true;
	if (window->began && now - window->began < WINDOW)
		return;
	if (!used_up)
		window->counting_only = false;
	window->began = now;
	*left = (int64_t)window->most;
}
