/* SPDX-License-Identifier: BSD-2-Clause */
/* The vCPUs of a host, turn by turn. */
#include <string.h>
#include "sim/sim.h"

#define BEGIN 1000000000000u /* ns */
#define PAUSE 150000000u     /* longer than an NMI's handlers are taken to last */
#define FAILED_ENTRY (REBLOCK_REASON_FAILED_ENTRY | 33u) /* due to invalid guest state */
#define VMRESUME 24u
#define TURNS_ON_A_CPU 16
#define AGAIN 64 /* times, for one in the upper half of a turn's mistake */
#define CONTROLS (REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS)

void sim_config_default(struct sim_config *config, unsigned vms, unsigned vcpus)
{
	static const struct sim_config usual = {
		.habits = { .iret_exits = 200,
			    .delivery_exits = 30,
			    .fault = 100,
			    .task_switch = 2,
			    .nmi = 60,
			    .odd = 10 },
		.policy = { .nmi = 60,
			    .interrupt = 200,
			    .reflect = 300,
			    .user_space = 40,
			    .events = 100 },
		.step = 5000,
	};
	/* Most hypervisors use virtual NMIs; a few do not, or leave NMIs to the guest. */
	static const uint16_t pins[5] = {
		REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS,
		REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS | REBLOCK_PIN_POSTED_INTERRUPTS,
		REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS,
		REBLOCK_PIN_NMI_EXITING,
		0,
	};

	*config = usual;
	config->view = sim_view_all;
	config->vms = vms;
	config->vcpus = vcpus;
	for (unsigned i = 0; i < SIM_VMS_MOST; i++)
		config->pin[i] = (uint16_t)(0x17 | pins[i % 5]);
}

void sim_start(struct sim *sim, const struct sim_config *config, struct sim_random *random)
{
	sim_start_all(sim, config, random, false);
}

void sim_start_all(struct sim *sim, const struct sim_config *config, struct sim_random *random,
		   bool all)
{
	memset(sim, 0, offsetof(struct sim, vcpus));
	sim->whole = sim->own_whole;
	sim->seen = sim->own_seen;
	sim->truth = sim->own_truth;
	sim->config = *config;
	sim->random = random;
	sim->n_vcpus = config->vms * config->vcpus;
	sim->t = BEGIN;
	sim->plain = all;
	sim_record_masks(sim);
	memset(sim->vcpus, 0, sim->n_vcpus * sizeof(sim->vcpus[0]));
	for (unsigned i = 0; i < sim->n_vcpus; i++) {
		struct sim_vcpu *v = &sim->vcpus[i];
		const struct reblock_policy *policy = config->hypervisor;
		unsigned pin = config->pin[i / config->vcpus];

		v->vm = 1 + i / config->vcpus;
		v->vcpu = (uint16_t)(i % config->vcpus);
		v->t = BEGIN;
		if (policy)
			pin = (pin | (policy->pin_on & CONTROLS)) & ~(policy->pin_off & CONTROLS);
		/* "Virtual NMIs" needs "NMI exiting" (SDM 3C, "Checks on VM-Execution Control Fields"). */
		if (!(pin & REBLOCK_PIN_NMI_EXITING))
			pin &= ~REBLOCK_PIN_VIRTUAL_NMIS;
		for (unsigned side = 0; side < (config->nested ? 2 : 1); side++) {
			struct sim_side *s = &v->sides[side];

			s->processor.pin = (uint16_t)pin;
			s->processor.odd = config->odd;
			sim_guest_start(&s->guest, config->guests);
			sim_hypervisor_start(&s->hypervisor, policy, config->caches);
			s->hypervisor.nested = side;
			if (config->view.pt.on) {
				s->guest.shown = &sim->witnesses.shown[i][side];
				*s->guest.shown = (struct sim_shown){ 0 };
			}
		}
	}
}

static void exit_record(struct sim *sim, struct sim_vcpu *v, const struct sim_before *before,
			const struct sim_exit *exit, const struct sim_handling *done,
			bool known_unmasked, unsigned truth)
{
	struct reblock_record *r = sim_record(sim, v, REBLOCK_EXIT, truth);
	const struct sim_side *s = &v->sides[v->side];

	if (!r)
		return;
	r->presence = REBLOCK_HAS_REASON | REBLOCK_HAS_RIP | REBLOCK_HAS_QUALIFICATION |
		      REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_ERROR_CODE | REBLOCK_HAS_IDT_VECTORING |
		      REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_PIN | REBLOCK_HAS_EXEC |
		      REBLOCK_HAS_L2;
	r->rip = before->rip;
	r->reason = exit->reason;
	r->qualification = exit->qualification;
	r->intr_info = exit->intr_info;
	r->error_code = exit->error_code;
	r->idt_vectoring = exit->idt_vectoring;
	r->interruptibility = sim->config.view.recovered ? done->recovered :
							   before->interruptibility;
	r->pin = s->processor.pin;
	r->exec = s->hypervisor.exec;
	if (v->side)
		r->flags = REBLOCK_L2;
	if (sim->config.caches) {
		r->presence |= REBLOCK_HAS_NMI_KNOWN_UNMASKED;
		r->flags |= known_unmasked ? REBLOCK_NMI_KNOWN_UNMASKED : 0;
	}
}

