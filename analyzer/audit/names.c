/* SPDX-License-Identifier: BSD-2-Clause */
/* Names and plain words for findings, evidence, causes and assumptions. */
#include <reblock/audit.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LOOK_UP(array, i) ((unsigned)(i) < COUNT(array) ? (array)[i] : "unknown")

const char *reblock_finding_name(enum reblock_finding_kind kind)
{
	static const char *const names[] = { [REBLOCK_MISSED_REBLOCK] = "missed-reblock",
					     [REBLOCK_NMI_IN_NMI] = "nmi-in-nmi",
					     [REBLOCK_BLOCKING_LOST] = "blocking-lost",
					     [REBLOCK_UNDEFINED_BIT] = "undefined-bit",
					     [REBLOCK_REINJECT_BLOCKED] = "reinject-blocked",
					     [REBLOCK_RESERVED_BIT] = "reserved-bit",
					     [REBLOCK_STALE_MASK] = "stale-mask",
					     [REBLOCK_FIELD_CLOBBERED] = "field-clobbered",
					     [REBLOCK_IRET_LIVELOCK] = "iret-livelock",
					     [REBLOCK_OVER_BLOCK] = "over-block",
					     [REBLOCK_HARDWARE] = "hardware",
					     [REBLOCK_UNREPORTABLE] = "unreportable" };

	return LOOK_UP(names, kind);
}

const char *reblock_severity_name(enum reblock_severity severity)
{
	static const char *const names[] = { "note", "warning", "error" };

	return LOOK_UP(names, severity);
}

const char *reblock_evidence_name(enum reblock_evidence evidence)
{
	static const char *const names[] = { "predicted", "derived", "delivered", "direct" };

	return LOOK_UP(names, evidence);
}

struct cause_words {
	const char *name;
	const char *text;
};

static const struct cause_words causes[] = {
	[REBLOCK_CAUSE_NO_REASON] = { "no-reason", "the exit reason was not recorded" },
	[REBLOCK_CAUSE_NO_BIT12] = { "no-bit12", "the field that carries bit 12 was not recorded" },
	[REBLOCK_CAUSE_NO_IDT_VECTORING] = { "no-idt-vectoring",
					     "IDT-vectoring information was not recorded" },
	[REBLOCK_CAUSE_NO_CONTROLS] = { "no-controls",
					"the pin-based controls were not recorded (--vnmi on or off sets them)" },
	[REBLOCK_CAUSE_NO_RIP] = { "no-rip",
				   "whether the guest resumed at the IRET was not recorded" },
	[REBLOCK_CAUSE_NO_INJECTION] = { "no-injection",
					 "what the entry injected was not recorded" },
	[REBLOCK_CAUSE_NO_EVIDENCE] = { "no-evidence",
					"nothing shows what blocking was at the entry" },
	[REBLOCK_CAUSE_NO_ENTRY] = { "no-entry", "no entry was recorded after the exit" },
	[REBLOCK_CAUSE_MASK_WRITE] = { "mask-write", "the hypervisor set its NMI mask in between" },
	[REBLOCK_CAUSE_EVENTS_WRITE] = { "events-write",
					 "user space set the vCPU's events in between" },
	[REBLOCK_CAUSE_USER_SPACE] = { "user-space",
				       "user space ran in between, and this source does not record events writes" },
	[REBLOCK_CAUSE_UNRECORDED] = { "user-space-unrecorded",
				       "this source does not say that it records exits to user space (captures: user_exit), so none can be excluded" },
	[REBLOCK_CAUSE_OTHER_VMCS] = { "other-vmcs", "the entry used another VMCS (nested guest)" },
	[REBLOCK_CAUSE_L2_UNKNOWN] = { "l2-unknown",
				       "whether exit and entry used the same VMCS was not recorded" },
	[REBLOCK_CAUSE_OTHER_EVENT] = { "other-event",
					"the entry injected an event that leaves it open" },
	[REBLOCK_CAUSE_MOVED] = { "moved", "the guest did not resume at the IRET" },
	[REBLOCK_CAUSE_FAILED_ENTRY] = { "failed-entry", "the entry failed, or may have" },
	[REBLOCK_CAUSE_LOST] = { "lost", "records were lost" },
	[REBLOCK_CAUSE_TIME_ORDER] = { "time-order", "a record was older than the one before it" }
};

const char *reblock_cause_name(enum reblock_cause cause)
{
	return (unsigned)cause < COUNT(causes) ? causes[cause].name : "unknown";
}

const char *reblock_cause_text(enum reblock_cause cause)
{
	return (unsigned)cause < COUNT(causes) ? causes[cause].text : "unknown";
}

static const struct cause_words pt_causes[] = {
	[REBLOCK_PT_BEGIN] = { "begin", "Intel PT shows nothing before it" },
	[REBLOCK_PT_EXCEPTION] = { "exception",
				   "an exception came in since, which may be the IRET's own fault" },
	[REBLOCK_PT_FAULT_EXIT] = { "fault-exit",
				    "an exit for an exception or NMI at what may be an IRET" },
	[REBLOCK_PT_MOVED] = { "moved",
			       "the guest went on elsewhere after an exit: an IRET may have been emulated" },
	[REBLOCK_PT_UNKNOWN_EXIT] = { "unknown-exit",
				      "an exit without a reason or an address in Intel PT" },
	[REBLOCK_PT_OTHER] = { "other",
			       "SMI, RSM, INIT, shutdown, a task switch or a failed entry since" },
	[REBLOCK_PT_NESTED] = { "nested", "a nested guest ran, or whether one did is not known" },
	[REBLOCK_PT_DELIVERY] = { "delivery",
				  "a delivery without the address of its handler, which may not have come to its end" },
	[REBLOCK_PT_FRED] = { "fred",
			      "the handler's address may be FRED's, whose handlers return without IRET" },
	[REBLOCK_PT_HYPERVISOR] = { "hypervisor",
				    "the NMI mask or the vCPU's events were set since, or may have been" },
};

const char *reblock_pt_cause_name(enum reblock_pt_cause cause)
{
	return (unsigned)cause < COUNT(pt_causes) ? pt_causes[cause].name : "unknown";
}

const char *reblock_pt_cause_text(enum reblock_pt_cause cause)
{
	return (unsigned)cause < COUNT(pt_causes) ? pt_causes[cause].text : "unknown";
}

const char *reblock_assumption_name(unsigned bit_number)
{
	static const char *const names[REBLOCK_ASSUMPTIONS] = { "l2-0",     "vnmi-on",
								"vnmi-off", "no-handler",
								"entered",  "returns-elsewhere",
								"no-int-2" };

	return LOOK_UP(names, bit_number);
}

const char *reblock_assumption_text(unsigned bit_number)
{
	static const char *const texts[REBLOCK_ASSUMPTIONS] = {
		"l2 is not recorded: no nested guest is taken to run",
		"the pin-based controls are not recorded: NMI exiting and virtual NMIs are taken as 1",
		"the pin-based controls are not recorded: NMI exiting is taken as 1, virtual NMIs as 0",
		"no posted interrupt's handler came and went before the NMI-window exit",
		"the last entry of the trace did not fail",
		"the IRET returns elsewhere: no NMI was let in right at another handler's IRET of the same address",
		"what Intel PT shows with vector 2 is an NMI: the guest does not execute INT 2"
	};

	return LOOK_UP(texts, bit_number);
}
