/* SPDX-License-Identifier: BSD-2-Clause */
/* What an entry of the trace injects, given to the policy. */
#include "model/policy_replay.h"

#define INTR_EVENT (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE | REBLOCK_INTR_VECTOR)
#define NMI_EVENT (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI | REBLOCK_VECTOR_NMI)

/* Which of enum reblock_policy_event the injection of EVENT is, as rows 7 and 10 see it. */
static uint32_t how_of(const struct reblock_policy_replay *replay, uint32_t event)
{
	const struct reblock_record *exit = &replay->exit;

	if (exit->idt_vectoring & REBLOCK_INTR_VALID &&
	    ((exit->idt_vectoring & INTR_EVENT) == (event & INTR_EVENT) ||
	     (event == NMI_EVENT && reblock_idtv_is_nmi(exit) == REBLOCK_YES)))
		return REBLOCK_POLICY_AGAIN;
	if (replay->unblock.field == REBLOCK_BIT12_IN_INTR_INFO &&
	    (exit->intr_info & INTR_EVENT) == (event & INTR_EVENT))
		return REBLOCK_POLICY_REFLECT;
	return REBLOCK_POLICY_NEW;
}

static void run_inject(const struct reblock_policy_replay *replay, struct reblock_alternative *a,
		       uint32_t event)
{
	if (replay->policy->inject)
		a->answers |=
			replay->policy->inject(a->state, &a->vmcs, event, how_of(replay, event));
	else
		a->vmcs.entry_intr_info = event;
	if (event == NMI_EVENT)
		a->open = 0;
}

/*
 * Whether NMIs stay closed until one is injected, and are open at this entry. Without virtual NMIs the
 * processor's own NMIs may come in between.
 */
static void note_open(struct reblock_policy_replay *replay)
{
	unsigned i;

	for (i = 0; i < replay->n; i++)
		replay->alternatives[i].open =
			reblock_virtual_nmis(&replay->exit) == REBLOCK_YES &&
			!(replay->alternatives[i].vmcs.interruptibility & REBLOCK_BLOCKING_NMI);
}

bool replay_inject(struct reblock_policy_replay *replay, const struct reblock_record *entry)
{
	static const uint32_t types[] = {
		REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_EXTERNAL | 0x31,
		REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_HARD_EXCEPTION | 0x6,
		REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_SOFT_EXCEPTION | 0x3, NMI_EVENT
	};
	enum reblock_injects injects = reblock_injects(entry);
	unsigned n = replay->n;
	unsigned first = injects == REBLOCK_INJECTS_NOTHING_OR_NMI ? 3 : 0;
	unsigned end = injects == REBLOCK_INJECTS_NO_NMI ? 3 : 4;
	unsigned i;
	unsigned k;

	note_open(replay);
	switch (injects) {
	case REBLOCK_INJECTS_NOTHING:
		return true;
	case REBLOCK_INJECTS_NMI:
		for (i = 0; i < n; i++) {
			/* With blocking 1 it would have waited with a new NMI: row 9. */
			if (how_of(replay, NMI_EVENT) == REBLOCK_POLICY_NEW &&
			    (replay->alternatives[i].vmcs.interruptibility &
			     REBLOCK_BLOCKING_NMI) &&
			    !replay_fork(replay, i))
				return false;
			run_inject(replay, &replay->alternatives[i], NMI_EVENT);
		}
		return true;
	case REBLOCK_INJECTS_UNKNOWN:
	case REBLOCK_INJECTS_NO_NMI:
	case REBLOCK_INJECTS_NOTHING_OR_NMI:
		for (i = 0; i < n; i++) {
			for (k = first; k < end; k++) {
				struct reblock_alternative *other = replay_fork(replay, i);

				if (!other)
					return false;
				run_inject(replay, other, types[k]);
			}
		}
		return false;
	default:
		for (i = 0; i < n; i++)
			run_inject(replay, &replay->alternatives[i],
				   entry->intr_info & (INTR_EVENT | 0x800));
		return true;
	}
}
