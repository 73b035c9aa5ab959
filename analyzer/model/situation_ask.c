/* SPDX-License-Identifier: BSD-2-Clause */
/* What a policy does in a situation: it is run there, and judged by the rules. */
#include <reblock/policies.h>
#include <reblock/policy_replay.h>
#include "model/situations.h"

#define CONTROLS (REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS)
#define NMI (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI | REBLOCK_VECTOR_NMI)
#define IRET 0x1000u
#define REASON_HLT 12
#define VECTOR_GP 13u

static struct reblock_record exit_of(const struct situation *s, uint16_t pin)
{
	struct reblock_record exit = { .kind = REBLOCK_EXIT,
				       .presence = REBLOCK_HAS_REASON | REBLOCK_HAS_RIP |
						   REBLOCK_HAS_QUALIFICATION |
						   REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_ERROR_CODE |
						   REBLOCK_HAS_IDT_VECTORING |
						   REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_PIN |
						   REBLOCK_HAS_EXEC,
				       .reason = s->reason,
				       .rip = IRET,
				       .qualification = s->qualification,
				       .intr_info = s->intr_info,
				       .idt_vectoring = s->idt_vectoring,
				       .interruptibility = s->interruptibility,
				       .pin = pin };

	return exit;
}

static struct reblock_record entry_of(const struct situation *s, uint16_t pin)
{
	struct reblock_record entry = { .kind = REBLOCK_ENTRY,
					.presence = REBLOCK_HAS_RIP | REBLOCK_HAS_INTR_INFO |
						    REBLOCK_HAS_PIN,
					.rip = s->moved ? IRET + 0x1000 : IRET,
					.intr_info = s->injects,
					.pin = pin };

	return entry;
}

/* The policy's own controls where it has them; virtual NMIs on where it leaves that open. */
static uint16_t pin_of(const struct reblock_policy *policy, const struct situation *s)
{
	uint32_t open = CONTROLS & ~(policy->pin_on | policy->pin_off);

	if (s->no_virtual_nmis)
		open &= ~REBLOCK_PIN_VIRTUAL_NMIS;
	return (uint16_t)((policy->pin_on & CONTROLS) | open);
}

/* One exit and its entry; what is predicted from them. */
static struct reblock_prediction step(struct reblock_policy_replay *replay,
				      const struct situation *s, uint16_t pin)
{
	struct reblock_record exit = exit_of(s, pin);
	struct reblock_record entry = entry_of(s, pin);
	struct reblock_prediction p;

	reblock_policy_replay_exit(replay, &exit);
	if (s->before == MASK_SET)
		reblock_policy_replay_events_write(replay, REBLOCK_YES);
	if (s->mask)
		reblock_policy_replay_mask_read(replay, 0);
	reblock_policy_replay_entry(replay, &entry,
				    s->before == MASK_SET ? REBLOCK_BETWEEN_EVENTS_WRITE : 0, &p);
	return p;
}

static const struct situation ept = { .reason = REBLOCK_REASON_EPT_VIOLATION,
				      .qualification = 0x181 | REBLOCK_NMI_UNBLOCKING };

/* Everything before the exit that S is about. */
static void lead_in(struct reblock_policy_replay *replay, const struct situation *s, uint16_t pin)
{
	static const struct situation idle = { .reason = REASON_HLT,
					       .moved = true,
					       .injects = NMI };
	static const struct situation set = { .reason = REASON_HLT, .before = MASK_SET };

	(void)step(replay, s->before == MASK_SET ? &set : &idle, pin);
	if (s->before == EPT_FIRST)
		(void)step(replay, &ept, pin);
}

static struct reblock_prediction run(const struct reblock_policy *policy, const struct situation *s)
{
	uint16_t pin = pin_of(policy, s);
	struct situation plain = *s;
	struct reblock_policy_replay replay;

	reblock_policy_replay_begin(&replay, policy);
	lead_in(&replay, s, pin);
	plain.before = NMI_INJECTED;
	return step(&replay, &plain, pin);
}

/* Whether the policy sets blocking after the exit of S, with virtual NMIs and nothing injected. */
static bool reblocks(const struct reblock_policy *policy, const struct situation *s)
{
	struct situation plain = *s;
	struct reblock_prediction p;

	plain.injects = plain.interruptibility = 0;
	plain.no_virtual_nmis = plain.mask = false;
	plain.before = NMI_INJECTED;
	p = run(policy, &plain);
	return p.certain && p.blocking;
}

