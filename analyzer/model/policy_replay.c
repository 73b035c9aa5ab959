/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a policy over the exits and entries of one vCPU, in all alternatives. */
#include <string.h>
#include "model/policy_replay.h"
#include "planted.h"

#define CONTROLS (REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS)

static unsigned initial_states(const struct reblock_policy *policy)
{
	return policy->initial_states ? policy->initial_states : 1;
}

/* Makes A an alternative of which nothing is known but that it began as initial state WHICH. */
static void initial(const struct reblock_policy *policy, struct reblock_alternative *a,
		    unsigned which)
{
	memset(a, 0, sizeof(*a));
	if (policy->reset)
		policy->reset(a->state, which);
}

void reblock_policy_replay_forget(struct reblock_policy_replay *replay)
{
	unsigned i;

	replay->exited = false;
	replay->asked = false;
	replay->n = initial_states(replay->policy);
	for (i = 0; i < replay->n; i++)
		initial(replay->policy, &replay->alternatives[i], i);
}

void reblock_policy_replay_begin(struct reblock_policy_replay *replay,
				 const struct reblock_policy *policy)
{
	memset(replay, 0, sizeof(*replay));
	replay->policy = policy;
	reblock_policy_replay_forget(replay);
}

struct reblock_alternative *replay_fork(struct reblock_policy_replay *replay, unsigned from)
{
	struct reblock_alternative *copy = &replay->alternatives[replay->n];

	if (replay->n == REBLOCK_POLICY_ALTERNATIVES) {
		reblock_policy_replay_forget(replay);
		return NULL;
	}
	*copy = replay->alternatives[from];
	replay->n++;
	return copy;
}

/* What the alternatives did at this exit is past: drops those that go on from here like another. */
static void merge(struct reblock_policy_replay *replay)
{
	uint32_t size = replay->policy->state_size;
	unsigned kept = 0;
	unsigned i;
	unsigned k;

	for (i = 0; i < replay->n; i++) {
		for (k = 0; k < kept; k++)
			if (replay->alternatives[k].open == replay->alternatives[i].open &&
			    memcmp(replay->alternatives[k].state, replay->alternatives[i].state,
				   size) == 0)
				break;
		if (k < kept)
			continue;
		if (kept != i)
			replay->alternatives[kept] = replay->alternatives[i];
		kept++;
	}
	replay->n = kept;
}

static uint16_t pin_of(const struct reblock_policy *policy, uint16_t pin)
{
	return (uint16_t)((pin | (policy->pin_on & CONTROLS)) & ~(policy->pin_off & CONTROLS));
}

/* Bit 12 can mean something under these controls (the first condition of rule 1.4). */
static bool can_be_defined(uint16_t pin)
{
	return !(pin & REBLOCK_PIN_NMI_EXITING) || (pin & REBLOCK_PIN_VIRTUAL_NMIS);
}

/* The fields that struct reblock_vmcs promises. */
static unsigned needed(const struct reblock_record *exit)
{
	unsigned fields = REBLOCK_HAS_REASON | REBLOCK_HAS_IDT_VECTORING | REBLOCK_HAS_PIN;

	switch (exit->reason & REBLOCK_REASON_BASIC) {
	case REBLOCK_REASON_EXCEPTION_NMI:
		return fields | REBLOCK_HAS_INTR_INFO;
	case REBLOCK_REASON_TASK_SWITCH:
	case REBLOCK_REASON_EPT_VIOLATION:
	case REBLOCK_REASON_PML_FULL:
	case REBLOCK_REASON_SPP:
	case REBLOCK_REASON_NOTIFY:
		return fields | REBLOCK_HAS_QUALIFICATION;
	default:
		return fields;
	}
}

static struct reblock_vmcs vmcs_of(const struct reblock_record *exit)
{
	struct reblock_vmcs vmcs = { .reason = exit->reason,
				     .qualification = exit->qualification,
				     .rip = exit->rip,
				     .intr_info = exit->intr_info,
				     .error_code = exit->error_code,
				     .idt_vectoring = exit->idt_vectoring,
				     .interruptibility = exit->interruptibility,
				     .pin = exit->pin,
				     .exec = exit->exec };
	unsigned basic = exit->reason & REBLOCK_REASON_BASIC;

