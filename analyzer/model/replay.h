/* SPDX-License-Identifier: BSD-2-Clause */
/* What replay.c and prediction.c share. */
#ifndef MODEL_REPLAY_H
#define MODEL_REPLAY_H

#include <reblock/replay.h>

/*
 * Judges all alternatives at ENTRY, which has the policy's controls; KNOWN_EVENT: what it
 * injects is known.
 */
void replay_predict(const struct reblock_replay *replay, const struct reblock_record *entry,
		    unsigned between, bool known_event, struct reblock_prediction *out);

#endif
