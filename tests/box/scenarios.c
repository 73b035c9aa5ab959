/* SPDX-License-Identifier: BSD-2-Clause */
#include "scenarios.h"

#include <stddef.h>
#include <string.h>

static const struct scenario scenarios[] = {
	{ .name = "plain", .touch = true, .cpuids = 5, .halts = 2 },
	{ .name = "nmi", .nmi = true, .cpuids = 1, .halts = 1 },
	/* Some kernels enter the guest again at once after such an exit, and say nothing of that entry. */
	{ .name = "deadlines", .nmi = true, .apic = true, .cpuids = 1, .deadlines = 5 },
	/* The guest itself counts what an exit and its entry take. */
	{ .name = "cpuids", .cpuids = 300 },
	{ .name = "ept-iret", .paging = EPT, .nmi = true, .moved = true, .second = IN_HANDLER },
	{ .name = "ept-iret-quiet", .paging = EPT, .nmi = true, .moved = true },
	{ .name = "fault-iret",
	  .paging = SHADOW,
	  .nmi = true,
	  .moved = true,
	  .second = IN_HANDLER },
	{ .name = "pml-iret",
	  .paging = EPT,
	  .nmi = true,
	  .moved = true,
	  .log_full = true,
	  .second = IN_HANDLER },
	{ .name = "nmi-delivery", .nmi = true, .delivery = true },
	{ .name = "reflect", .paging = SHADOW, .nmi = true, .moved = true, .reflect = true },
	{ .name = "reflect-nmi",
	  .paging = SHADOW,
	  .nmi = true,
	  .moved = true,
	  .reflect = true,
	  .second = IN_HANDLER },
	{ .name = "user-stop", .nmi = true, .moved = true, .stop = true, .second = AT_STOP },
	{ .name = "user-stop-events",
	  .nmi = true,
	  .moved = true,
	  .stop = true,
	  .events = true,
	  .second = AT_STOP },
	/*
	 * An IRET that unblocks, exits whose handlers read nothing, then an EPT violation of the guest's own code at
	 * which an NMI is sent: who takes the first exit's qualification for the last one's sees an NMI in an NMI.
	 */
	{ .name = "stale-trap",
	  .nmi = true,
	  .moved = true,
	  .spin = 1500000,
	  .touch = true,
	  .touch_stop = true,
	  .second = AT_STOP },
};

const struct scenario *scenario_find(const char *name)
{
	for (size_t i = 0; i < sizeof scenarios / sizeof *scenarios; i++)
		if (strcmp(scenarios[i].name, name) == 0)
			return &scenarios[i];
	return NULL;
}
