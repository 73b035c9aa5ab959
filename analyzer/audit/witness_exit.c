/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The record of an exit beside what Intel PT shows of it: whether there was an IRET where bit 12 says so, and whether bit
 * 12 is missing where an IRET had begun.
 *
 * An exit at an IRET alone is no evidence: an interrupt just before it looks the same. That the IRET had begun is
 * known only where blocking was read as 1 at the entry right before, and either as 0 at this exit, with
 * nothing in between that Intel PT would have shown, or the exit came from a data access, which that IRET alone can
 * have made.
 */
#include "state.h"
#include "planted.h"

/* Exit qualification of an EPT violation (SDM, table "Exit Qualification for EPT Violations"). */
#define EPT_DATA_READ (1u << 0)
#define EPT_DATA_WRITE (1u << 1)
#define EPT_FETCH (1u << 2)
#define EPT_LINEAR_VALID (1u << 7)
#define EPT_TRANSLATED (1u << 8) /* not a paging structure's entry */
#define EPT_ASYNCHRONOUS (1u << 16)

/* Of an APIC access (SDM, table "Exit Qualification for APIC-Access VM Exits"): bits 15:12. */
#define APIC_ACCESS_TYPE(qualification) ((qualification) >> 12 & 0xf)
#define APIC_DATA_READ 0
#define APIC_DATA_WRITE 1
#define APIC_FETCH 2

/*
 * What the exit came from was a data access of the instruction at it. A write can come from the processor's own
 * buffers (BTS, PEBS), whose address is none of the IRET's.
 */
static bool is_data_access(const struct reblock_record *exit)
{
	const uint64_t asks = EPT_DATA_READ | EPT_DATA_WRITE | EPT_FETCH | EPT_LINEAR_VALID |
			      EPT_TRANSLATED | EPT_ASYNCHRONOUS;
	uint64_t qualification = exit->qualification;

	if (!reblock_has(exit, REBLOCK_HAS_QUALIFICATION))
		return false;
	switch (exit->reason & REBLOCK_REASON_BASIC) {
	case REBLOCK_REASON_EPT_VIOLATION:
		return (qualification & asks) ==
		       (EPT_DATA_READ | EPT_LINEAR_VALID | EPT_TRANSLATED);
	case REBLOCK_REASON_APIC_ACCESS:
		return APIC_ACCESS_TYPE(qualification) == APIC_DATA_READ;
	default:
		return false;
	}
}

/* The instruction itself could not be fetched, so it has not begun. */
static bool is_fetch(const struct reblock_record *exit)
{
	if (!reblock_has(exit, REBLOCK_HAS_QUALIFICATION))
		return (exit->reason & REBLOCK_REASON_BASIC) != REBLOCK_REASON_EPT_MISCONFIG;
	switch (exit->reason & REBLOCK_REASON_BASIC) {
	case REBLOCK_REASON_EPT_VIOLATION:
		return exit->qualification & EPT_FETCH;
	case REBLOCK_REASON_APIC_ACCESS:
		return APIC_ACCESS_TYPE(exit->qualification) == APIC_FETCH;
	default:
		return false;
	}
}

/* Whether an IRET had begun under blocking when this exit came. */
static bool iret_had_begun(const struct reblock_audit *audit, const struct audit_vcpu *v,
			   const struct reblock_record *exit)
{
	const struct audit_pt *pt = &v->pt;
	const struct reblock_record *entry = &pt->entry;
	const struct reblock_unblock *unblock = &v->exit.unblock;

	if (!audit_sees_saved_state(audit) || unblock->failed_entry != REBLOCK_NO ||
	    unblock->controls != REBLOCK_YES || unblock->idtv_valid != REBLOCK_NO)
		return false;
	if (PLANTED(119, !pt->exit_direct, false) || entry->kind != REBLOCK_ENTRY ||
	    PLANTED(118, reblock_blocking(entry) != REBLOCK_YES, false) ||
	    reblock_injects(entry) != REBLOCK_INJECTS_NOTHING || audit_l2(entry) != REBLOCK_NO ||
	    audit_l2(exit) != REBLOCK_NO)
		return false;
	switch (reblock_blocking(exit)) {
	case REBLOCK_NO:
		return !is_fetch(exit);
	case REBLOCK_UNKNOWN:
		return is_data_access(exit);
	default:
		return false;
	}
}

static struct reblock_finding finding_of(const struct audit_vcpu *v, enum reblock_finding_kind kind,
					 const char *rule, const struct reblock_record *exit,
					 uint64_t number)
{
	const struct audit_pt *pt = &v->pt;
	struct reblock_finding finding =
		audit_finding(kind, REBLOCK_DIRECT, exit->t, rule, v->summary.assumes);

	audit_finding_record(&finding, pt->entry_number);
	audit_finding_record(&finding, pt->entry_witness);
	audit_finding_record(&finding, pt->exit_number);
	audit_finding_record(&finding, number);
	return finding;
}

static void check_missing_bit(struct reblock_audit *audit, struct audit_vcpu *v,
			      const struct reblock_record *exit, uint64_t number)
{
	const struct reblock_unblock *unblock = &v->exit.unblock;
	char words[AUDIT_EXIT_WORDS];
	struct reblock_finding finding;

	if (!reblock_has(exit, REBLOCK_HAS_REASON) || !iret_had_begun(audit, v, exit))
		return;
	switch (exit->reason & REBLOCK_REASON_BASIC) {
	case REBLOCK_REASON_EPT_VIOLATION:
		if (unblock->defined != REBLOCK_YES || unblock->bit12 != REBLOCK_NO)
			return;
		finding = finding_of(v, REBLOCK_HARDWARE, "6.4", exit, number);
		audit_emit(
			audit, v, &finding,
			"Intel PT shows an IRET that began while NMIs were blocked and took an exit (%s), and the processor reports bit 12 as 0: as by the errata AAK134 and BY25.",
			audit_exit_words(exit, words));
		return;
	case REBLOCK_REASON_APIC_ACCESS:
	case REBLOCK_REASON_EPT_MISCONFIG:
		finding = finding_of(v, REBLOCK_UNREPORTABLE, "6.5", exit, number);
		audit_emit(
			audit, v, &finding,
			"Intel PT shows an IRET that began while NMIs were blocked and took an exit (%s) that has no field to say that it unblocked them.",
			audit_exit_words(exit, words));
		return;
	default:
		return;
	}
}

void audit_pt_exit(struct reblock_audit *audit, struct audit_vcpu *v,
		   const struct reblock_record *exit, uint64_t number)
{
	const struct reblock_record *witness = &v->pt.exit;
	bool at_iret = reblock_has(witness, REBLOCK_HAS_MASKED) &&
		       reblock_flag(witness, REBLOCK_MASKED);

	if (v->exit.unblock.unblocked == REBLOCK_YES) {
		/*
		 * Not an IRET is no finding: the memory image may not be the code that ran, and ERETS and ERETU
		 * may report so, too.
		 */
		if (!reblock_has(witness, REBLOCK_HAS_MASKED))
			v->summary.pt.unconfirmed++;
		else if (at_iret)
			v->summary.pt.confirmed++;
		else
			v->summary.pt.contradicted++;
		return;
	}
	if (at_iret)
		check_missing_bit(audit, v, exit, number);
}