static void entry_record(struct sim *sim, struct sim_vcpu *v, const struct sim_handling *done,
			 bool same, unsigned truth)
{
	struct reblock_record *r = sim_record(sim, v, REBLOCK_ENTRY, truth);
	const struct sim_side *s = &v->sides[v->side];

	if (!r)
		return;
	r->presence = REBLOCK_HAS_RIP | REBLOCK_HAS_RIP_SAME | REBLOCK_HAS_INTR_INFO |
		      REBLOCK_HAS_ERROR_CODE | REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_PIN |
		      REBLOCK_HAS_EXEC | REBLOCK_HAS_L2 | REBLOCK_HAS_NMI_INJECTED;
	r->rip = s->guest.rip;
	r->intr_info = done->intr_info;
	r->error_code = done->error_code;
	r->interruptibility = sim_processor_interruptibility(&s->processor);
	r->pin = s->processor.pin;
	r->exec = s->hypervisor.exec;
	if ((done->intr_info & (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE)) ==
	    (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI))
		r->flags |= REBLOCK_NMI_INJECTED;
	if (same)
		r->flags |= REBLOCK_RIP_SAME;
	if (v->side)
		r->flags |= REBLOCK_L2;
	if (sim->config.caches) {
		r->presence |= REBLOCK_HAS_NMI_KNOWN_UNMASKED;
		r->flags |= sim_hypervisor_known_unmasked(&s->hypervisor) ?
				    REBLOCK_NMI_KNOWN_UNMASKED :
				    0;
	}
}

static void operation_records(struct sim *sim, struct sim_vcpu *v, const struct sim_handling *done)
{
	for (unsigned i = 0; i < done->n; i++) {
		const struct sim_operation *o = &done->operations[i];
		struct reblock_record *r =
			sim_record(sim, v, (enum reblock_kind)o->kind, o->stale ? SIM_STALE : 0);

		if (!r)
			continue;
		if (o->kind == REBLOCK_USER_EXIT) {
			r->presence = o->has_reason ? REBLOCK_HAS_REASON : 0;
			r->reason = o->reason;
			continue;
		}
		r->presence = REBLOCK_HAS_MASKED;
		r->flags = o->masked ? REBLOCK_MASKED : 0;
		if (o->kind == REBLOCK_EVENTS_WRITE) {
			r->presence |= REBLOCK_HAS_NMI_INJECTED | REBLOCK_HAS_PENDING;
			r->flags |= (o->injected ? REBLOCK_NMI_INJECTED : 0) |
				    (o->pending ? REBLOCK_PENDING : 0);
		}
	}
}

/*
 * The way to the other VMCS: L1 runs VMRESUME, or L2 exits for L1 (an instruction, or an IRET's memory access).
 * TURN is made one that leads there.
 */
static void nested_turn(const struct sim_vcpu *v, struct sim_turn *turn)
{
	unsigned which = turn->exit >> 4;

	turn->exit = v->side && (which & 1) ? (uint8_t)(SIM_CLASS_IRET | ((which >> 1) % 5) << 4) :
					      SIM_CLASS_INSTRUCTION;
	turn->inject = turn->between = 0;
}

/* L1's own hypervisor has done with L2's exit what is to be done, or has not. */
static void handled_by_l1(struct sim_side *l2, enum sim_mistake mistake)
{
	sim_guest_skip(&l2->guest);
	l2->guest.delivering = 0;
	l2->wants = (struct sim_wants){ 0 };
	if (!l2->guest.unblocked)
		return;
	l2->guest.rip -= 2;
	if (mistake == SIM_MISSES)
		sim_guest_opened(&l2->guest);
	else
		l2->processor.blocking = true;
}

static void switch_sides(struct sim *sim, struct sim_vcpu *v, const struct sim_turn *turn,
			 const struct sim_exit *exit, struct sim_handling *done)
{
	struct sim_side *s = &v->sides[v->side];

	sim_handling_start(done, &s->processor);
	if (v->side)
		handled_by_l1(s, (enum sim_mistake)(turn->mistake & 15));
	else
		sim_guest_skip(&s->guest);
	(void)exit;
	s->wants = (struct sim_wants){ 0 };
	v->side = !v->side;
	sim->entered_nested |= v->side;
}

static enum sim_mistake mistake_of(const struct sim_config *config, const struct sim_turn *turn)
{
	unsigned mistake = turn->mistake & 15;

