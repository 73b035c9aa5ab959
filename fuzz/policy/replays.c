/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include <reblock/policy_replay.h>
#include "policy/replays.h"

struct replays {
	/* As recorded; without what need not be seen; begun anew where nothing can be known. */
	struct reblock_policy_replay whole, hidden, anew;
	bool has_anew;
	unsigned between;
};

static bool same(const struct reblock_prediction *a, const struct reblock_prediction *b)
{
	return a->answered == b->answered && a->certain == b->certain &&
	       a->mistakes == b->mistakes && (!a->certain || a->blocking == b->blocking);
}

static bool all_open(const struct reblock_policy_replay *replay)
{
	for (unsigned i = 0; i < replay->n; i++)
		if (!replay->alternatives[i].open)
			return false;
	return true;
}

/* Blocking is in effect while an NMI is being delivered (rule 1.9). */
static bool shows_blocking(const struct reblock_record *exit)
{
	struct reblock_unblock unblock;

	reblock_unblock_of(exit, &unblock);
	return unblock.unblocked != REBLOCK_YES && reblock_idtv_is_nmi(exit) == REBLOCK_YES;
}

/* The guest had NMIs blocked when it came to this exit. */
static bool were_blocked(const struct reblock_policy_replay *replay)
{
	const struct reblock_record *exit = &replay->exit;

	return replay->unblock.unblocked == REBLOCK_YES ||
	       (reblock_blocking(exit) == REBLOCK_YES &&
		(exit->reason & REBLOCK_REASON_BASIC) != REBLOCK_REASON_NMI_WINDOW);
}

static void step_exit(struct replays *r, const struct reblock_policy *policy,
		      const struct reblock_record *exit)
{
	bool open = !r->whole.exited && all_open(&r->whole);
	struct reblock_record less = *exit;

	r->between = 0;
	if (shows_blocking(exit)) {
		less.presence &= (uint16_t)~REBLOCK_HAS_INTERRUPTIBILITY;
		less.interruptibility = 0;
	}
	reblock_policy_replay_exit(&r->whole, exit);
	if (open && r->whole.exited && were_blocked(&r->whole)) {
		reblock_policy_replay_begin(&r->anew, policy);
		r->has_anew = true;
	}
	reblock_policy_replay_exit(&r->hidden, &less);
	if (r->has_anew)
		reblock_policy_replay_exit(&r->anew, exit);
}

static const char *step_entry(struct replays *r, const struct reblock_policy *policy,
			      const struct reblock_record *entry, bool other)
{
	struct reblock_prediction p, hidden, anew = { 0 };

	if (other)
		r->between |= REBLOCK_BETWEEN_OTHER_VMCS;
	reblock_policy_replay_entry(&r->whole, entry, r->between, &p);
	reblock_policy_replay_entry(&r->hidden, entry, r->between, &hidden);
	if (r->has_anew)
		reblock_policy_replay_entry(&r->anew, entry, r->between, &anew);
	/* What else the field holds may be missed. */
	p.mistakes &= (uint16_t)~REBLOCK_MISTAKE_CLOBBERED;
	hidden.mistakes &= (uint16_t)~REBLOCK_MISTAKE_CLOBBERED;
	anew.mistakes &= (uint16_t)~REBLOCK_MISTAKE_CLOBBERED;
	if (!same(&p, &hidden))
		return "blocking during the delivery of an NMI is not known without being seen";
	if (r->has_anew && !same(&p, &anew))
		return "something is kept over what cannot have been, or over another VMCS";
	if (!other)
		return NULL;
	reblock_policy_replay_begin(&r->anew, policy);
	r->has_anew = true;
	return p.answered ? "something is predicted of an entry to another VMCS" : NULL;
}

static void step_operation(struct reblock_policy_replay *replay, const struct reblock_record *r,
			   unsigned between)
{
	enum reblock_tri masked = reblock_tri_of(reblock_flag(r, REBLOCK_MASKED));

	if (r->kind == REBLOCK_MASK_READ)
		reblock_policy_replay_mask_read(replay, between);
	else if (r->kind == REBLOCK_EVENTS_WRITE)
		reblock_policy_replay_events_write(replay, masked);
	else
		reblock_policy_replay_mask_write(replay, masked);
}

static void step_operations(struct replays *r, const struct reblock_record *record)
{
	step_operation(&r->whole, record, r->between);
	step_operation(&r->hidden, record, r->between);
	if (r->has_anew)
		step_operation(&r->anew, record, r->between);
	if (record->kind == REBLOCK_EVENTS_WRITE)
		r->between |= REBLOCK_BETWEEN_EVENTS_WRITE;
	if (record->kind == REBLOCK_MASK_WRITE)
		r->between |= REBLOCK_BETWEEN_MASK_WRITE;
}

const char *policy_replays(const struct run *run, const struct reblock_policy *policy, size_t *at)
{
	static struct replays r;
	const char *wrong;

	r.has_anew = false;
	reblock_policy_replay_begin(&r.whole, policy);
	reblock_policy_replay_begin(&r.hidden, policy);
	for (*at = 0; *at < run->n; ++*at) {
		const struct reblock_record *record = &run->whole[*at];

		switch (record->kind) {
		case REBLOCK_EXIT:
			step_exit(&r, policy, record);
			break;
		case REBLOCK_MASK_READ:
		case REBLOCK_EVENTS_WRITE:
		case REBLOCK_MASK_WRITE:
			step_operations(&r, record);
			break;
		case REBLOCK_ENTRY:
			/* The entry of one turn is taken for one to another VMCS. */
			wrong = step_entry(&r, policy, record,
					   run->cell[*at] == run->left[0] % RUN_CELLS_MOST &&
						   run->left[0]);
			if (wrong)
				return wrong;
			break;
		default:
			break;
		}
	}
	return NULL;
}