	/* The processor leaves its valid bit 0 at exits that are not due to an event. */
	if (reblock_has(exit, REBLOCK_HAS_INTR_INFO) ||
	    (basic != REBLOCK_REASON_EXCEPTION_NMI && basic != REBLOCK_REASON_EXTERNAL_INTERRUPT))
		vmcs.known |= REBLOCK_VMCS_INTR_INFO;
	if (reblock_has(exit, REBLOCK_HAS_ERROR_CODE))
		vmcs.known |= REBLOCK_VMCS_ERROR_CODE;
	if (reblock_has(exit, REBLOCK_HAS_QUALIFICATION))
		vmcs.known |= REBLOCK_VMCS_QUALIFICATION;
	if (reblock_has(exit, REBLOCK_HAS_RIP))
		vmcs.known |= REBLOCK_VMCS_RIP;
	if (reblock_has(exit, REBLOCK_HAS_EXEC))
		vmcs.known |= REBLOCK_VMCS_EXEC;
	if (reblock_has(exit, REBLOCK_HAS_INTERRUPTIBILITY))
		vmcs.known |= REBLOCK_VMCS_INTERRUPTIBILITY;
	return vmcs;
}

/*
 * Blocking by NMI as the exit saved it. What the processor must have saved comes first: a recorder may
 * have read the field after its hypervisor had put it right.
 */
static enum reblock_tri blocking_at(const struct reblock_record *exit,
				    const struct reblock_unblock *unblock)
{
	if (unblock->unblocked == REBLOCK_YES)
		return REBLOCK_NO; /* rule 1.2 */
	if (PLANTED(39, reblock_idtv_is_nmi(exit) == REBLOCK_YES, false))
		return REBLOCK_YES; /* rule 1.9 */
	if ((exit->reason & REBLOCK_REASON_BASIC) == REBLOCK_REASON_NMI_WINDOW)
		return REBLOCK_NO; /* rule 1.10 */
	return reblock_blocking(exit);
}

static void run_exit(struct reblock_policy_replay *replay, struct reblock_alternative *a,
		     bool before)
{
	const struct reblock_policy *policy = replay->policy;

	a->vmcs = vmcs_of(&replay->exit);
	a->vmcs.interruptibility &= ~REBLOCK_BLOCKING_NMI;
	if (before)
		a->vmcs.interruptibility |= REBLOCK_BLOCKING_NMI;
	a->before = before;
	a->unmasked = 0;
	a->answers = policy->exit(a->state, &a->vmcs);
	if (policy->handle)
		a->answers |= policy->handle(a->state, &a->vmcs);
}

/* Adds A, run for the exit with blocking BEFORE; false when there is no room. */
static bool add(struct reblock_policy_replay *replay, const struct reblock_alternative *a,
		bool before)
{
	struct reblock_alternative *copy = &replay->alternatives[replay->n];

	if (replay->n == REBLOCK_POLICY_ALTERNATIVES)
		return false;
	*copy = *a;
	replay->n++;
	run_exit(replay, copy, before);
	return true;
}

/*
 * Runs each of the alternatives OLD with blocking BEFORE. One that had left NMIs open cannot have met them
 * blocked: there the trace's guest is elsewhere than this policy would have left it, and any state is possible.
 */
static bool run_all(struct reblock_policy_replay *replay, const struct reblock_alternative *old,
		    unsigned n, bool before, bool were_blocked)
{
	struct reblock_alternative any;
	bool elsewhere = false;
	unsigned i;

	for (i = 0; i < n; i++) {
		if (PLANTED(40, were_blocked && old[i].open, false))
			elsewhere = true;
		else if (!add(replay, &old[i], before))
			return false;
	}
	for (i = 0; elsewhere && i < initial_states(replay->policy); i++) {
		initial(replay->policy, &any, i);
		if (!add(replay, &any, before))
			return false;
	}
	return true;
}

/* The exit means the same under the trace's controls and under the policy's. */
static bool comparable(uint16_t theirs, uint16_t ours)
{
	return !((theirs ^ ours) & CONTROLS) || can_be_defined(theirs) == can_be_defined(ours);
}

void reblock_policy_replay_exit(struct reblock_policy_replay *replay,
				const struct reblock_record *exit)
{
	struct reblock_alternative old[REBLOCK_POLICY_ALTERNATIVES];
	uint16_t pin = pin_of(replay->policy, exit->pin);
	bool usable = reblock_has(exit, needed(exit)) &&
		      !(exit->reason & REBLOCK_REASON_FAILED_ENTRY) && comparable(exit->pin, pin);
	enum reblock_tri before;
	unsigned n;
	bool room;

	if (replay->exited || !usable) /* the entry in between is missing, or this says nothing */
		reblock_policy_replay_forget(replay);
	if (!usable)
		return;
	replay->exit = *exit;
	replay->exit.pin = pin;
	reblock_unblock_of(&replay->exit, &replay->unblock);
	before = blocking_at(&replay->exit, &replay->unblock);
	replay->asked = false;
	n = replay->n;
	memcpy(old, replay->alternatives, n * sizeof(old[0]));
	replay->n = 0;
	room = before == REBLOCK_YES ||
	       run_all(replay, old, n, false, replay->unblock.unblocked == REBLOCK_YES);
	room = room && (before == REBLOCK_NO || run_all(replay, old, n, true, true));
	replay->exited = room;
	if (!room)
		reblock_policy_replay_forget(replay);
}

