/* SPDX-License-Identifier: BSD-2-Clause */
#include "sim/sim_processor.h"

#define HAS_ERROR_CODE 0x800u
#define REASON_ENCLAVE (1u << 27)

static bool is_type(uint32_t intr_info, uint32_t type)
{
	return (intr_info & (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE)) ==
	       (REBLOCK_INTR_VALID | type);
}

/* "NMI exiting" 1 and "virtual NMIs" 0: IRET and NMI blocking have nothing to do with each other. */
static bool iret_unblocks(const struct sim_processor *p)
{
	return !(p->pin & REBLOCK_PIN_NMI_EXITING) || (p->pin & REBLOCK_PIN_VIRTUAL_NMIS);
}

bool sim_processor_refuses_nmi(const struct sim_processor *p, uint32_t intr_info)
{
	return is_type(intr_info, REBLOCK_INTR_TYPE_NMI) && (p->pin & REBLOCK_PIN_VIRTUAL_NMIS) &&
	       p->blocking;
}

bool sim_processor_enters(const struct sim_processor *p, uint32_t intr_info)
{
	if (!(intr_info & REBLOCK_INTR_VALID))
		return true;
	if ((intr_info & REBLOCK_ENTRY_INTR_RESERVED) || sim_processor_refuses_nmi(p, intr_info))
		return false;
	/* SDM 3C, "Checks on Guest Non-Register State": what STI and MOV SS block is not injected. */
	if (is_type(intr_info, REBLOCK_INTR_TYPE_EXTERNAL))
		return !p->sti && !p->mov_ss;
	return !is_type(intr_info, REBLOCK_INTR_TYPE_NMI) || !p->mov_ss;
}

void sim_processor_delivered(struct sim_processor *p, uint32_t intr_info)
{
	sim_processor_ran(p);
	if (is_type(intr_info, REBLOCK_INTR_TYPE_NMI))
		p->blocking = true;
}

bool sim_processor_iret(struct sim_processor *p)
{
	bool blocked = p->blocking;

	if (!iret_unblocks(p))
		return false;
	p->blocking = false;
	return blocked;
}

void sim_processor_exit(struct sim_exit *exit, uint32_t reason, uint64_t qualification,
			unsigned detail)
{
	*exit = (struct sim_exit){ .reason = reason, .qualification = qualification };
	if (detail & SIM_DETAIL_REASON)
		exit->reason |= REASON_ENCLAVE;
}

/* Bit 12 of this exit (rules 1.4 and 1.5). */
static uint32_t report(struct sim_processor *p, unsigned detail, bool unblocked,
		       struct sim_exit *exit)
{
	exit->defined = iret_unblocks(p) && !(exit->idt_vectoring & REBLOCK_INTR_VALID);
	exit->bit12 = exit->defined ? unblocked : (detail & SIM_DETAIL_UNDEFINED) != 0;
	if (exit->defined && exit->bit12 && (p->odd & SIM_ODD_CONTRADICTS))
		p->blocking = true;
	return exit->bit12 ? REBLOCK_NMI_UNBLOCKING : 0;
}

void sim_processor_exception_exit(struct sim_processor *p, uint32_t intr_info, unsigned detail,
				  bool unblocked, struct sim_exit *exit)
{
	sim_processor_exit(exit, REBLOCK_REASON_EXCEPTION_NMI, 0, detail);
	exit->intr_info = REBLOCK_INTR_VALID | intr_info;
	if ((intr_info & REBLOCK_INTR_TYPE) != REBLOCK_INTR_TYPE_HARD_EXCEPTION)
		return;
	if ((intr_info & REBLOCK_INTR_VECTOR) == REBLOCK_VECTOR_DF) {
		exit->bit12 = (detail & SIM_DETAIL_UNDEFINED) != 0;
		exit->intr_info |= exit->bit12 ? REBLOCK_NMI_UNBLOCKING : 0;
		return;
	}
	exit->intr_info |= report(p, detail, unblocked, exit);
}

static void page_fault(struct sim_processor *p, unsigned detail, bool unblocked,
		       struct sim_exit *exit)
{
	exit->reason |= REBLOCK_REASON_EXCEPTION_NMI;
	exit->intr_info = REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_HARD_EXCEPTION | HAS_ERROR_CODE |
			  14 | report(p, detail, unblocked, exit);
	exit->error_code = detail & SIM_DETAIL_WRITE ? 2 : 0;
	exit->qualification = 0xffff888000001000u + (detail & SIM_DETAIL_WHERE); /* the address */
}

void sim_processor_access_exit(struct sim_processor *p, enum sim_access access, unsigned detail,
			       bool unblocked, uint32_t delivering, struct sim_exit *exit)
{
	bool write = (detail & SIM_DETAIL_WRITE) != 0;

	sim_processor_exit(exit, 0, 0, detail);
	if (delivering) {
		exit->idt_vectoring = delivering |
				      (detail & SIM_DETAIL_IDTV12 ? REBLOCK_NMI_UNBLOCKING : 0);
		sim_processor_delivered(p, delivering); /* rule 1.9 */
	}
	switch (access) {
	case SIM_PAGE_FAULT:
		page_fault(p, detail, unblocked, exit);
		break;
	case SIM_PML_FULL:
		exit->reason |= REBLOCK_REASON_PML_FULL;
		exit->qualification = report(p, detail, unblocked, exit);
		break;
	case SIM_SPP: /* bit 11: a miss, or a misconfiguration */
		exit->reason |= REBLOCK_REASON_SPP;
		exit->qualification = (write ? 0x800u : 0) | report(p, detail, unblocked, exit);
		break;
	case SIM_NOTIFY:
		exit->reason |= REBLOCK_REASON_NOTIFY;
		exit->qualification = report(p, detail, unblocked, exit);
		break;
	case SIM_APIC_ACCESS: /* bits 15:12 are the kind of access, 11:0 the offset */
		exit->reason |= REBLOCK_REASON_APIC_ACCESS;
		exit->qualification = delivering ? 0x3000u : write ? 0x1080u : 0x20u;
		break;
	case SIM_EPT_MISCONFIG:
		exit->reason |= REBLOCK_REASON_EPT_MISCONFIG;
		break;
	default: /* a write or a read, not present or write-protected */
		exit->reason |= REBLOCK_REASON_EPT_VIOLATION;
		exit->qualification =
			(write ? 0x1aau : 0x181u) |
			report(p, detail, unblocked && !(p->odd & SIM_ODD_ERRATUM), exit);
		break;
	}
}
