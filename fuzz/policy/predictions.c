/* SPDX-License-Identifier: BSD-2-Clause */
#include <reblock/policy_replay.h>
#include "fuzz.h"
#include "policy/predictions.h"

/* A mistake, and what is true of the entry if it was made. */
static const struct {
	uint16_t mistake;
	enum reblock_finding_kind kind;
	uint32_t truth;
	const char *wrong;
} mistakes[] = {
	{ REBLOCK_MISTAKE_MISSED, REBLOCK_MISSED_REBLOCK, SIM_MISSED | SIM_TASK_OPEN,
	  "a missed re-block is predicted that did not happen" },
	{ REBLOCK_MISTAKE_OVER_BLOCK, REBLOCK_OVER_BLOCK, SIM_OVER_BLOCKED,
	  "an over-block is predicted that did not happen" },
	{ REBLOCK_MISTAKE_REINJECT_BLOCKED, REBLOCK_REINJECT_BLOCKED, SIM_REINJECTED,
	  "a blocked re-injection is predicted that did not happen" },
	{ REBLOCK_MISTAKE_UNDEFINED_BIT, REBLOCK_UNDEFINED_BIT, SIM_UNDEFINED,
	  "trust in an undefined bit is predicted that did not happen" },
	{ REBLOCK_MISTAKE_LOST, REBLOCK_BLOCKING_LOST, SIM_LOST,
	  "lost blocking is predicted that did not happen" },
	{ REBLOCK_MISTAKE_RESERVED_BIT, REBLOCK_RESERVED_BIT, SIM_RESERVED,
	  "reserved bits are predicted that were not set" },
	{ REBLOCK_MISTAKE_CLOBBERED, REBLOCK_FIELD_CLOBBERED, SIM_CLOBBERED,
	  "a clobbered field is predicted that was not" },
};

static const char *check_entry(const struct run *run, size_t i, const struct reblock_prediction *p,
			       bool told_0)
{
	const struct reblock_record *entry = &run->whole[i];

	if (!p->answered)
		return NULL;
	for (size_t k = 0; k < sizeof(mistakes) / sizeof(mistakes[0]); k++)
		if ((p->mistakes & mistakes[k].mistake) && !(run->truth[i] & mistakes[k].truth))
			return mistakes[k].wrong;
	if ((p->mistakes & REBLOCK_MISTAKE_STALE_MASK) && !told_0)
		return "a stale mask is predicted that was not told";
	if (p->certain && p->blocking != (reblock_blocking(entry) == REBLOCK_YES))
		return "blocking at the entry is predicted to be what it is not";
	return NULL;
}

const char *policy_predictions(const struct run *run, const struct reblock_policy *policy,
			       size_t *at)
{
	static struct reblock_policy_replay replay;
	struct reblock_prediction p;
	bool told_0 = false;
	unsigned between = 0;
	const char *wrong;

	reblock_policy_replay_begin(&replay, policy);
	for (size_t i = 0; i < run->n; i++) {
		const struct reblock_record *r = &run->whole[i];
		enum reblock_tri masked = reblock_tri_of(reblock_flag(r, REBLOCK_MASKED));

		switch (r->kind) {
		case REBLOCK_EXIT:
			between = 0;
			told_0 = false;
			reblock_policy_replay_exit(&replay, r);
			break;
		case REBLOCK_MASK_READ:
			told_0 |= masked == REBLOCK_NO;
			reblock_policy_replay_mask_read(&replay, between);
			break;
		case REBLOCK_EVENTS_WRITE:
			between |= REBLOCK_BETWEEN_EVENTS_WRITE;
			reblock_policy_replay_events_write(&replay, masked);
			break;
		case REBLOCK_MASK_WRITE:
			between |= REBLOCK_BETWEEN_MASK_WRITE;
			reblock_policy_replay_mask_write(&replay, masked);
			break;
		case REBLOCK_ENTRY:
			reblock_policy_replay_entry(&replay, r, between, &p);
			/*
			 * Another hypervisor has stood in, or goes on: from here on its state is not what the
			 * model's is. A real trace ends where its host does.
			 */
			*at = i;
			if (run->truth[i] & SIM_MOVED)
				return NULL;
			if (run->truth[i] & SIM_STOOD_IN)
				return p.answered ?
					       "something is predicted where the policy has no word" :
					       NULL;
			wrong = check_entry(run, i, &p, told_0);
			if (wrong)
				return wrong;
			break;
		default:
			break;
		}
	}
	return NULL;
}

struct audited {
	const struct run *run;
	size_t at;
	const char *wrong;
};

static int on_finding(void *context, const struct reblock_finding *finding)
{
	struct audited *audited = context;
	size_t entry = finding->records[finding->n_records - 1];

	if (finding->evidence != REBLOCK_PREDICTED || audited->wrong)
		return 0;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		if (finding->kind == mistakes[i].kind &&
		    !(audited->run->truth[entry] & mistakes[i].truth)) {
			audited->wrong = mistakes[i].wrong;
			audited->at = entry;
		}
	}
	return 0;
}

const char *policy_audited(const struct run *run, const struct reblock_policy *policy, size_t *at)
{
	struct audited audited = { .run = run };
	struct reblock_audit_options options = run->options;
	struct reblock_audit *audit;
	size_t n = 0;

	while (n < run->n && !(run->truth[n] & (SIM_STOOD_IN | SIM_MOVED)))
		n++;
	options.finding = on_finding;
	options.context = &audited;
	options.policy = policy;
	audit = reblock_audit_new(&run->source, &options);
	if (!audit || reblock_audit_feed(audit, 0, run->seen, n) || reblock_audit_finish(audit))
		fuzz_fail("out of memory");
	reblock_audit_free(audit);
	*at = audited.at;
	return audited.wrong;
}
