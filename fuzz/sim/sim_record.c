/* SPDX-License-Identifier: BSD-2-Clause */
/* From what happened to what a recorder shows of it. */
#include <string.h>
#include "sim/sim.h"

#define BEGIN 1000000000000u /* ns */
#define PAUSE 150000000u     /* longer than an NMI's handlers are taken to last */
#define APART 60u            /* ns from one record to the next */

/* A record with every bit set that one with these fields can have. */
static void mask_of(struct sim_mask *mask, enum reblock_kind kind, unsigned has)
{
	static const struct {
		uint16_t has;
		uint8_t flag;
	} flags[] = {
		{ REBLOCK_HAS_L2, REBLOCK_L2 },
		{ REBLOCK_HAS_NMI_KNOWN_UNMASKED, REBLOCK_NMI_KNOWN_UNMASKED },
		{ REBLOCK_HAS_NMI_INJECTED, REBLOCK_NMI_INJECTED },
		{ REBLOCK_HAS_RIP_SAME, REBLOCK_RIP_SAME },
		{ REBLOCK_HAS_MASKED, REBLOCK_MASKED },
		{ REBLOCK_HAS_PENDING, REBLOCK_PENDING },
	};
	struct reblock_record use = { .t = UINT64_MAX,
				      .vm = UINT32_MAX,
				      .vcpu = UINT16_MAX,
				      .cpu = UINT16_MAX,
				      .kind = UINT8_MAX,
				      .presence = (uint16_t)has };

	use.reason = has & REBLOCK_HAS_REASON ? UINT32_MAX : 0;
	use.rip = has & REBLOCK_HAS_RIP ? UINT64_MAX : 0;
	use.qualification = has & REBLOCK_HAS_QUALIFICATION ? UINT64_MAX : 0;
	use.intr_info = has & REBLOCK_HAS_INTR_INFO ? UINT32_MAX : 0;
	use.error_code = has & REBLOCK_HAS_ERROR_CODE ? UINT32_MAX : 0;
	use.idt_vectoring = has & REBLOCK_HAS_IDT_VECTORING ? UINT32_MAX : 0;
	use.interruptibility = has & REBLOCK_HAS_INTERRUPTIBILITY ? UINT32_MAX : 0;
	use.pin = has & REBLOCK_HAS_PIN ? UINT16_MAX : 0;
	use.exec = has & REBLOCK_HAS_EXEC ? UINT32_MAX : 0;
	use.seq = has & REBLOCK_HAS_SEQ ? UINT16_MAX : 0;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (has & flags[i].has)
			use.flags |= flags[i].flag;
	if (kind == REBLOCK_EXIT || kind == REBLOCK_ENTRY)
		use.flags |= REBLOCK_LEFT_OUT;
	_Static_assert(sizeof(*mask) == sizeof(use), "a record");
	memcpy(mask, &use, sizeof(use));
}

static void see(struct reblock_record *r, const struct sim_mask *mask)
{
	uint64_t word[8];

	memcpy(word, r, sizeof(word));
	for (unsigned i = 0; i < 8; i++)
		word[i] &= mask->word[i];
	memcpy(r, word, sizeof(word));
}

void sim_record_masks(struct sim *sim)
{
	const struct sim_view *view = &sim->config.view;

	for (unsigned kind = REBLOCK_EXIT; kind < REBLOCK_KINDS; kind++)
		mask_of(&sim->masks[kind], (enum reblock_kind)kind,
			kind == REBLOCK_EXIT  ? view->exit :
			kind == REBLOCK_ENTRY ? view->entry :
						view->others);
	sim->plain = sim->plain && !view->pt.on && !view->sometimes && !view->injections &&
		     !view->ragged && !view->filtered && !view->timeless && !view->lost;
	mask_of(&sim->entry_told, REBLOCK_ENTRY,
		view->entry | REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_ERROR_CODE);
}

struct reblock_record *sim_record(struct sim *sim, struct sim_vcpu *v, enum reblock_kind kind,
				  unsigned truth)
{
	struct reblock_record *r;

	v->t += APART;
	if (!(sim->config.view.kinds & 1u << kind))
		return NULL;
	r = &sim->whole[sim->n];
	sim->truth[sim->n++] = truth;
	*r = (struct reblock_record){
		.t = v->t, .kind = (uint8_t)kind, .vm = v->vm, .vcpu = v->vcpu, .cpu = v->cpu
	};
	return r;
}

