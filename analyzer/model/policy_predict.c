/* SPDX-License-Identifier: BSD-2-Clause */
/* Judges what a policy left in the VMCS at the entry, by the rules. */
#include "model/policy_replay.h"
#include "planted.h"

#define OTHER_BITS \
	(REBLOCK_BLOCKING_STI | REBLOCK_BLOCKING_MOV_SS | REBLOCK_BLOCKING_SMI | \
	 REBLOCK_ENCLAVE_INTERRUPTION)

static bool after(const struct reblock_alternative *a)
{
	return a->vmcs.interruptibility & REBLOCK_BLOCKING_NMI;
}

/* The policy said that this does not happen, or it read what is not there. */
static bool in_doubt(const struct reblock_alternative *a)
{
	return PLANTED(38, a->answers & (REBLOCK_POLICY_NEVER | REBLOCK_POLICY_UNKNOWN), false) ||
	       a->vmcs.refused;
}

/* Setting blocking lost other bits of the field, though the guest resumes as it was. */
static bool clobbered(const struct reblock_policy_replay *replay,
		      const struct reblock_alternative *a, const struct reblock_record *entry)
{
	return reblock_has(&replay->exit, REBLOCK_HAS_INTERRUPTIBILITY) && !a->before && after(a) &&
	       reblock_injects(entry) == REBLOCK_INJECTS_NOTHING &&
	       (replay->exit.interruptibility & ~a->vmcs.interruptibility & OTHER_BITS);
}

/* Rows 10 and 11: blocking must not change. */
static unsigned changed(const struct reblock_alternative *a, const struct reblock_record *entry,
			unsigned row)
{
	if (!a->before && after(a) && row == 10)
		return REBLOCK_MISTAKE_UNDEFINED_BIT;
	/* Clearing it before an NMI is harmless: the delivery of that NMI blocks. */
	if (a->before && !after(a) &&
	    PLANTED(37, reblock_injects(entry) != REBLOCK_INJECTS_NMI, true))
		return REBLOCK_MISTAKE_LOST;
	return 0;
}

static unsigned mistakes_in_row(const struct reblock_policy_replay *replay,
				const struct reblock_alternative *a,
				const struct reblock_record *entry, unsigned row)
{
	unsigned mistakes = 0;

	switch (row) {
	case 3:
		return after(a) ? 0 : REBLOCK_MISTAKE_MISSED;
	case 4:
		return after(a) ? REBLOCK_MISTAKE_REINJECT_BLOCKED : 0;
	case 6:
		if (!after(a))
			mistakes |= REBLOCK_MISTAKE_MISSED;
		if (a->answers & REBLOCK_POLICY_NOT_SERVICED)
			mistakes |= REBLOCK_MISTAKE_LIVELOCK;
		break;
	case 7:
		return after(a) ? REBLOCK_MISTAKE_OVER_BLOCK : 0;
	case 9:
		/* With blocking 1 it would not have injected that NMI. */
		return after(a) ? 0 : REBLOCK_MISTAKE_MISSED;
	case 10:
	case 11:
		mistakes |= changed(a, entry, row);
		break;
	default:
		return 0;
	}
	if (clobbered(replay, a, entry))
		mistakes |= REBLOCK_MISTAKE_CLOBBERED;
	return mistakes;
}

/* Where absent fields leave several rows open, what is wrong in each of them. */
static unsigned mistakes_of(const struct reblock_policy_replay *replay,
			    const struct reblock_alternative *a, const struct reblock_record *entry,
			    unsigned rows)
{
	unsigned mistakes = ~0u;
	unsigned row;

	for (row = 1; row <= 12; row++)
		if (rows & 1u << row)
			mistakes &= mistakes_in_row(replay, a, entry, row);
	return rows ? mistakes : 0;
}

/* Rule 1.6; bit 13 alone may be a nested exception. */
static bool reserved_bits(const struct reblock_alternative *a)
{
	uint32_t reserved = a->vmcs.entry_intr_info & REBLOCK_ENTRY_INTR_RESERVED;

	return (a->vmcs.entry_intr_info & REBLOCK_INTR_VALID) && reserved &&
	       reserved != REBLOCK_ENTRY_INTR_NESTED;
}

/* "Not masked" was the answer where blocking must be 1; operations after it cannot have made it right. */
static bool stale_mask(const struct reblock_policy_replay *replay,
		       const struct reblock_record *entry)
{
	struct reblock_verdict verdict;
	unsigned i;

	if (!replay->asked || reblock_virtual_nmis(&replay->exit) != REBLOCK_YES)
		return false;
	reblock_rules(&replay->exit, &replay->unblock, replay->asked_between, entry, &verdict);
	if (verdict.rows & ~(1u << 6 | 1u << 9))
		return false;
	for (i = 0; i < replay->n; i++)
		if (!replay->alternatives[i].unmasked || in_doubt(&replay->alternatives[i]))
			return false;
	return true;
}

void replay_predict(const struct reblock_policy_replay *replay, const struct reblock_record *entry,
		    unsigned between, bool known_event, struct reblock_prediction *out)
{
	const struct reblock_alternative *first = &replay->alternatives[0];
	unsigned mistakes = ~0u;
	bool reserved = known_event;
	bool agree = true;
	unsigned i;

	reblock_rules(&replay->exit, &replay->unblock, between, entry, &out->verdict);
	for (i = 0; i < replay->n; i++) {
		const struct reblock_alternative *a = &replay->alternatives[i];

		if (in_doubt(a))
			return;
		mistakes &= mistakes_of(replay, a, entry, out->verdict.rows);
		reserved = reserved && reserved_bits(a);
		agree = agree && after(a) == after(first);
	}
	if (stale_mask(replay, entry))
		mistakes |= REBLOCK_MISTAKE_STALE_MASK;
	/* An operation in between leaves open what is injected with which consequence. */
	if (reserved && out->verdict.row != 0 && out->verdict.row != 2)
		mistakes |= REBLOCK_MISTAKE_RESERVED_BIT;
	out->answered = true;
	out->mistakes = (uint16_t)mistakes;
	out->blocking = after(first);
	out->certain = agree && out->verdict.must != REBLOCK_MUST_UNKNOWN;
}
