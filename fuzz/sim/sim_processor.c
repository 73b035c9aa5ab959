/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "sim/sim_processor.h"

static bool is_nmi(uint32_t intr_info)
{
	return (intr_info & (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE)) ==
	       (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI);
}

/* "NMI exiting" 1 and "virtual NMIs" 0: IRET and NMI blocking have nothing to do with each other. */
static bool iret_unblocks(const struct sim_processor *p)
{
	return !(p->pin & REBLOCK_PIN_NMI_EXITING) || (p->pin & REBLOCK_PIN_VIRTUAL_NMIS);
}

bool sim_processor_reports(const struct sim_processor *p, const struct sim_exit *exit)
{
	return iret_unblocks(p) && !(exit->idt_vectoring & REBLOCK_INTR_VALID);
}

bool sim_processor_enters(const struct sim_processor *p, uint32_t intr_info)
{
	if (!(intr_info & REBLOCK_INTR_VALID))
		return true;
	if (intr_info & REBLOCK_ENTRY_INTR_RESERVED)
		return false;
	return !(is_nmi(intr_info) && (p->pin & REBLOCK_PIN_VIRTUAL_NMIS) && p->blocking);
}

void sim_processor_delivered(struct sim_processor *p, uint32_t intr_info)
{
	if (is_nmi(intr_info))
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

static void page_fault(struct sim_random *random, uint64_t bit12, struct sim_exit *exit)
{
	exit->reason = REBLOCK_REASON_EXCEPTION_NMI;
	exit->intr_info = REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_HARD_EXCEPTION | 0x800 | 14 |
			  (uint32_t)bit12;
	exit->error_code = sim_below(random, 2) ? 2 : 0;
	exit->qualification = 0xffff888000001000u + 8u * sim_below(random, 4096); /* the address */
}

void sim_processor_access_exit(struct sim_processor *p, struct sim_random *random,
			       enum sim_access access, bool unblocked, uint32_t delivering,
			       struct sim_exit *exit)
{
	uint64_t bit12;

	memset(exit, 0, sizeof(*exit));
	exit->idt_vectoring = delivering;
	sim_processor_delivered(p, delivering); /* rule 1.9 */
	bit12 = sim_processor_reports(p, exit) ? unblocked : sim_below(random, 2);
	bit12 = bit12 ? REBLOCK_NMI_UNBLOCKING : 0;
	switch (access) {
	case SIM_PAGE_FAULT:
		page_fault(random, bit12, exit);
		break;
	case SIM_PML_FULL:
		exit->reason = REBLOCK_REASON_PML_FULL;
		exit->qualification = bit12;
		break;
	case SIM_SPP:
		exit->reason = REBLOCK_REASON_SPP;
		exit->qualification = 0x800u | bit12;
		break;
	case SIM_NOTIFY:
		exit->reason = REBLOCK_REASON_NOTIFY;
		exit->qualification = bit12;
		break;
	case SIM_APIC_ACCESS: /* bits 15:12 are the kind of access, 11:0 the offset */
		exit->reason = REBLOCK_REASON_APIC_ACCESS;
		exit->qualification = delivering ? 0x3000u : sim_below(random, 2) ? 0x1080u : 0x20u;
		break;
	case SIM_EPT_MISCONFIG:
		exit->reason = REBLOCK_REASON_EPT_MISCONFIG;
		break;
	default: /* a write or a read, not present or write-protected */
		exit->reason = REBLOCK_REASON_EPT_VIOLATION;
		exit->qualification = (sim_below(random, 2) ? 0x182u : 0x1a9u) | bit12;
		break;
	}
}

void sim_processor_double_fault(struct sim_random *random, struct sim_exit *exit)
{
	memset(exit, 0, sizeof(*exit));
	exit->reason = REBLOCK_REASON_EXCEPTION_NMI;
	exit->intr_info = REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_HARD_EXCEPTION | 0x800 |
			  REBLOCK_VECTOR_DF | (sim_below(random, 2) ? REBLOCK_NMI_UNBLOCKING : 0);
}

uint32_t sim_processor_interruptibility(const struct sim_processor *p)
{
	return (p->blocking ? REBLOCK_BLOCKING_NMI : 0) | (p->sti ? REBLOCK_BLOCKING_STI : 0);
}
