/* SPDX-License-Identifier: BSD-2-Clause */
/* The budget's window: the programs take from what is left of this second, and here it is filled up again. */
#ifndef COLLECTOR_BUDGET_H
#define COLLECTOR_BUDGET_H

#include <stdbool.h>
#include <stdint.h>

struct budget_window {
	uint64_t most;  /* records in a second; 0: no limit */
	uint64_t began; /* ns */
	/* the budget is used up, or was in the last whole window */
	bool counting_only;
};

/* To be called often, with the time NOW in ns. *LEFT is what the programs count down. */
void budget_look(struct budget_window *window, uint64_t now, int64_t *left);

#endif
