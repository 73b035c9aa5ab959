/* SPDX-License-Identifier: BSD-2-Clause */
/* Section 2 of the rules: what blocking must be at the next entry. */
#include <reblock/rules.h>
#include "planted.h"

#define INTR_EVENT (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE | REBLOCK_INTR_VECTOR)

/* Exit qualification of a task switch, bits 31:30: what started it; 3 is a task gate in the IDT. */
#define TASK_SWITCH_SOURCE(qualification) (((qualification) >> 30) & 3)
#define TASK_SWITCH_GATE 3

static enum reblock_injects injects_of_info(uint32_t info)
{
	if (!(info & REBLOCK_INTR_VALID))
		return REBLOCK_INJECTS_NOTHING;
	switch (info & REBLOCK_INTR_TYPE) {
	case REBLOCK_INTR_TYPE_EXTERNAL:
		return REBLOCK_INJECTS_EXTERNAL_INTERRUPT;
	case REBLOCK_INTR_TYPE_NMI:
		return REBLOCK_INJECTS_NMI;
	case REBLOCK_INTR_TYPE_HARD_EXCEPTION:
		return REBLOCK_INJECTS_HARD_EXCEPTION;
	case REBLOCK_INTR_TYPE_PRIV_SOFT_EXCEPTION:
	case REBLOCK_INTR_TYPE_SOFT_EXCEPTION:
		return REBLOCK_INJECTS_SOFT_EXCEPTION;
	default:
		return REBLOCK_INJECTS_OTHER;
	}
}

/* Without the field itself: what the flags say. */
static enum reblock_injects injects_of_flags(const struct reblock_record *entry)
{
	int no_other = reblock_flag(entry, REBLOCK_NO_OTHER_INJECTION);

	if (!reblock_has(entry, REBLOCK_HAS_NMI_INJECTED))
		return no_other ? PLANTED(18, REBLOCK_INJECTS_NOTHING_OR_NMI,
					  REBLOCK_INJECTS_NOTHING) :
				  REBLOCK_INJECTS_UNKNOWN;
	if (reblock_flag(entry, REBLOCK_NMI_INJECTED))
		return REBLOCK_INJECTS_NMI;
	return no_other ? REBLOCK_INJECTS_NOTHING :
			  PLANTED(19, REBLOCK_INJECTS_NO_NMI, REBLOCK_INJECTS_NOTHING);
}

enum reblock_injects reblock_injects(const struct reblock_record *entry)
{
	enum reblock_injects injects;
	int is_nmi;

	if (!reblock_has(entry, REBLOCK_HAS_INTR_INFO))
		return injects_of_flags(entry);
	injects = injects_of_info(entry->intr_info);
	is_nmi = injects == REBLOCK_INJECTS_NMI;
	if (reblock_has(entry, REBLOCK_HAS_NMI_INJECTED) &&
	    reblock_flag(entry, REBLOCK_NMI_INJECTED) != is_nmi)
		return REBLOCK_INJECTS_UNKNOWN;
	if (reblock_flag(entry, REBLOCK_NO_OTHER_INJECTION) && !is_nmi &&
	    injects != REBLOCK_INJECTS_NOTHING)
		return REBLOCK_INJECTS_UNKNOWN;
	return injects;
}

enum reblock_tri reblock_rip_same(const struct reblock_record *exit,
				  const struct reblock_record *entry)
{
	int has_flag = reblock_has(entry, REBLOCK_HAS_RIP_SAME);
	int flag = reblock_flag(entry, REBLOCK_RIP_SAME);

	if (!reblock_has(exit, REBLOCK_HAS_RIP) || !reblock_has(entry, REBLOCK_HAS_RIP))
		return has_flag ? reblock_tri_of(flag) : PLANTED(20, REBLOCK_UNKNOWN, REBLOCK_YES);
	if (has_flag && flag != (exit->rip == entry->rip))
		return REBLOCK_UNKNOWN;
	return reblock_tri_of(exit->rip == entry->rip);
}