	return config->does_right || mistake >= SIM_MISTAKES ? SIM_DOES_RIGHT :
							       (enum sim_mistake)mistake;
}

/* From the last entry to the next: the guest runs, exits, and is entered again. */
static void one_turn(struct sim *sim, struct sim_vcpu *v, struct sim_turn turn)
{
	const struct sim_config *c = &sim->config;
	struct sim_side *s = &v->sides[v->side];
	struct sim_exit exit = { .reason = FAILED_ENTRY };
	struct sim_before before;
	struct sim_handling done;
	unsigned truth;
	bool known_unmasked, same, nested = c->nested && (turn.exit & 15) == SIM_CLASS_NESTED;
	uint8_t class;

	if (nested && !s->guest.delivering && !s->failed)
		nested_turn(v, &turn);
	else
		nested = false;
	class = turn.exit & 15;
	before.why = SIM_EXITED_FAILED;
	if (s->failed)
		s->guest.unblocked = s->guest.ran = s->guest.nested = false;
	else
		before.why = sim_guest_run(&s->guest, &s->processor, &turn, &s->wants, &exit);
	before.rip = s->guest.rip;
	before.interruptibility = sim_processor_interruptibility(&s->processor);
	before.gate_nmi = before.why == SIM_EXITED_TASK_GATE &&
			  (exit.idt_vectoring & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_NMI;
	known_unmasked = sim_hypervisor_known_unmasked(&s->hypervisor);
	truth = sim_truth_exit(&before, &s->guest, &exit, s->entry_rip);
	/* A window may have come first, or there was no IRET to exit. */
	nested = nested &&
		 before.why == (class == SIM_CLASS_IRET ? SIM_EXITED_IRET : SIM_EXITED_FOR);
	if (nested && !v->side)
		exit.reason = VMRESUME;
	if (c->view.pt.on)
		sim_witness_ran(sim, v, &turn, &before, &exit);
	if (nested) {
		done.recovered = before.interruptibility;
		exit_record(sim, v, &before, &exit, &done, known_unmasked, truth);
		switch_sides(sim, v, &turn, &exit, &done);
		s = &v->sides[v->side];
		done.intr_info = s->guest.delivering;
		truth = sim_processor_enters(&s->processor, done.intr_info) ? 0 : SIM_FAILED;
		same = before.rip == s->guest.rip;
	} else {
		sim_hypervisor_handle(&s->hypervisor, &s->processor, &s->guest, &turn,
				      mistake_of(c, &turn), before.why, &exit, &done);
		exit_record(sim, v, &before, &exit, &done, known_unmasked, truth);
		truth = sim_truth_entry(&before, &exit, &done, &s->processor, &s->guest);
		operation_records(sim, v, &done);
		same = before.rip == s->guest.rip;
		s->wants = done.wants;
	}
	s->failed = (truth & SIM_FAILED) != 0;
	s->entry_rip = s->guest.rip;
	entry_record(sim, v, &done, same, truth);
	if (!done.not_serviced || !s->guest.unblocked)
		sim->again = 0;
	else if (turn.mistake >> 4)
		sim->again = (turn.mistake >> 4) * AGAIN;
}

/* The same exit of the same IRET, and nothing else. */
static void exits_again(struct sim_turn *turn)
{
	turn->steps = 0;
	turn->inject = 0;
	turn->between = 0;
	turn->mistake &= 15;
	turn->who &= (uint8_t)~SIM_PAUSE;
}

unsigned sim_turn(struct sim *sim)
{
	struct sim_vcpu *v;

	sim->first = sim->n = 0;
	if (sim->again) {
		sim->again--;
		exits_again(&sim->turn);
	} else {
		sim->random->turn(sim->random, &sim->config, &sim->turn);
	}
	v = &sim->vcpus[(sim->turn.who & 127u) * sim->n_vcpus >> 7];
	sim->t += sim->config.step;
	if (sim->turn.who & SIM_PAUSE)
		sim->t += PAUSE;
	v->t = sim->t;
	if ((sim->turn.record & SIM_RECORD_LATE) && sim->config.view.lost)
		v->t -= 3 * (uint64_t)sim->config.step;
	v->cpu = (uint16_t)((unsigned)(v - sim->vcpus) +
			    sim->turns++ / TURNS_ON_A_CPU % 2 * sim->n_vcpus);
	one_turn(sim, v, sim->turn);
	sim_record_seen(sim, v, &sim->turn);
	if (sim->config.view.pt.on)
		sim_witness_put(sim);
	return sim->n;
}

unsigned sim_next(struct sim *sim, struct reblock_record *r)
{
	if (sim->first == sim->n && !(sim->named < sim->config.vms && sim_names(sim)))
		while (!sim_turn(sim))
			;
	*r = sim->seen[sim->first];
	return sim->truth[sim->first++];
}
