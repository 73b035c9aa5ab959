/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An NMI inside the handler of the one before, as Intel PT with Event Trace shows it: two NMIs delivered, and nothing
 * between them that may have ended the first one's blocking. What may have is told apart from what cannot, and
 * where it is not certain there is no finding, but a count with its cause.
 */
#include <inttypes.h>
#include "state.h"
#include "planted.h"

#define LONGEST_INSTRUCTION 15

/* Exit reasons that this page alone names (SDM volume 3D, appendix C). */
enum {
	REASON_TRIPLE_FAULT = 2,
	REASON_INIT = 3,
	REASON_SIPI = 4,
	REASON_IO_SMI = 5,
	REASON_OTHER_SMI = 6,
	REASON_CPUID = 10,
	REASON_HLT = 12,
	REASON_INVLPG = 14,
	REASON_RDPMC = 15,
	REASON_RDTSC = 16,
	REASON_RSM = 17,
	REASON_VMCALL = 18,
	REASON_VMLAUNCH = 20,
	REASON_VMRESUME = 24,
	REASON_VMXOFF = 26,
	REASON_CR_ACCESS = 28,
	REASON_DR_ACCESS = 29,
	REASON_IO = 30,
	REASON_RDMSR = 31,
	REASON_WRMSR = 32,
	REASON_GUEST_STATE = 33,
	REASON_MSR_LOADING = 34,
	REASON_MWAIT = 36,
	REASON_MONITOR = 39,
	REASON_PAUSE = 40,
	REASON_MACHINE_CHECK = 41,
	REASON_RDTSCP = 51,
	REASON_WBINVD = 54,
	REASON_XSETBV = 55,
	REASON_INVPCID = 58
};

bool audit_pt_may_be_fred(uint64_t to)
{
	/* FRED has two entry points, at a page's begin and 256 bytes on (SDM, "FRED Event Delivery"). */
	return (to & 0xfff) == 0 || (to & 0xfff) == 0x100;
}

void audit_pt_unknown(struct audit_vcpu *v, enum reblock_pt_cause cause)
{
	if (!v->pt.on)
		return;
	/* The first cause stands: it alone would have been enough. */
	if (v->pt.nmi == AUDIT_PT_NMI_UNKNOWN && cause != REBLOCK_PT_NESTED)
		return;
	v->pt.nmi = AUDIT_PT_NMI_UNKNOWN;
	v->pt.unknown_because = cause;
}

/* The instruction of these exits is no IRET, and who goes on behind it has emulated that one. */
static bool emulates_no_iret(const struct reblock_record *exit)
{
	if (reblock_has(exit, REBLOCK_HAS_MASKED))
		return !reblock_flag(exit, REBLOCK_MASKED);
	switch (exit->reason & REBLOCK_REASON_BASIC) {
	case REASON_CPUID:
	case REASON_HLT:
	case REASON_INVLPG:
	case REASON_RDPMC:
	case REASON_RDTSC:
	case REASON_VMCALL:
	case REASON_CR_ACCESS:
	case REASON_DR_ACCESS:
	case REASON_IO:
	case REASON_RDMSR:
	case REASON_WRMSR:
	case REASON_MWAIT:
	case REASON_MONITOR:
	case REASON_PAUSE:
	case REASON_RDTSCP:
	case REASON_WBINVD:
	case REASON_XSETBV:
	case REASON_INVPCID:
		return true;
	default:
		return false;
	}
}

