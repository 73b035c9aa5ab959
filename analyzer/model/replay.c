/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs a policy over the exits and entries of one vCPU, in all alternatives. */
#include <string.h>
#include "model/replay.h"

#define CONTROLS (REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS)
#define INTR_EVENT (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE | REBLOCK_INTR_VECTOR)
#define NMI_EVENT (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI | REBLOCK_VECTOR_NMI)

void reblock_replay_forget(struct reblock_replay *replay)
{
	const struct reblock_policy *policy = replay->policy;
	unsigned i;

	replay->exited = false;
	replay->asked = false;
	replay->n = policy->initial_states ? policy->initial_states : 1;
	for (i = 0; i < replay->n; i++) {
		memset(&replay->alternatives[i], 0, sizeof(replay->alternatives[i]));
		if (policy->reset)
			policy->reset(replay->alternatives[i].state, i);
	}
}

void reblock_replay_begin(struct reblock_replay *replay, const struct reblock_policy *policy)
{
	memset(replay, 0, sizeof(*replay));
	replay->policy = policy;
	reblock_replay_forget(replay);
}

/* One more alternative, a copy of number FROM. Returns NULL when there is no room: all is forgotten. */
static struct reblock_alternative *fork_of(struct reblock_replay *replay, unsigned from)
{
	struct reblock_alternative *copy = &replay->alternatives[replay->n];

	if (replay->n == REBLOCK_REPLAY_ALTERNATIVES) {
		reblock_replay_forget(replay);
		return NULL;
	}
	*copy = replay->alternatives[from];
	replay->n++;
	return copy;
}

/* What the alternatives did at this exit is past: drops those that go on from here like another. */
static void merge(struct reblock_replay *replay)
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
		if (k == kept && kept++ != i)
			replay->alternatives[k] = replay->alternatives[i];
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
	if (reblock_idtv_is_nmi(exit) == REBLOCK_YES)
		return REBLOCK_YES; /* rule 1.9 */
	if ((exit->reason & REBLOCK_REASON_BASIC) == REBLOCK_REASON_NMI_WINDOW)
		return REBLOCK_NO; /* rule 1.10 */
	return reblock_blocking(exit);
}

/* Ends the alternatives in which NMIs were open where this exit shows that they were blocked. */
static void end_impossible(struct reblock_replay *replay, enum reblock_tri before)
{
	unsigned kept = 0;
	unsigned i;

	if (replay->unblock.unblocked != REBLOCK_YES && before != REBLOCK_YES)
		return;
	for (i = 0; i < replay->n; i++) {
		if (replay->alternatives[i].open)
			continue;
		if (kept != i)
			replay->alternatives[kept] = replay->alternatives[i];
		kept++;
	}
	replay->n = kept;
	if (!kept)
		reblock_replay_forget(replay);
}

static void run_exit(struct reblock_replay *replay, struct reblock_alternative *a, bool before)
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

void reblock_replay_exit(struct reblock_replay *replay, const struct reblock_record *exit)
{
	bool usable = reblock_has(exit, needed(exit)) &&
		      !(exit->reason & REBLOCK_REASON_FAILED_ENTRY);
	enum reblock_tri before;
	unsigned n;
	unsigned i;

	if (replay->exited || !usable) /* the entry in between is missing, or this says nothing */
		reblock_replay_forget(replay);
	if (!usable)
		return;
	replay->exit = *exit;
	replay->exit.pin = pin_of(replay->policy, exit->pin);
	if ((replay->exit.pin ^ exit->pin) & CONTROLS &&
	    can_be_defined(replay->exit.pin) != can_be_defined(exit->pin)) {
		reblock_replay_forget(replay);
		return;
	}
	reblock_unblock_of(&replay->exit, &replay->unblock);
	before = blocking_at(&replay->exit, &replay->unblock);
	end_impossible(replay, before);
	replay->exited = true;
	replay->asked = false;
	replay->before_known = before != REBLOCK_UNKNOWN;
	n = replay->n;
	for (i = 0; before == REBLOCK_UNKNOWN && i < n; i++) {
		struct reblock_alternative *other;

		if (replay->alternatives[i].open)
			continue;
		other = fork_of(replay, i);
		if (!other)
			return;
		run_exit(replay, other, true);
	}
	for (i = 0; i < n; i++)
		run_exit(replay, &replay->alternatives[i], before == REBLOCK_YES);
}

static void set_mask(const struct reblock_replay *replay, struct reblock_alternative *a,
		     bool masked)
{
	if (replay->policy->set_nmi_mask)
		replay->policy->set_nmi_mask(a->state, &a->vmcs, masked);
	else if (masked)
		a->vmcs.interruptibility |= REBLOCK_BLOCKING_NMI;
	else
		a->vmcs.interruptibility &= ~REBLOCK_BLOCKING_NMI;
}

