/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the SDM asks of a VMM between an exit and the next entry: whether
 * "blocking by NMI" must be 1, must be 0, or must not change.
 *
 * Pure functions. The numbered rows are those of docs/rules.md, section 2; the first
 * row that matches decides.
 */
#ifndef REBLOCK_RULES_H
#define REBLOCK_RULES_H

#include <reblock/processor.h>

/* What is known to lie, or cannot be excluded, between an exit and the entry. */
enum reblock_between {
	REBLOCK_BETWEEN_MASK_WRITE = 1 << 0,   /* the hypervisor set its NMI mask */
	REBLOCK_BETWEEN_EVENTS_WRITE = 1 << 1, /* user space set the vCPU's events */
	/* an exit to user space, whose events writes the source does not record */
	REBLOCK_BETWEEN_USER_SPACE = 1 << 2,
	/* the source does not record exits to user space: none can be excluded */
	REBLOCK_BETWEEN_UNRECORDED = 1 << 3,
	/* a nested exit or entry: exit and entry use different VMCSs */
	REBLOCK_BETWEEN_OTHER_VMCS = 1 << 4,
	REBLOCK_BETWEEN_L2_UNKNOWN = 1 << 5 /* whether they do is not known */
};

/* What the entry injects. */
enum reblock_injects {
	REBLOCK_INJECTS_NOTHING,
	REBLOCK_INJECTS_EXTERNAL_INTERRUPT,
	REBLOCK_INJECTS_NMI,
	REBLOCK_INJECTS_HARD_EXCEPTION,
	REBLOCK_INJECTS_SOFT_EXCEPTION, /* #BP, #OF, INT1 */
	REBLOCK_INJECTS_OTHER,          /* a software interrupt, MTF */
	REBLOCK_INJECTS_NO_NMI,         /* not an NMI; whether anything at all is not known */
	REBLOCK_INJECTS_NOTHING_OR_NMI, /* one of the two; which is not known */
	REBLOCK_INJECTS_UNKNOWN
};

/* What blocking has to be at the entry. */
enum reblock_must {
	REBLOCK_MUST_UNKNOWN, /* no finding may rest on this pair */
	REBLOCK_MUST_BE_0,
	REBLOCK_MUST_BE_1,
	REBLOCK_MUST_NOT_CHANGE
};

struct reblock_verdict {
	uint8_t row; /* 1 to 12; 0: absent fields leave more than one row open */
	uint8_t must; /* enum reblock_must: what all possible rows ask for, else REBLOCK_MUST_UNKNOWN */
	uint16_t rows; /* bit n: row n is possible */
};

/*
 * Judges an exit and the entry that follows it on the same vCPU. BETWEEN is a set of
 * enum reblock_between. UNBLOCK is what reblock_unblock_of said of EXIT.
 * *OUT is filled whole. Never fails.
 *
 * Sound for absent fields: if a row is given, every value that the absent fields
 * could have had gives that row.
 */
void reblock_rules(const struct reblock_record *exit, const struct reblock_unblock *unblock,
		   unsigned between, const struct reblock_record *entry,
		   struct reblock_verdict *out);

/*
 * What an entry record injects: from VM-entry interruption information, else from nmi_injected and
 * no_other_injection. Witnesses that contradict each other give REBLOCK_INJECTS_UNKNOWN.
 */
enum reblock_injects reblock_injects(const struct reblock_record *entry);

/*
 * Whether the entry resumes at the RIP of the exit: from rip_same where it is present,
 * else by comparing both RIPs.
 */
enum reblock_tri reblock_rip_same(const struct reblock_record *exit,
				  const struct reblock_record *entry);

/* Returns what a row asks for; REBLOCK_MUST_UNKNOWN for row 0. */
enum reblock_must reblock_row_must(unsigned row);

/* Returns one plain sentence on what a row asks and why; ROW 0 to 12. */
const char *reblock_row_text(unsigned row);

/*
 * The rules of a single entry, which need no exit. Each returns YES for a violation, NO
 * for none, UNKNOWN where a field is absent.
 *
 * reblock_entry_reinjects_blocked: injects an NMI with "virtual NMIs" 1 while blocking
 * is 1; the entry fails (SDM "Checks on Guest Non-Register State"; rule 1.8).
 * reblock_entry_reserved_bits: valid interruption information with reserved bits set
 * (SDM "VM-Entry Controls for Event Injection"; rule 1.6). Bit 13 alone is UNKNOWN: it
 * is reserved only without FRED.
 */
enum reblock_tri reblock_entry_reinjects_blocked(const struct reblock_record *entry);
enum reblock_tri reblock_entry_reserved_bits(const struct reblock_record *entry);

#endif