/* The same, where S is the exit with an exclusion: without what excludes it. */
static bool takes_bit12(const struct reblock_policy *policy, const struct situation *s)
{
	struct situation plain = *s;

	plain.idt_vectoring = 0;
	if ((plain.intr_info & REBLOCK_INTR_VECTOR) == REBLOCK_VECTOR_DF)
		plain.intr_info ^= REBLOCK_VECTOR_DF ^ VECTOR_GP;
	return reblocks(policy, &plain);
}

/* No answer: the policy does not see such exits, or what it does there is not known. */
static enum reblock_cell without_answer(const struct reblock_policy *policy,
					const struct situation *s)
{
	uint16_t pin = pin_of(policy, s);
	struct reblock_record exit = exit_of(s, pin);
	struct reblock_policy_replay replay;

	reblock_policy_replay_begin(&replay, policy);
	reblock_policy_replay_exit(&replay, &exit);
	for (unsigned i = 0; i < replay.n; i++)
		if (!(replay.alternatives[i].answers & REBLOCK_POLICY_NEVER))
			return REBLOCK_CELL_UNKNOWN;
	return REBLOCK_CELL_NONE;
}

static enum reblock_cell ask_one(const struct reblock_policy *policy, const struct situation *s)
{
	struct reblock_prediction p;

	if (s->applies == TO_REBLOCKERS && !reblocks(policy, s))
		return REBLOCK_CELL_NONE;
	if (s->before == EPT_FIRST && !reblocks(policy, &ept))
		return REBLOCK_CELL_NONE;
	if (s->mask && !policy->get_nmi_mask)
		return REBLOCK_CELL_NONE;
	p = run(policy, s);
	if (!p.answered)
		return without_answer(policy, s);
	/* Under this hypervisor's controls the situation is another one. */
	if (s->row && p.verdict.row && p.verdict.row != s->row)
		return REBLOCK_CELL_NONE;
	if (p.mistakes & s->mistakes & REBLOCK_MISTAKE_LIVELOCK)
		return REBLOCK_CELL_LIVELOCK;
	if (p.mistakes & s->mistakes)
		return REBLOCK_CELL_WRONG;
	if (s->row && !p.certain)
		return REBLOCK_CELL_UNKNOWN;
	if (s->applies == AN_EXCLUSION && !takes_bit12(policy, s))
		return REBLOCK_CELL_NONE;
	return REBLOCK_CELL_RIGHT;
}

/* Each exit that the policy may re-block after: wrong after one of them is wrong. */
static enum reblock_cell ask_any(const struct reblock_policy *policy, const struct situation *s)
{
	enum reblock_cell worst = REBLOCK_CELL_NONE;
	struct situation variant[3] = { *s, *s, *s };

	variant[1].reason = REBLOCK_REASON_EXCEPTION_NMI;
	variant[1].intr_info = REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_HARD_EXCEPTION | VECTOR_GP |
			       REBLOCK_NMI_UNBLOCKING;
	variant[2].idt_vectoring = REBLOCK_INTR_VALID | 0x31;
	variant[2].row = 10;
	for (unsigned i = 0; i < 3; i++) {
		enum reblock_cell cell = ask_one(policy, &variant[i]);

		if (cell == REBLOCK_CELL_WRONG ||
		    (cell != REBLOCK_CELL_NONE && worst == REBLOCK_CELL_NONE))
			worst = cell;
	}
	return worst;
}

enum reblock_cell reblock_situation_ask(const struct reblock_policy *policy, size_t i)
{
	const struct situation *s = situation_at(i);
	enum reblock_cell cell;

	if (!s)
		return REBLOCK_CELL_NONE;
	cell = s->any_exit ? ask_any(policy, s) : ask_one(policy, s);
	/* It re-blocks, and the situation cannot arise. */
	if (s->no_virtual_nmis && (policy->pin_on & REBLOCK_PIN_VIRTUAL_NMIS))
		return reblocks(policy, s) ? REBLOCK_CELL_STATIC : REBLOCK_CELL_NONE;
	return cell;
}

char reblock_cell_letter(enum reblock_cell cell)
{
	static const char letters[] = {
		[REBLOCK_CELL_RIGHT] = 'y',    [REBLOCK_CELL_WRONG] = 'n',
		[REBLOCK_CELL_LIVELOCK] = 'L', [REBLOCK_CELL_NONE] = '-',
		[REBLOCK_CELL_UNKNOWN] = '?',  [REBLOCK_CELL_STATIC] = 's'
	};

	return (unsigned)cell < sizeof(letters) ? letters[cell] : '?';
}