static enum reblock_tri injects_nmi(enum reblock_injects injects)
{
	if (injects == REBLOCK_INJECTS_UNKNOWN || injects == REBLOCK_INJECTS_NOTHING_OR_NMI)
		return REBLOCK_UNKNOWN;
	return reblock_tri_of(injects == REBLOCK_INJECTS_NMI);
}

/* Whether the injection is one of two kinds; anything that is not an NMI may be, while it is not known. */
static enum reblock_tri injects_either(enum reblock_injects injects, enum reblock_injects a,
				       enum reblock_injects b)
{
	if (injects == REBLOCK_INJECTS_UNKNOWN || injects == REBLOCK_INJECTS_NO_NMI)
		return REBLOCK_UNKNOWN;
	return reblock_tri_of(injects == a || injects == b);
}

static enum reblock_tri through_task_gate(const struct reblock_record *exit)
{
	enum reblock_tri gate = REBLOCK_UNKNOWN;
	enum reblock_tri task_switch = REBLOCK_UNKNOWN;

	if (reblock_has(exit, REBLOCK_HAS_QUALIFICATION))
		gate = reblock_tri_of(TASK_SWITCH_SOURCE(exit->qualification) == TASK_SWITCH_GATE);
	if (reblock_has(exit, REBLOCK_HAS_REASON))
		task_switch = reblock_tri_of((exit->reason & REBLOCK_REASON_BASIC) ==
					     REBLOCK_REASON_TASK_SWITCH);
	return PLANTED(21, reblock_and(task_switch, gate), task_switch);
}

/* Row 7: the fault's own vector goes to the guest as a hardware exception. */
static enum reblock_tri reflects(const struct reblock_record *exit,
				 const struct reblock_unblock *unblock,
				 const struct reblock_record *entry, enum reblock_injects injects)
{
	enum reblock_tri hard = injects_either(injects, REBLOCK_INJECTS_HARD_EXCEPTION,
					       REBLOCK_INJECTS_HARD_EXCEPTION);
	enum reblock_tri fault;

	if (unblock->field == REBLOCK_BIT12_FIELD_UNKNOWN)
		fault = REBLOCK_UNKNOWN;
	else
		fault = reblock_tri_of(unblock->field == REBLOCK_BIT12_IN_INTR_INFO);
	if (fault == REBLOCK_YES && hard == REBLOCK_YES)
		return reblock_tri_of(PLANTED(22,
					      (exit->intr_info & REBLOCK_INTR_VECTOR) ==
						      (entry->intr_info & REBLOCK_INTR_VECTOR),
					      true));
	return reblock_and(fault, hard);
}

/* Row 10: nothing, or what the exit's IDT-vectoring information holds once more. */
static enum reblock_tri injects_nothing_new(const struct reblock_record *exit,
					    const struct reblock_unblock *unblock,
					    const struct reblock_record *entry,
					    enum reblock_injects injects)
{
	enum reblock_tri nothing =
		injects_either(injects, REBLOCK_INJECTS_NOTHING, REBLOCK_INJECTS_NOTHING);
	enum reblock_tri again = REBLOCK_UNKNOWN;

	if (unblock->idtv_valid == REBLOCK_NO || nothing == REBLOCK_YES || PLANTED(23, false, true))
		return nothing;
	if (unblock->idtv_valid == REBLOCK_UNKNOWN)
		return reblock_or(nothing, REBLOCK_UNKNOWN);
	if (injects == REBLOCK_INJECTS_NMI)
		again = reblock_idtv_is_nmi(exit);
	else if (nothing == REBLOCK_NO)
		again = reblock_tri_of((exit->idt_vectoring & INTR_EVENT) ==
				       (entry->intr_info & INTR_EVENT));
	return reblock_or(nothing, again);
}

enum reblock_must reblock_row_must(unsigned row)
{
	switch (row) {
	case 3:
	case 6:
	case 9:
		return REBLOCK_MUST_BE_1;
	case 4:
	case 7:
		return REBLOCK_MUST_BE_0;
	case 10:
	case 11:
		return REBLOCK_MUST_NOT_CHANGE;
	default:
		return REBLOCK_MUST_UNKNOWN;
	}
}

