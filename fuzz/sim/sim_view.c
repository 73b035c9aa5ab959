/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/sim_view.h"

#define KIND(kind) (1u << (kind))
#define PAIRS (KIND(REBLOCK_EXIT) | KIND(REBLOCK_ENTRY))
#define HOOKS \
	(PAIRS | KIND(REBLOCK_MASK_WRITE) | KIND(REBLOCK_MASK_READ) | KIND(REBLOCK_BLOCKED_READ) | \
	 KIND(REBLOCK_EVENTS_WRITE) | KIND(REBLOCK_USER_EXIT) | KIND(REBLOCK_META) | \
	 KIND(REBLOCK_LOST))
#define EXIT_INFORMATION \
	(REBLOCK_HAS_REASON | REBLOCK_HAS_RIP | REBLOCK_HAS_QUALIFICATION | \
	 REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_ERROR_CODE | REBLOCK_HAS_IDT_VECTORING)
#define ENTRY_EVENT (REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_ERROR_CODE)
#define CONTROLS (REBLOCK_HAS_PIN | REBLOCK_HAS_EXEC | REBLOCK_HAS_L2)
#define OTHERS \
	(REBLOCK_HAS_MASKED | REBLOCK_HAS_NMI_INJECTED | REBLOCK_HAS_PENDING | \
	 REBLOCK_HAS_REASON | REBLOCK_HAS_SEQ)

/* The hooks of a kernel, without and with the module's word on interruptibility. */
#define HOOK_EXIT (EXIT_INFORMATION | CONTROLS | REBLOCK_HAS_SEQ | REBLOCK_HAS_NMI_KNOWN_UNMASKED)
#define HOOK_ENTRY \
	(REBLOCK_HAS_RIP | REBLOCK_HAS_RIP_SAME | ENTRY_EVENT | REBLOCK_HAS_NMI_INJECTED | \
	 CONTROLS | REBLOCK_HAS_SEQ | REBLOCK_HAS_NMI_KNOWN_UNMASKED)

#define ALL \
	.kinds = HOOKS, .exit = HOOK_EXIT | REBLOCK_HAS_INTERRUPTIBILITY, \
	.entry = HOOK_ENTRY | REBLOCK_HAS_INTERRUPTIBILITY, .others = OTHERS
#define WITHOUT_MODULE .kinds = HOOKS, .exit = HOOK_EXIT, .entry = HOOK_ENTRY, .others = OTHERS
#define PERF \
	.kinds = PAIRS | KIND(REBLOCK_USER_EXIT) | KIND(REBLOCK_LOST), .exit = EXIT_INFORMATION, \
	.others = REBLOCK_HAS_REASON
#define CLASSIC (PAIRS | KIND(REBLOCK_USER_EXIT) | KIND(REBLOCK_META) | KIND(REBLOCK_LOST))

#define VIEW_ALL \
	{ \
		.name = "everything", ALL, .bare_metal = 1 \
	}
#define VIEW_PERF \
	{ \
		.name = "perf", PERF, .entry = REBLOCK_HAS_RIP | ENTRY_EVENT, .bare_metal = 2 \
	}
#define VIEW_PERF_OLD \
	{ \
		.name = "perf, before Linux 6.14", PERF, .entry = REBLOCK_HAS_RIP, \
		.injections = true, .bare_metal = 2 \
	}
#define VIEW_TWO \
	{ \
		.name = "exits and entries alone", .kinds = PAIRS | KIND(REBLOCK_LOST), \
		.exit = EXIT_INFORMATION, .entry = REBLOCK_HAS_RIP | ENTRY_EVENT, .bare_metal = 2 \
	}

const struct sim_view sim_view_all = VIEW_ALL;
const struct sim_view sim_view_perf = VIEW_PERF;
const struct sim_view sim_view_perf_old = VIEW_PERF_OLD;
const struct sim_view sim_view_two = VIEW_TWO;

