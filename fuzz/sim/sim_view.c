/* SPDX-License-Identifier: BSD-2-Clause */
/* What recorders see. */
#include "sim/sim.h"

#define KIND(kind) (1u << (kind))
#define EXIT_INFORMATION \
	(REBLOCK_HAS_REASON | REBLOCK_HAS_RIP | REBLOCK_HAS_QUALIFICATION | \
	 REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_ERROR_CODE | REBLOCK_HAS_IDT_VECTORING)
#define STATE \
	(REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_PIN | REBLOCK_HAS_EXEC | REBLOCK_HAS_L2 | \
	 REBLOCK_HAS_SEQ)

const struct sim_view sim_view_all = {
	.name = "everything",
	.kinds = KIND(REBLOCK_EXIT) | KIND(REBLOCK_ENTRY) | KIND(REBLOCK_MASK_WRITE) |
		 KIND(REBLOCK_MASK_READ) | KIND(REBLOCK_BLOCKED_READ) | KIND(REBLOCK_EVENTS_WRITE) |
		 KIND(REBLOCK_USER_EXIT) | KIND(REBLOCK_META),
	.exit = EXIT_INFORMATION | STATE,
	.entry = REBLOCK_HAS_RIP | REBLOCK_HAS_RIP_SAME | REBLOCK_HAS_INTR_INFO |
		 REBLOCK_HAS_ERROR_CODE | REBLOCK_HAS_NMI_INJECTED | STATE,
	.others = REBLOCK_HAS_MASKED | REBLOCK_HAS_NMI_INJECTED | REBLOCK_HAS_PENDING |
		  REBLOCK_HAS_REASON | REBLOCK_HAS_SEQ,
};

const struct sim_view sim_view_perf = {
	.name = "perf",
	.kinds = KIND(REBLOCK_EXIT) | KIND(REBLOCK_ENTRY) | KIND(REBLOCK_USER_EXIT),
	.exit = EXIT_INFORMATION,
	.entry = REBLOCK_HAS_RIP | REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_ERROR_CODE,
	.others = REBLOCK_HAS_REASON,
};

const struct sim_view sim_view_perf_old = {
	.name = "perf, before Linux 6.14",
	.kinds = KIND(REBLOCK_EXIT) | KIND(REBLOCK_ENTRY) | KIND(REBLOCK_USER_EXIT),
	.exit = EXIT_INFORMATION,
	.entry = REBLOCK_HAS_RIP,
	.others = REBLOCK_HAS_REASON,
	.injections = true,
};

const struct sim_view sim_view_two = {
	.name = "exits and entries alone",
	.kinds = KIND(REBLOCK_EXIT) | KIND(REBLOCK_ENTRY),
	.exit = EXIT_INFORMATION,
	.entry = REBLOCK_HAS_RIP | REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_ERROR_CODE,
};

struct reblock_source sim_source(const struct sim_view *view)
{
	struct reblock_source source = {
		.source = "sim",
		.clock = "monotonic",
		.presence = REBLOCK_SOURCE_CAPTURES | REBLOCK_SOURCE_FIELDS |
			    REBLOCK_SOURCE_BARE_METAL,
		.bare_metal = 1,
		.captures = view->kinds,
		.fields = view->exit | view->entry | view->others,
	};

	return source;
}