/* The rows that are possible, as bits, for one injection. */
static uint16_t rows_of(const struct reblock_record *exit, const struct reblock_unblock *unblock,
			unsigned between, const struct reblock_record *entry,
			enum reblock_injects injects)
{
	enum reblock_tri nmi = injects_nmi(injects);
	enum reblock_tri same = reblock_rip_same(exit, entry);
	enum reblock_tri idtv_nmi = reblock_idtv_is_nmi(exit);
	enum reblock_tri unblocked = unblock->unblocked;
	/* "Undefined, and 1" and "0, or no field" speak of a bit that is there, or not at all. */
	enum reblock_tri undefined_1 = reblock_and(unblock->bit12, reblock_not(unblock->defined));
	enum reblock_tri match[13];
	uint16_t rows = 0;
	unsigned row;

	match[1] = PLANTED(24, unblock->failed_entry, REBLOCK_NO);
	match[2] = reblock_tri_of(
		(between & PLANTED(25, ~0u, ~(unsigned)REBLOCK_BETWEEN_MASK_WRITE)) != 0);
	match[3] =
		reblock_and(idtv_nmi, reblock_and(PLANTED(26, through_task_gate(exit), REBLOCK_NO),
						  reblock_not(nmi)));
	match[4] = PLANTED(27, reblock_and(idtv_nmi, reblock_and(nmi, reblock_virtual_nmis(entry))),
			   REBLOCK_NO);
	match[5] = PLANTED(28, reblock_and(idtv_nmi, reblock_not(nmi)), REBLOCK_NO);
	match[6] =
		reblock_and(unblocked,
			    reblock_and(PLANTED(29, same, REBLOCK_YES),
					injects_either(injects, REBLOCK_INJECTS_NOTHING,
						       PLANTED(30,
							       REBLOCK_INJECTS_EXTERNAL_INTERRUPT,
							       REBLOCK_INJECTS_NOTHING))));
	match[7] = reblock_and(unblocked,
			       PLANTED(31, reflects(exit, unblock, entry, injects), REBLOCK_NO));
	match[8] = reblock_and(unblocked, injects_either(injects, REBLOCK_INJECTS_HARD_EXCEPTION,
							 REBLOCK_INJECTS_SOFT_EXCEPTION));
	match[9] = reblock_and(unblocked, reblock_and(nmi, PLANTED(32, same, REBLOCK_YES)));
	match[10] = reblock_and(reblock_and(undefined_1, same),
				injects_nothing_new(exit, unblock, entry, injects));
	match[11] = reblock_and(PLANTED(33, reblock_not(unblock->bit12),
					reblock_and(unblock->defined, reblock_not(unblock->bit12))),
				reblock_and(same, injects_either(injects, REBLOCK_INJECTS_NOTHING,
								 REBLOCK_INJECTS_NOTHING)));
	match[12] = REBLOCK_YES;
	for (row = 1; row <= 12; row++) {
		if (match[row] == REBLOCK_NO)
			continue;
		rows |= (uint16_t)(1u << row);
		if (match[row] == REBLOCK_YES)
			break;
	}
	return rows;
}

/* The same for all that the entry may inject. */
static uint16_t rows_of_all(const struct reblock_record *exit,
			    const struct reblock_unblock *unblock, unsigned between,
			    const struct reblock_record *entry, enum reblock_injects injects)
{
	if (injects == REBLOCK_INJECTS_NOTHING_OR_NMI)
		return rows_of(exit, unblock, between, entry, REBLOCK_INJECTS_NOTHING) |
		       rows_of(exit, unblock, between, entry, REBLOCK_INJECTS_NMI);
	return rows_of(exit, unblock, between, entry, injects);
}