void reblock_replay_mask_write(struct reblock_replay *replay, enum reblock_tri masked)
{
	unsigned n = replay->n;
	unsigned i;

	if (!replay->exited || masked == REBLOCK_UNKNOWN) {
		reblock_replay_forget(replay);
		return;
	}
	for (i = 0; i < n; i++) {
		struct reblock_alternative *other = fork_of(replay, i);

		if (!other)
			return;
		set_mask(replay, other, masked == REBLOCK_YES);
		if (memcmp(other, &replay->alternatives[i], sizeof(*other)) == 0)
			replay->n--;
	}
}

void reblock_replay_events_write(struct reblock_replay *replay, enum reblock_tri masked)
{
	unsigned i;

	if (!replay->exited || masked == REBLOCK_UNKNOWN) {
		reblock_replay_forget(replay);
		return;
	}
	for (i = 0; i < replay->n; i++)
		set_mask(replay, &replay->alternatives[i], masked == REBLOCK_YES);
}

void reblock_replay_mask_read(struct reblock_replay *replay, unsigned between)
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
static struct reblock_record entry_of(const struct reblock_replay *replay,
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

/* Which of enum reblock_policy_event the injection of EVENT is, as rows 7 and 10 see it. */
static uint32_t how_of(const struct reblock_replay *replay, uint32_t event)
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

static void run_inject(const struct reblock_replay *replay, struct reblock_alternative *a,
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
static void note_open(struct reblock_replay *replay)
{
	unsigned i;

	for (i = 0; i < replay->n; i++)
		replay->alternatives[i].open =
			reblock_virtual_nmis(&replay->exit) == REBLOCK_YES &&
			!(replay->alternatives[i].vmcs.interruptibility & REBLOCK_BLOCKING_NMI);
}

/*
 * Injects in all alternatives. Where what is injected is not known, one event of each type that it could be
 * stands for it; those alternatives only show which private states are possible.
 */
static bool inject(struct reblock_replay *replay, const struct reblock_record *entry)
{
	static const uint32_t types[] = {
		REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_EXTERNAL | 0x31,
		REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_HARD_EXCEPTION | 0x6,
		REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_SOFT_EXCEPTION | 0x3, NMI_EVENT
	};
	enum reblock_injects injects = reblock_injects(entry);
	unsigned n = replay->n;
	unsigned n_types = injects == REBLOCK_INJECTS_UNKNOWN ? 4 : 3;
	unsigned i;
	unsigned k;

	switch (injects) {
	case REBLOCK_INJECTS_NOTHING:
		return true;
	case REBLOCK_INJECTS_NMI:
		for (i = 0; i < n; i++) {
			/* With blocking 1 it would have waited with a new NMI: row 9. */
			if (how_of(replay, NMI_EVENT) == REBLOCK_POLICY_NEW &&
			    (replay->alternatives[i].vmcs.interruptibility &
			     REBLOCK_BLOCKING_NMI) &&
			    !fork_of(replay, i))
				return false;
			run_inject(replay, &replay->alternatives[i], NMI_EVENT);
		}
		return true;
	case REBLOCK_INJECTS_UNKNOWN:
	case REBLOCK_INJECTS_NO_NMI:
		for (i = 0; i < n; i++) {
			for (k = 0; k < n_types; k++) {
				struct reblock_alternative *other = fork_of(replay, i);

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

void reblock_replay_entry(struct reblock_replay *replay, const struct reblock_record *entry,
			  unsigned between, struct reblock_prediction *out)
{
	static const struct reblock_prediction nothing;
	struct reblock_record mine = entry_of(replay, entry);
	bool known_event;
	unsigned i;

	*out = nothing;
	if (!replay->exited) {
		reblock_replay_forget(replay);
		return;
	}
	/* Somebody may have changed what this vCPU's hypervisor knows, or it is another VMCS. */
	if (between & ~(unsigned)(REBLOCK_BETWEEN_MASK_WRITE | REBLOCK_BETWEEN_EVENTS_WRITE)) {
		reblock_replay_forget(replay);
		return;
	}
	note_open(replay);
	known_event = inject(replay, &mine);
	if (!replay->exited) /* too many alternatives */
		return;
	for (i = 0; replay->policy->enter && i < replay->n; i++)
		replay->policy->enter(replay->alternatives[i].state, &replay->alternatives[i].vmcs);
	replay_predict(replay, &mine, between, known_event, out);
	replay->exited = false;
	merge(replay);
}