const struct sim_view sim_views[SIM_VIEWS] = {
	VIEW_ALL,
	{ .name = "without the module", WITHOUT_MODULE, .bare_metal = 1 },
	{ .name = "everything, filtered", ALL, .filtered = true, .bare_metal = 1 },
	{ .name = "without the module, filtered",
	  WITHOUT_MODULE,
	  .filtered = true,
	  .bare_metal = 1 },
	VIEW_PERF,
	VIEW_PERF_OLD,
	VIEW_TWO,
	{ .name = "without the module, nothing read for the recorder",
	  WITHOUT_MODULE,
	  .sometimes = REBLOCK_HAS_RIP | REBLOCK_HAS_QUALIFICATION | REBLOCK_HAS_INTR_INFO,
	  .bare_metal = 1 },
	{ .name = "Linux 5.10",
	  .kinds = CLASSIC,
	  .exit = (EXIT_INFORMATION & ~REBLOCK_HAS_IDT_VECTORING) | REBLOCK_HAS_SEQ,
	  .entry = REBLOCK_HAS_RIP | REBLOCK_HAS_RIP_SAME | REBLOCK_HAS_SEQ,
	  .others = OTHERS,
	  .sometimes = REBLOCK_HAS_RIP_SAME,
	  .bare_metal = 1 },
	{ .name = "Linux 5.10 with the module",
	  .kinds = CLASSIC,
	  .exit = EXIT_INFORMATION | REBLOCK_HAS_PIN | REBLOCK_HAS_INTERRUPTIBILITY |
		  REBLOCK_HAS_SEQ,
	  .entry = REBLOCK_HAS_RIP | REBLOCK_HAS_RIP_SAME | REBLOCK_HAS_NMI_INJECTED | ENTRY_EVENT |
		   REBLOCK_HAS_PIN | REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_SEQ,
	  .others = OTHERS,
	  .bare_metal = 1 },
	{ .name = "raw tracepoints",
	  .kinds = CLASSIC | KIND(REBLOCK_MASK_READ) | KIND(REBLOCK_EVENTS_WRITE),
	  .exit = HOOK_EXIT & ~REBLOCK_HAS_NMI_KNOWN_UNMASKED,
	  .entry = (HOOK_ENTRY & ~(ENTRY_EVENT | REBLOCK_HAS_NMI_KNOWN_UNMASKED)),
	  .others = OTHERS,
	  .bare_metal = 1 },
	{ .name = "after the recovery, inside a hypervisor", ALL, .recovered = true },
	{ .name = "JSON, fields missing", ALL, .ragged = true, .bare_metal = 1 },
	{ .name = "JSON of an unknown recorder",
	  ALL,
	  .ragged = true,
	  .unknown = true,
	  .bare_metal = 2 },
	{ .name = "JSON without times", ALL, .timeless = true, .ragged = true, .bare_metal = 2 },
	{ .name = "before Linux 6.14, two events",
	  .kinds = PAIRS | KIND(REBLOCK_LOST),
	  .exit = EXIT_INFORMATION,
	  .entry = REBLOCK_HAS_RIP,
	  .bare_metal = 2 },
};

struct reblock_source sim_source(const struct sim_view *view)
{
	struct reblock_source source = { .source = "sim", .clock = "monotonic" };

	if (!view->unknown) {
		source.presence = REBLOCK_SOURCE_CAPTURES | REBLOCK_SOURCE_FIELDS;
		source.captures = view->pt.alone ? view->kinds & KIND(REBLOCK_META) : view->kinds;
		source.fields = view->pt.alone ? 0 : view->exit | view->entry | view->others;
		source.captures |= view->pt.on ? KIND(REBLOCK_WITNESS) : 0;
	}
	if (view->bare_metal < 2) {
		source.presence |= REBLOCK_SOURCE_BARE_METAL;
		source.bare_metal = view->bare_metal;
	}
	return source;
}
