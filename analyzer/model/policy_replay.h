/* SPDX-License-Identifier: BSD-2-Clause */
/* What policy_replay.c, policy_inject.c and policy_predict.c share. */
#ifndef MODEL_POLICY_REPLAY_H
#define MODEL_POLICY_REPLAY_H

#include <reblock/policy_replay.h>

/* One more alternative, a copy of number FROM. Returns NULL when there is no room: all is forgotten. */
struct reblock_alternative *replay_fork(struct reblock_policy_replay *replay, unsigned from);

/*
 * Injects in all alternatives what ENTRY injects, and returns whether that is known. Where it is not, one event of
 * each type that it could be stands for it; those alternatives only show which private states are possible.
 * Where there is no room for them, all is forgotten.
 */
bool replay_inject(struct reblock_policy_replay *replay, const struct reblock_record *entry);

/*
 * Judges all alternatives at ENTRY, which has the policy's controls; KNOWN_EVENT: what it
 * injects is known.
 */
void replay_predict(const struct reblock_policy_replay *replay, const struct reblock_record *entry,
		    unsigned between, bool known_event, struct reblock_prediction *out);

#endif