static void set_mask(const struct reblock_policy_replay *replay, struct reblock_alternative *a,
		     bool masked)
{
	if (replay->policy->set_nmi_mask)
		replay->policy->set_nmi_mask(a->state, &a->vmcs, masked);
	else if (masked)
		a->vmcs.interruptibility |= REBLOCK_BLOCKING_NMI;
	else
		a->vmcs.interruptibility &= ~REBLOCK_BLOCKING_NMI;
}

void reblock_policy_replay_mask_write(struct reblock_policy_replay *replay, enum reblock_tri masked)
{
	unsigned n = replay->n;
	unsigned i;

	if (!replay->exited || masked == REBLOCK_UNKNOWN) {
		reblock_policy_replay_forget(replay);
		return;
	}
	for (i = 0; i < n; i++) {
		struct reblock_alternative *other = replay_fork(replay, i);

		if (!other)
			return;
		set_mask(replay, other, masked == REBLOCK_YES);
		/* A mask that changes nothing is no other alternative. */
		if (memcmp(other->state, replay->alternatives[i].state,
			   replay->policy->state_size) == 0 &&
		    memcmp(&other->vmcs, &replay->alternatives[i].vmcs, sizeof(other->vmcs)) == 0)
			replay->n--;
	}
}

void reblock_policy_replay_events_write(struct reblock_policy_replay *replay,
					enum reblock_tri masked)
{
	unsigned i;

	if (!replay->exited || masked == REBLOCK_UNKNOWN) {
		reblock_policy_replay_forget(replay);
		return;
	}
	for (i = 0; i < replay->n; i++)
		set_mask(replay, &replay->alternatives[i], masked == REBLOCK_YES);
}

void reblock_policy_replay_mask_read(struct reblock_policy_replay *replay, unsigned between)
{
	unsigned i;

	if (!replay->exited || !replay->policy->get_nmi_mask)
		return;
	for (i = 0; i < replay->n; i++) {
		struct reblock_alternative *a = &replay->alternatives[i];
		int masked = replay->policy->get_nmi_mask(a->state, &a->vmcs);

		if (!replay->asked)
			a->unmasked = masked == 0;
	}
	if (!replay->asked)
		replay->asked_between = between;
	replay->asked = true;
}

/* The entry with the policy's controls; where its own are absent, those that the policy fixes. */
static struct reblock_record entry_of(const struct reblock_policy_replay *replay,
				      const struct reblock_record *entry)
{
	const struct reblock_policy *policy = replay->policy;
	struct reblock_record copy = *entry;
	bool fixed = ((policy->pin_on | policy->pin_off) & CONTROLS) == CONTROLS;

	if (reblock_has(entry, REBLOCK_HAS_PIN) || fixed) {
		copy.pin = pin_of(policy, entry->pin);
		copy.presence |= REBLOCK_HAS_PIN;
	}
	return copy;
}

void reblock_policy_replay_entry(struct reblock_policy_replay *replay,
				 const struct reblock_record *entry, unsigned between,
				 struct reblock_prediction *out)
{
	static const struct reblock_prediction nothing;
	struct reblock_record mine = entry_of(replay, entry);
	bool known_event;
	unsigned i;

	*out = nothing;
	if (!replay->exited) {
		reblock_policy_replay_forget(replay);
		return;
	}
	/* Somebody may have changed what this vCPU's hypervisor knows, or it is another VMCS. */
	if (PLANTED(41,
		    between &
			    ~(unsigned)(REBLOCK_BETWEEN_MASK_WRITE | REBLOCK_BETWEEN_EVENTS_WRITE),
		    false)) {
		reblock_policy_replay_forget(replay);
		return;
	}
	known_event = replay_inject(replay, &mine);
	if (!replay->exited) /* too many alternatives */
		return;
	for (i = 0; replay->policy->enter && i < replay->n; i++)
		replay->policy->enter(replay->alternatives[i].state, &replay->alternatives[i].vmcs);
	replay_predict(replay, &mine, between, known_event, out);
	replay->exited = false;
	merge(replay);
}
