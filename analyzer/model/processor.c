/* SPDX-License-Identifier: BSD-2-Clause */
/* Sections 1.3 to 1.5 and 1.9 of the rules: what an exit says of NMI blocking. */
#include <reblock/processor.h>
#include "planted.h"

static unsigned basic_reason(const struct reblock_record *exit)
{
	return exit->reason & REBLOCK_REASON_BASIC;
}

static int is_hard_exception(uint32_t info)
{
	return (info & REBLOCK_INTR_VALID) &&
	       (info & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_HARD_EXCEPTION;
}

/* Rule 1.3. */
static enum reblock_bit12_field bit12_field(const struct reblock_record *exit)
{
	if (!reblock_has(exit, REBLOCK_HAS_REASON))
		return REBLOCK_BIT12_FIELD_UNKNOWN;
	if (PLANTED(1, exit->reason & REBLOCK_REASON_FAILED_ENTRY, false))
		return REBLOCK_BIT12_NOWHERE;
	switch (basic_reason(exit)) {
	case REBLOCK_REASON_EXCEPTION_NMI:
		if (!reblock_has(exit, REBLOCK_HAS_INTR_INFO))
			return REBLOCK_BIT12_FIELD_UNKNOWN;
		return is_hard_exception(exit->intr_info) ? REBLOCK_BIT12_IN_INTR_INFO :
							    REBLOCK_BIT12_NOWHERE;
	case REBLOCK_REASON_EPT_VIOLATION:
		return PLANTED(2, REBLOCK_BIT12_IN_QUALIFICATION, REBLOCK_BIT12_NOWHERE);
	case REBLOCK_REASON_PML_FULL:
		return PLANTED(3, REBLOCK_BIT12_IN_QUALIFICATION, REBLOCK_BIT12_NOWHERE);
	case REBLOCK_REASON_SPP:
		return PLANTED(4, REBLOCK_BIT12_IN_QUALIFICATION, REBLOCK_BIT12_NOWHERE);
	case REBLOCK_REASON_NOTIFY:
		return PLANTED(5, REBLOCK_BIT12_IN_QUALIFICATION, REBLOCK_BIT12_NOWHERE);
	case REBLOCK_REASON_APIC_ACCESS:
		return PLANTED(6, REBLOCK_BIT12_NOWHERE, REBLOCK_BIT12_IN_QUALIFICATION);
	default:
		return REBLOCK_BIT12_NOWHERE;
	}
}

static enum reblock_tri bit12_value(const struct reblock_record *exit,
				    enum reblock_bit12_field field)
{
	switch (field) {
	case REBLOCK_BIT12_NOWHERE:
		return REBLOCK_NO;
	case REBLOCK_BIT12_IN_INTR_INFO:
		return reblock_tri_of(exit->intr_info & REBLOCK_NMI_UNBLOCKING);
	case REBLOCK_BIT12_IN_QUALIFICATION:
		if (!reblock_has(exit, REBLOCK_HAS_QUALIFICATION))
			return PLANTED(7, REBLOCK_UNKNOWN, REBLOCK_NO);
		return reblock_tri_of((exit->qualification & REBLOCK_NMI_UNBLOCKING) != 0);
	case REBLOCK_BIT12_FIELD_UNKNOWN:
		break;
	}
	return REBLOCK_UNKNOWN;
}

static enum reblock_tri double_fault(const struct reblock_record *exit)
{
	if (!reblock_has(exit, REBLOCK_HAS_REASON))
		return REBLOCK_UNKNOWN;
	if (basic_reason(exit) != REBLOCK_REASON_EXCEPTION_NMI)
		return REBLOCK_NO;
	if (!reblock_has(exit, REBLOCK_HAS_INTR_INFO))
		return REBLOCK_UNKNOWN;
	return reblock_tri_of(is_hard_exception(exit->intr_info) &&
			      (exit->intr_info & REBLOCK_INTR_VECTOR) == REBLOCK_VECTOR_DF);
}

static enum reblock_tri controls(const struct reblock_record *exit)
{
	if (!reblock_has(exit, REBLOCK_HAS_PIN))
		return PLANTED(8, REBLOCK_UNKNOWN, REBLOCK_YES);
	return reblock_tri_of(PLANTED(9, !(exit->pin & REBLOCK_PIN_NMI_EXITING), false) ||
			      PLANTED(10, exit->pin & REBLOCK_PIN_VIRTUAL_NMIS, true));
}

static enum reblock_tri idtv_valid(const struct reblock_record *exit)
{
	if (!reblock_has(exit, REBLOCK_HAS_IDT_VECTORING))
		return PLANTED(11, REBLOCK_UNKNOWN, REBLOCK_NO);
	return reblock_tri_of((exit->idt_vectoring & REBLOCK_INTR_VALID) != 0);
}

static enum reblock_tri field_exists(enum reblock_bit12_field field)
{
	if (field == REBLOCK_BIT12_FIELD_UNKNOWN)
		return REBLOCK_UNKNOWN;
	return reblock_tri_of(field != REBLOCK_BIT12_NOWHERE);
}

void reblock_unblock_of(const struct reblock_record *exit, struct reblock_unblock *out)
{
	out->failed_entry =
		reblock_has(exit, REBLOCK_HAS_REASON) ?
			reblock_tri_of((exit->reason & REBLOCK_REASON_FAILED_ENTRY) != 0) :
			REBLOCK_UNKNOWN;
	out->field = bit12_field(exit);
	out->controls = controls(exit);
	out->idtv_valid = idtv_valid(exit);
	out->double_fault = double_fault(exit);
	/* Rule 1.4: all of these, else bit 12 can be anything. */
	out->defined =
		reblock_and(reblock_and(field_exists(out->field), out->controls),
			    reblock_and(PLANTED(12, reblock_not(out->idtv_valid), REBLOCK_YES),
					PLANTED(13, reblock_not(out->double_fault), REBLOCK_YES)));
	out->bit12 = bit12_value(exit, out->field);
	out->unblocked = reblock_and(out->defined, out->bit12);
}

enum reblock_unblock_exit reblock_unblock_exit_of(const struct reblock_record *exit)
{
	switch (bit12_field(exit)) {
	case REBLOCK_BIT12_IN_INTR_INFO:
		return REBLOCK_UNBLOCK_FAULT;
	case REBLOCK_BIT12_IN_QUALIFICATION:
		break;
	default:
		return REBLOCK_UNBLOCK_EXITS;
	}
	switch (basic_reason(exit)) {
	case REBLOCK_REASON_EPT_VIOLATION:
		return REBLOCK_UNBLOCK_EPT_VIOLATION;
	case REBLOCK_REASON_PML_FULL:
		return REBLOCK_UNBLOCK_PML_FULL;
	case REBLOCK_REASON_SPP:
		return REBLOCK_UNBLOCK_SPP;
	default:
		return REBLOCK_UNBLOCK_NOTIFY;
	}
}

enum reblock_tri reblock_idtv_is_nmi(const struct reblock_record *exit)
{
	if (!reblock_has(exit, REBLOCK_HAS_IDT_VECTORING))
		return REBLOCK_UNKNOWN;
	return reblock_tri_of(PLANTED(14, exit->idt_vectoring & REBLOCK_INTR_VALID, true) &&
			      (exit->idt_vectoring & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_NMI);
}

enum reblock_tri reblock_virtual_nmis(const struct reblock_record *r)
{
	if (!reblock_has(r, REBLOCK_HAS_PIN))
		return REBLOCK_UNKNOWN;
	return reblock_tri_of(
		(r->pin & PLANTED(15, REBLOCK_PIN_VIRTUAL_NMIS, REBLOCK_PIN_NMI_EXITING)) != 0);
}

enum reblock_tri reblock_blocking(const struct reblock_record *r)
{
	if (!reblock_has(r, REBLOCK_HAS_INTERRUPTIBILITY))
		return PLANTED(16, REBLOCK_UNKNOWN, REBLOCK_NO);
	return reblock_tri_of(
		(r->interruptibility & PLANTED(17, REBLOCK_BLOCKING_NMI,
					       REBLOCK_BLOCKING_NMI | REBLOCK_BLOCKING_STI)) != 0);
}