/* What an exit may have done to blocking by its reason alone; REBLOCK_PT_CAUSES: nothing. */
static enum reblock_pt_cause cause_of(const struct reblock_record *exit)
{
	if (!reblock_has(exit, REBLOCK_HAS_REASON | REBLOCK_HAS_RIP))
		return REBLOCK_PT_UNKNOWN_EXIT;
	if (exit->reason & REBLOCK_REASON_FAILED_ENTRY)
		return REBLOCK_PT_OTHER;
	switch (exit->reason & REBLOCK_REASON_BASIC) {
	case REASON_TRIPLE_FAULT:
	case REASON_INIT:
	case REASON_SIPI:
	case REASON_IO_SMI:
	case REASON_OTHER_SMI:
	case REBLOCK_REASON_TASK_SWITCH:
	case REASON_RSM:
	case REASON_VMXOFF:
	case REASON_GUEST_STATE:
	case REASON_MSR_LOADING:
	case REASON_MACHINE_CHECK:
		return REBLOCK_PT_OTHER;
	case REASON_VMLAUNCH:
	case REASON_VMRESUME:
		return REBLOCK_PT_NESTED;
	case REBLOCK_REASON_EXCEPTION_NMI:
		return PLANTED(115, emulates_no_iret(exit), true) ? REBLOCK_PT_CAUSES :
								    REBLOCK_PT_FAULT_EXIT;
	default:
		return REBLOCK_PT_CAUSES;
	}
}

void audit_pt_passed(struct audit_vcpu *v, const struct reblock_record *entry)
{
	const struct reblock_record *exit = &v->pt.exit;
	enum reblock_pt_cause cause = cause_of(exit);
	uint64_t moved = entry->rip - exit->rip;

	if (cause == REBLOCK_PT_CAUSES && !reblock_has(entry, REBLOCK_HAS_RIP))
		cause = REBLOCK_PT_UNKNOWN_EXIT;
	if (cause == REBLOCK_PT_CAUSES && PLANTED(114, moved, 0) &&
	    !(moved <= LONGEST_INSTRUCTION && emulates_no_iret(exit)))
		cause = REBLOCK_PT_MOVED;
	if (cause != REBLOCK_PT_CAUSES)
		audit_pt_unknown(v, cause);
}

static void nested(struct reblock_audit *audit, struct audit_vcpu *v,
		   const struct reblock_record *r, uint64_t number, bool injected)
{
	static const struct audit_handler no_handler;
	struct audit_pt *pt = &v->pt;
	uint8_t assumes = pt->nmi_assumes;
	struct reblock_finding finding;

	if (!injected || PLANTED(117, !pt->nmi_injected, false))
		assumes |= REBLOCK_ASSUMES_NO_INT_2;
	v->summary.pt.assumes |= assumes;
	finding = audit_finding(REBLOCK_NMI_IN_NMI, REBLOCK_DELIVERED, r->t, "6.1", assumes);
	audit_finding_record(&finding, pt->nmi_number);
	audit_finding_record(&finding, number);
	if (reblock_has(r, REBLOCK_HAS_RIP))
		audit_emit(
			audit, v, &finding,
			"Intel PT shows an NMI delivered at RIP %#" PRIx64
			" while the handler of the one before had not ended with an IRET: it overwrites the stack frame that handler still uses.",
			r->rip);
	else
		audit_emit(
			audit, v, &finding,
			"Intel PT shows an NMI delivered while the handler of the one before had not ended with an IRET: it overwrites the stack frame that handler still uses.");
	/* One finding for each NMI. */
	v->handler = no_handler;
}

void audit_pt_nmi(struct reblock_audit *audit, struct audit_vcpu *v, const struct reblock_record *r,
		  uint64_t number, bool injected, bool told)
{
	struct audit_pt *pt = &v->pt;
	uint64_t *unjudged = v->summary.pt.unjudged_nmis;
	bool entered = reblock_has(r, REBLOCK_HAS_QUALIFICATION);
	bool fred = entered && audit_pt_may_be_fred(r->qualification);

	if (!entered || fred) {
		enum reblock_pt_cause cause = fred ? REBLOCK_PT_FRED : REBLOCK_PT_DELIVERY;

		unjudged[cause] += !told;
		pt->nmi = AUDIT_PT_NMI_UNKNOWN;
		pt->unknown_because = cause;
		return;
	}
	if (!told && pt->nmi == AUDIT_PT_NMI_OPEN)
		nested(audit, v, r, number, injected);
	else if (!told && pt->nmi == AUDIT_PT_NMI_UNKNOWN)
		unjudged[pt->unknown_because]++;
	pt->nmi = AUDIT_PT_NMI_OPEN;
	pt->nmi_injected = injected;
	pt->nmi_assumes = pt->assumed;
	pt->nmi_number = number;
}