/* The same for bit 12 and whether it is defined, where they are not known. */
static uint16_t rows_of_each(const struct reblock_record *exit,
			     const struct reblock_unblock *unblock, unsigned between,
			     const struct reblock_record *entry, enum reblock_injects injects)
{
	struct reblock_unblock one = *unblock;
	uint16_t rows = 0;

	for (int bit12 = 0; bit12 < 2; bit12++) {
		for (int defined = 0; defined < 2; defined++) {
			one.bit12 = reblock_tri_of(bit12);
			one.defined = reblock_tri_of(defined);
			one.unblocked = reblock_and(one.bit12, one.defined);
			if ((unblock->bit12 == REBLOCK_UNKNOWN || unblock->bit12 == one.bit12) &&
			    (unblock->defined == REBLOCK_UNKNOWN ||
			     unblock->defined == one.defined))
				rows |= rows_of_all(exit, &one, between, entry, injects);
		}
	}
	return rows;
}

/* What all of ROWS ask for. */
static enum reblock_must common_must(uint16_t rows)
{
	enum reblock_must must = REBLOCK_MUST_UNKNOWN;
	unsigned row, lowest = 0;

	for (row = 1; row <= 12; row++) {
		if (!(rows >> row & 1))
			continue;
		if (!lowest) {
			lowest = row;
			must = reblock_row_must(row);
		} else if (PLANTED(34, reblock_row_must(row) != must, false)) {
			return REBLOCK_MUST_UNKNOWN;
		}
	}
	return must;
}

void reblock_rules(const struct reblock_record *exit, const struct reblock_unblock *unblock,
		   unsigned between, const struct reblock_record *entry,
		   struct reblock_verdict *out)
{
	enum reblock_injects injects = reblock_injects(entry);
	unsigned row = 1;

	/* Each is one or the other, and then rows 6, 10 and 11 leave no other open. */
	if (unblock->bit12 == REBLOCK_UNKNOWN || unblock->defined == REBLOCK_UNKNOWN)
		out->rows = rows_of_each(exit, unblock, between, entry, injects);
	else
		out->rows = rows_of_all(exit, unblock, between, entry, injects);
	while (!(out->rows >> row & 1))
		row++;
	out->row = out->rows == 1u << row ? (uint8_t)row : 0;
	out->must = (uint8_t)common_must(out->rows);
}

enum reblock_tri reblock_entry_reinjects_blocked(const struct reblock_record *entry)
{
	return reblock_and(injects_nmi(reblock_injects(entry)),
			   reblock_and(PLANTED(35, reblock_virtual_nmis(entry), REBLOCK_YES),
				       reblock_blocking(entry)));
}

enum reblock_tri reblock_entry_reserved_bits(const struct reblock_record *entry)
{
	uint32_t reserved = entry->intr_info &
			    PLANTED(36, REBLOCK_ENTRY_INTR_RESERVED,
				    REBLOCK_ENTRY_INTR_RESERVED & ~REBLOCK_NMI_UNBLOCKING);

	if (!reblock_has(entry, REBLOCK_HAS_INTR_INFO))
		return REBLOCK_UNKNOWN;
	if (!(entry->intr_info & REBLOCK_INTR_VALID))
		return REBLOCK_NO;
	if (reserved == REBLOCK_ENTRY_INTR_NESTED)
		return REBLOCK_UNKNOWN;
	return reblock_tri_of(reserved != 0);
}

const char *reblock_row_text(unsigned row)
{
	static const char *const texts[13] = {
		"fields that were not seen leave open which rule applies",
		"the entry failed: the exit's other fields mean nothing",
		"something between exit and entry may have set blocking: nothing is required that could be checked",
		"an NMI was delivered through a task gate: its task runs with NMIs blocked, so blocking must be 1",
		"the interrupted NMI is injected again: blocking must be 0, else the entry fails",
		"an NMI's delivery was interrupted and that NMI is not injected now: no requirement",
		"the IRET has unblocked NMIs but will run again: blocking must be 1",
		"the fault is reflected to the guest, which has unblocked NMIs as on bare metal: blocking must be 0",
		"another exception is injected: no requirement",
		"the IRET has unblocked NMIs but has not completed: blocking had to be 1, and an NMI is injected into its unfinished handler",
		"bit 12 is undefined here and says nothing: blocking must not change",
		"no IRET unblocked anything: blocking must not change",
		"the guest resumes elsewhere, or with an event that leaves it open: no requirement"
	};

	return row <= 12 ? texts[row] : texts[0];
}
