/* SPDX-License-Identifier: BSD-2-Clause */
#include "pt/stream.h"

static const char *const kinds[PT_KINDS] = {
	[PT_KIND_PAD] = "PAD",         [PT_KIND_PSB] = "PSB",     [PT_KIND_PSBEND] = "PSBEND",
	[PT_KIND_TNT] = "TNT",         [PT_KIND_TIP] = "TIP",     [PT_KIND_TIP_PGE] = "TIP.PGE",
	[PT_KIND_TIP_PGD] = "TIP.PGD", [PT_KIND_FUP] = "FUP",     [PT_KIND_PIP] = "PIP",
	[PT_KIND_VMCS] = "VMCS",       [PT_KIND_MODE] = "MODE",   [PT_KIND_TSC] = "TSC",
	[PT_KIND_TMA] = "TMA",         [PT_KIND_MTC] = "MTC",     [PT_KIND_CYC] = "CYC",
	[PT_KIND_CBR] = "CBR",         [PT_KIND_OVF] = "OVF",     [PT_KIND_STOP] = "STOP",
	[PT_KIND_MNT] = "MNT",         [PT_KIND_CFE] = "CFE",     [PT_KIND_EVD] = "EVD",
	[PT_KIND_PTW] = "PTW",         [PT_KIND_POWER] = "POWER",
};

static const char *const events[] = {
	[PT_EVENT_EXIT] = "exit",
	[PT_EVENT_ENTRY] = "entry",
	[PT_EVENT_INTERRUPT] = "interrupt",
	[PT_EVENT_ASYNC] = "async",
	[PT_EVENT_IRET] = "iret",
	[PT_EVENT_OTHER] = "other",
	[PT_EVENT_ENABLED] = "enabled",
	[PT_EVENT_DISABLED] = "disabled",
	[PT_EVENT_PAGING] = "paging",
	[PT_EVENT_VMCS] = "vmcs",
	[PT_EVENT_STATE] = "state",
	[PT_EVENT_GAP] = "gap",
	[PT_EVENT_UNFOLLOWED] = "unfollowed",
	[PT_EVENT_TIME] = "time",
};

static const char *const gaps[] = {
	[PT_GAP_OVERFLOW] = "overflow",     [PT_GAP_NO_PSB] = "no-psb",
	[PT_GAP_UNFINISHED] = "unfinished", [PT_GAP_TRUNCATED] = "truncated",
	[PT_GAP_UNKNOWN] = "unknown",       [PT_GAP_BAD] = "bad",
};

const char *pt_kind_name(enum pt_kind kind)
{
	return (unsigned)kind < PT_KINDS ? kinds[kind] : NULL;
}

const char *pt_event_name(enum pt_event_type type)
{
	return (unsigned)type < sizeof(events) / sizeof(events[0]) ? events[type] : NULL;
}

const char *pt_gap_name(enum pt_gap gap)
{
	return (unsigned)gap < sizeof(gaps) / sizeof(gaps[0]) ? gaps[gap] : NULL;
}