unsigned sim_names(struct sim *sim)
{
	char name[] = "guest-00";

	sim->first = sim->n = 0;
	if (!(sim->config.view.kinds & 1u << REBLOCK_META))
		return 0;
	while (sim->named < sim->config.vms && sim->n < SIM_TURN_MOST) {
		struct reblock_record *r = &sim->whole[sim->n];

		sim->named++;
		name[6] = (char)('0' + sim->named / 10 % 10);
		name[7] = (char)('0' + sim->named % 10);
		*r = (struct reblock_record){ .kind = REBLOCK_META,
					      .t = BEGIN,
					      .vm = sim->named,
					      .vcpu = REBLOCK_NO_VCPU,
					      .cpu = REBLOCK_NO_CPU,
					      .presence = REBLOCK_HAS_ERROR_CODE,
					      .error_code = 4000 + sim->named }; /* the process */
		reblock_record_set_name(r, name);
		sim->seen[sim->n] = *r;
		sim->truth[sim->n++] = 0;
	}
	return sim->n;
}

static void drop(struct sim *sim, unsigned from, unsigned n)
{
	for (unsigned i = from; i + n < sim->n; i++) {
		sim->seen[i] = sim->seen[i + n];
		sim->whole[i] = sim->whole[i + n];
		sim->truth[i] = sim->truth[i + n];
	}
	sim->n -= n;
}

/* What the recorder leaves out of this turn, which is an exit, what follows, and its entry. CUT: the entry, too, if it injects nothing. */
static void filter(struct sim *sim, struct sim_vcpu *v, bool cut)
{
	const struct reblock_record *exit = &sim->seen[0], *entry = &sim->seen[sim->n - 1];
	bool asked = false;

	if (!reblock_filter_exit(&v->filter, exit)) {
		if (!reblock_filter_pair(&v->filter, NULL, false, entry)) {
			v->left_out = true;
			sim->n = 0;
			return;
		}
		drop(sim, 0, sim->n - 1);
		sim->seen[0].flags |= REBLOCK_LEFT_OUT;
		sim->whole[0].flags |= REBLOCK_LEFT_OUT;
		v->left_out = false;
		return;
	}
	for (unsigned i = 1; i + 1 < sim->n; i++)
		asked |= reblock_filter_operation(exit, sim->seen[i].kind);
	if (!reblock_filter_pair(&v->filter, exit, asked, entry)) {
		v->left_out = true;
		sim->n = 0;
		return;
	}
	if (v->left_out) {
		sim->seen[0].flags |= REBLOCK_LEFT_OUT;
		sim->whole[0].flags |= REBLOCK_LEFT_OUT;
	}
	v->left_out = false;
	if (cut && !(sim->whole[sim->n - 1].intr_info & REBLOCK_INTR_VALID)) {
		drop(sim, sim->n - 1, 1);
		v->left_out = true;
	}
}

/* Records FROM and the N - 1 after it are lost: a gap, or a record that says so. */
static void lose(struct sim *sim, const struct sim_vcpu *v, unsigned from, unsigned n)
{
	struct reblock_record lost = { .kind = REBLOCK_LOST,
				       .t = sim->seen[from].t,
				       .vm = v->vm,
				       .vcpu = v->vcpu,
				       .cpu = REBLOCK_NO_CPU,
				       .presence = REBLOCK_HAS_QUALIFICATION,
				       .qualification = n };

	if (sim->config.view.others & REBLOCK_HAS_SEQ) {
		drop(sim, from, n);
		return;
	}
	drop(sim, from, n - 1);
	sim->seen[from] = sim->whole[from] = lost;
	sim->truth[from] = 0;
}

static void loses(struct sim *sim, const struct sim_vcpu *v, unsigned which)
{
	switch (which) {
	case 0:
		return;
	case 5:
		lose(sim, v, 0, sim->n);
		return;
	case 6:
		lose(sim, v, sim->n > 2 ? sim->n - 2 : 0, sim->n > 1 ? 2 : 1);
		return;
	case 7:
		lose(sim, v, 0, sim->n);
		if (sim->n && sim->seen[0].kind == REBLOCK_LOST) {
			sim->seen[0].vm = sim->whole[0].vm = REBLOCK_NO_VM;
			sim->seen[0].vcpu = sim->whole[0].vcpu = REBLOCK_NO_VCPU;
		}
		return;
	default:
		if (which <= sim->n)
			lose(sim, v, which - 1, 1);
		return;
	}
}

