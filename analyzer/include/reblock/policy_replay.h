/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The replay: what a policy would have done at the exits of one vCPU.
 *
 * Where a field that the policy reads is unknown, or its private state is, the policy is run with each value
 * that it could have. Each such run is an alternative; a mistake counts only if all of them make it.
 *
 * An alternative that had left NMIs open, with "virtual NMIs" 1, and then meets them blocked though none was
 * injected has parted from the trace: its guest would not have come here. It goes on with all initial states.
 *
 * No memory is allocated: struct reblock_policy_replay holds all, and belongs to the caller.
 */
#ifndef REBLOCK_POLICY_REPLAY_H
#define REBLOCK_POLICY_REPLAY_H

#include <stdbool.h>
#include <reblock/policy.h>
#include <reblock/processor.h>
#include <reblock/rules.h>

/* What the policy would have got wrong: a set of these. */
enum reblock_mistake {
	REBLOCK_MISTAKE_MISSED = 1 << 0,           /* rows 3, 6, 9: blocking 0, had to be 1 */
	REBLOCK_MISTAKE_OVER_BLOCK = 1 << 1,       /* row 7: blocking 1, had to be 0 */
	REBLOCK_MISTAKE_REINJECT_BLOCKED = 1 << 2, /* row 4: likewise, and the entry fails */
	REBLOCK_MISTAKE_UNDEFINED_BIT = 1 << 3,    /* row 10: 0 became 1 */
	REBLOCK_MISTAKE_LOST = 1 << 4,             /* rows 10, 11: 1 became 0 */
	REBLOCK_MISTAKE_RESERVED_BIT = 1 << 5, /* rule 1.6: in VM-entry interruption information */
	REBLOCK_MISTAKE_CLOBBERED = 1 << 6,    /* other bits of interruptibility were lost */
	REBLOCK_MISTAKE_LIVELOCK = 1 << 7,     /* row 6: the exit was not serviced */
	REBLOCK_MISTAKE_STALE_MASK = 1 << 8 /* "not masked" reported where row 6 or 9 asks for 1 */
};
#define REBLOCK_MISTAKES 9

#define REBLOCK_POLICY_ALTERNATIVES 32

struct reblock_alternative {
	_Alignas(16) unsigned char state[REBLOCK_POLICY_STATE_MAX]; /* first: it is compared */
	struct reblock_vmcs vmcs;
	uint32_t answers; /* of this exit so far, enum reblock_policy_answer */
	uint8_t before;   /* blocking by NMI at the exit */
	uint8_t unmasked; /* the mask was asked for, and reported as 0 */
	/* NMIs were open when the guest was entered last, and nothing but an NMI can have closed them. */
	uint8_t open;
};

struct reblock_policy_replay {
	const struct reblock_policy *policy;
	struct reblock_record exit; /* with the policy's pin-based controls */
	struct reblock_unblock unblock;
	bool exited;            /* the policy was run for exit, and its entry is to come */
	bool asked;             /* the mask was asked for since */
	unsigned asked_between; /* enum reblock_between before that */
	unsigned n;
	struct reblock_alternative alternatives[REBLOCK_POLICY_ALTERNATIVES];
};

/* What follows for one exit and the entry after it. */
struct reblock_prediction {
	/*
	 * The policy was run, and says that such an exit and such an injection occur with it. Without it
	 * nothing else here means anything, but for the verdict.
	 */
	bool answered;
	/* ... and its alternatives agree on blocking at the entry, and the rules ask for something there. */
	bool certain;
	uint16_t mistakes;              /* enum reblock_mistake: every alternative makes these */
	uint8_t blocking;               /* at the entry, where certain */
	struct reblock_verdict verdict; /* with the policy's controls */
};

/* Begins a replay of POLICY, which must outlive it, with all initial states. */
void reblock_policy_replay_begin(struct reblock_policy_replay *replay,
				 const struct reblock_policy *policy);

/* Nothing is known any more, after a loss for example: back to all initial states. */
void reblock_policy_replay_forget(struct reblock_policy_replay *replay);

/*
 * An exit. Where a field is absent that the policy needs (reason, IDT-vectoring information, pin-based
 * controls, and what struct reblock_vmcs says), where the entry failed, or where bit 12 means something
 * under one of the trace's and the policy's controls only, the policy is not run and all is forgotten.
 */
void reblock_policy_replay_exit(struct reblock_policy_replay *replay,
				const struct reblock_record *exit);

/*
 * Between exit and entry: the trace's hypervisor wrote its mask. That may have been its own handling of
 * the exit, or an order from outside: both are followed up. MASKED may be unknown.
 */
void reblock_policy_replay_mask_write(struct reblock_policy_replay *replay,
				      enum reblock_tri masked);

/* Between exit and entry: user space set the vCPU's events, the mask with them. */
void reblock_policy_replay_events_write(struct reblock_policy_replay *replay,
					enum reblock_tri masked);

/* Between exit and entry, after the operations BETWEEN (enum reblock_between): the mask is asked for. */
void reblock_policy_replay_mask_read(struct reblock_policy_replay *replay, unsigned between);

/*
 * The entry. What it injects and where the guest resumes is taken from the record. BETWEEN is a set of
 * enum reblock_between. *OUT is filled whole.
 */
void reblock_policy_replay_entry(struct reblock_policy_replay *replay,
				 const struct reblock_record *entry, unsigned between,
				 struct reblock_prediction *out);

#endif
