/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <string.h>
#include "pt/stream.h"
#include "pt_case.h"

/* CFE types that have a name; the others are written as numbers. */
static const char *const cfes[] = {
	[PT_CFE_INTR] = "intr",
	[PT_CFE_IRET] = "iret",
	[PT_CFE_SMI] = "smi",
	[PT_CFE_RSM] = "rsm",
	[PT_CFE_SIPI] = "sipi",
	[PT_CFE_INIT] = "init",
	[PT_CFE_VMENTRY] = "vmentry",
	[PT_CFE_VMEXIT] = "vmexit",
	[PT_CFE_VMEXIT_INTR] = "vmexit_intr",
	[PT_CFE_SHUTDOWN] = "shutdown",
	[PT_CFE_UINTR] = "uintr",
	[PT_CFE_UIRET] = "uiret",
	[PT_CFE_SWINTR] = "swintr",
	[PT_CFE_SYSCALL] = "syscall",
};

struct text {
	char *at;
	size_t left;
};

static void add(struct text *t, const char *format, unsigned long long value)
{
	int n = snprintf(t->at, t->left, format, value);

	t->at += n;
	t->left -= (size_t)n;
}

static void add_word(struct text *t, const char *before, const char *word)
{
	int n = snprintf(t->at, t->left, "%s%s", before, word);

	t->at += n;
	t->left -= (size_t)n;
}

void pt_event_text(const struct pt_event *e, char text[PT_EVENT_TEXT])
{
	struct text t = { text, PT_EVENT_TEXT };
	static const struct {
		enum pt_event_has has;
		const char *format;
		size_t at;
	} fields[] = {
		{ PT_HAS_TSC, " tsc=%llu", offsetof(struct pt_event, tsc) },
		{ PT_HAS_IP, " ip=0x%llx", offsetof(struct pt_event, ip) },
		{ PT_HAS_TO, " to=0x%llx", offsetof(struct pt_event, to) },
		{ PT_HAS_REASON, " reason=%llu", offsetof(struct pt_event, reason) },
		{ PT_HAS_QUALIFICATION, " qualification=0x%llx",
		  offsetof(struct pt_event, qualification) },
		{ PT_HAS_CR2, " cr2=0x%llx", offsetof(struct pt_event, cr2) },
		{ PT_HAS_CR3, " cr3=0x%llx", offsetof(struct pt_event, cr3) },
		{ PT_HAS_VMCS, " vmcs=0x%llx", offsetof(struct pt_event, vmcs) },
	};
	unsigned long long value;

	text[0] = 0;
	add_word(&t, "", pt_event_name(e->type));
	if (e->gap)
		add_word(&t, " ", pt_gap_name(e->gap));
	if (e->cfe < sizeof(cfes) / sizeof(cfes[0]) && cfes[e->cfe])
		add_word(&t, " cfe=", cfes[e->cfe]);
	else if (e->cfe)
		add(&t, " cfe=%llu", e->cfe);
	if (e->has & PT_HAS_VECTOR)
		add(&t, " vector=%llu", e->vector);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		memcpy(&value, (const char *)e + fields[i].at, sizeof(value));
		if (e->has & fields[i].has)
			add(&t, fields[i].format, value);
	}
	if (e->has & PT_HAS_NR)
		add(&t, " nr=%llu", e->nr);
	if (e->has & PT_HAS_AT_IRET)
		add(&t, " at-iret=%llu", e->at_iret);
	if (e->type == PT_EVENT_TIME)
		add(&t, " counted=%llu", e->counted);
	if (e->guest_tsc)
		add_word(&t, " ", "guest-tsc");
	if (e->begins)
		add_word(&t, " ", "begins");
	if (e->ends)
		add_word(&t, " ", "ends");
}