/* The fields that a record of this turn does not have, for once. */
static unsigned missing(const struct sim_view *view, const struct sim_turn *turn)
{
	static const uint16_t fields[8] = { 0,
					    REBLOCK_HAS_RIP,
					    REBLOCK_HAS_QUALIFICATION | REBLOCK_HAS_INTR_INFO,
					    REBLOCK_HAS_IDT_VECTORING | REBLOCK_HAS_NMI_INJECTED,
					    REBLOCK_HAS_INTERRUPTIBILITY,
					    REBLOCK_HAS_PIN | REBLOCK_HAS_REASON,
					    REBLOCK_HAS_L2 | REBLOCK_HAS_RIP_SAME,
					    REBLOCK_HAS_MASKED | REBLOCK_HAS_EXEC |
						    REBLOCK_HAS_INTR_INFO };
	unsigned gone = view->ragged ? fields[turn->record >> 4 & 7] : 0;

	return turn->record & SIM_RECORD_SEEN ? gone : gone | view->sometimes;
}

/* Counts the records of V that are not left out. */
static void number(struct sim *sim, struct sim_vcpu *v)
{
	if (!(sim->config.view.others & REBLOCK_HAS_SEQ))
		return;
	for (unsigned i = 0; i < sim->n; i++) {
		sim->whole[i].seq = v->seq++;
		sim->whole[i].presence |= REBLOCK_HAS_SEQ;
	}
}

void sim_record_all(const struct sim *sim, const struct reblock_record *whole,
		    struct reblock_record *seen, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		seen[i] = whole[i];
		if (whole[i].kind != REBLOCK_META)
			see(&seen[i], &sim->masks[whole[i].kind]);
	}
}

/* What sets the mask right after the exit comes before it, at the same times. */
static void show_early(struct sim *sim)
{
	struct reblock_record exit = sim->whole[0];
	uint32_t truth = sim->truth[0];
	uint64_t t = exit.t, next;
	unsigned n = 1;

	while (n < sim->n && sim->whole[n].kind == REBLOCK_MASK_WRITE)
		n++;
	if (n == 1 || exit.kind != REBLOCK_EXIT)
		return;
	for (unsigned i = 0; i + 1 < n; i++) {
		next = sim->whole[i + 1].t;
		sim->whole[i] = sim->whole[i + 1];
		sim->whole[i].t = t;
		sim->truth[i] = sim->truth[i + 1];
		t = next;
	}
	exit.t = t;
	sim->whole[n - 1] = exit;
	sim->truth[n - 1] = truth;
}

void sim_record_seen(struct sim *sim, struct sim_vcpu *v, const struct sim_turn *turn)
{
	const struct sim_view *view = &sim->config.view;
	unsigned gone = missing(view, turn);

	if (view->early && !view->filtered && sim->n)
		show_early(sim);
	if (sim->plain) {
		number(sim, v);
		return;
	}
	for (unsigned i = 0; i < sim->n; i++) {
		struct reblock_record *r = &sim->seen[i];
		const struct sim_mask *mask = &sim->masks[sim->whole[i].kind];
		bool told = r->kind == REBLOCK_ENTRY;

		*r = sim->whole[i];
		told = view->injections && r->kind == REBLOCK_ENTRY &&
		       !(view->entry & REBLOCK_HAS_INTR_INFO);
		if (told) {
			/* An event of its own, between the exit and the entry; an NMI has none. */
			if (!(r->intr_info & REBLOCK_INTR_VALID) ||
			    (r->flags & REBLOCK_NMI_INJECTED)) {
				see(r, mask);
				r->flags |= REBLOCK_NO_OTHER_INJECTION;
			} else {
				see(r, &sim->entry_told);
			}
		} else {
			see(r, mask);
		}
		if (gone & r->presence) {
			struct sim_mask less;

			mask_of(&less, (enum reblock_kind)r->kind, r->presence & ~gone);
			see(r, &less);
		}
	}
	if (view->filtered && sim->n > 1)
		filter(sim, v, (turn->record & SIM_RECORD_LOSES) == 7);
	number(sim, v);
	if (view->others & REBLOCK_HAS_SEQ) {
		for (unsigned i = 0; i < sim->n; i++) {
			sim->seen[i].seq = sim->whole[i].seq;
			sim->seen[i].presence |= REBLOCK_HAS_SEQ;
		}
	}
	if (view->timeless)
		for (unsigned i = 0; i < sim->n; i++)
			sim->seen[i].t = REBLOCK_NO_TIME;
	if (view->lost && sim->n)
		loses(sim, v, turn->record & SIM_RECORD_LOSES);
}
