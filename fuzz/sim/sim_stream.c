/* SPDX-License-Identifier: BSD-2-Clause */
/* The vCPUs of a host, each turn of theirs as records, and all of them in the order of time. */
#include <string.h>
#include "sim/sim.h"

#define BEGIN 1000000000000u                             /* ns */
#define FAILED_ENTRY (REBLOCK_REASON_FAILED_ENTRY | 33u) /* due to invalid guest state */
#define EXEC_INTERRUPT_WINDOW (1u << 2)
#define EXEC 0xb5a06dfau

void sim_config_default(struct sim_config *config, unsigned vms, unsigned vcpus)
{
	static const struct sim_config usual = {
		.habits = { .iret_exits = 200,
			    .delivery_exits = 30,
			    .fault = 100,
			    .task_switch = 2,
			    .nmi = 60 },
		.policy = { .nmi = 60,
			    .interrupt = 200,
			    .reflect = 300,
			    .user_space = 40,
			    .events = 100 },
	};

	*config = usual;
	config->view = sim_view_all;
	config->vms = vms;
	config->vcpus = vcpus;
}

/* Most hypervisors use virtual NMIs; a few do not, or leave NMIs to the guest. */
static uint16_t pin_of(struct sim_random *random)
{
	static const uint16_t controls[] = {
		REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS,
		REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS,
		REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS | REBLOCK_PIN_POSTED_INTERRUPTS,
		REBLOCK_PIN_NMI_EXITING,
		0,
	};

	return (uint16_t)(0x17 | controls[sim_below(random, 5)]);
}

void sim_start(struct sim *sim, const struct sim_config *config, struct sim_random *random)
{
	uint16_t pin = 0;

	memset(sim, 0, sizeof(*sim));
	sim->config = *config;
	sim->random = random;
	sim->n_vcpus = config->vms * config->vcpus;
	for (unsigned i = 0; i < sim->n_vcpus; i++) {
		struct sim_vcpu *v = &sim->vcpus[i];

		v->vm = 1 + i / config->vcpus;
		v->vcpu = (uint16_t)(i % config->vcpus);
		v->cpu = (uint16_t)i;
		v->t = BEGIN + sim_below(random, 1000);
		/* One hypervisor for a VM, and the first as most are. */
		if (v->vcpu == 0)
			pin = i == 0 ? 0x3f : pin_of(random);
		v->processor.pin = pin;
		sim_guest_start(&v->guest, random);
	}
	sim->n_free = sim->n_vcpus;
	for (unsigned i = 0; i < sim->n_free; i++)
		sim->free_cpus[i] = (uint16_t)(sim->n_vcpus + i);
}

/* The scheduler moves a vCPU to another CPU now and then. */
static void move(struct sim *sim, struct sim_vcpu *v)
{
	uint16_t *to = &sim->free_cpus[sim_below(sim->random, sim->n_free)];
	uint16_t from = v->cpu;

	v->cpu = *to;
	*to = from;
}

/* A record of KIND at the vCPU's time; NULL where the recorder does not see such. */
static struct reblock_record *record(struct sim *sim, struct sim_vcpu *v, enum reblock_kind kind)
{
	const struct sim_view *view = &sim->config.view;
	struct reblock_record *r;

	v->t += 40 + sim_below(sim->random, 200);
	if (!(view->kinds & 1u << kind))
		return NULL;
	r = &v->queue[v->n];
	memset(r, 0, sizeof(*r));
	v->truth[v->n++] = 0;
	r->kind = (uint8_t)kind;
	r->t = v->t;
	r->vm = v->vm;
	r->vcpu = v->vcpu;
	r->cpu = v->cpu;
	if (view->others & REBLOCK_HAS_SEQ) {
		r->presence = REBLOCK_HAS_SEQ;
		r->seq = v->seq++;
	}
	return r;
}

/* Of the fields in HAS those in SEEN stay. */
static void see(struct reblock_record *r, unsigned has, unsigned seen)
{
	r->presence |= (uint16_t)(has & seen);
}

static void flag(struct reblock_record *r, unsigned has, unsigned seen, unsigned bit, bool value)
{
	r->presence |= (uint16_t)(has & seen);
	if (value && (has & seen))
		r->flags |= (uint8_t)bit;
}

/* What stands in fields that the recorder does not see is taken out. */
static void hide(struct reblock_record *r)
{
	r->rip = r->presence & REBLOCK_HAS_RIP ? r->rip : 0;
	r->qualification = r->presence & REBLOCK_HAS_QUALIFICATION ? r->qualification : 0;
	r->reason = r->presence & REBLOCK_HAS_REASON ? r->reason : 0;
	r->intr_info = r->presence & REBLOCK_HAS_INTR_INFO ? r->intr_info : 0;
	r->idt_vectoring = r->presence & REBLOCK_HAS_IDT_VECTORING ? r->idt_vectoring : 0;
	r->error_code = r->presence & REBLOCK_HAS_ERROR_CODE ? r->error_code : 0;
	r->interruptibility = r->presence & REBLOCK_HAS_INTERRUPTIBILITY ? r->interruptibility : 0;
	r->pin = r->presence & REBLOCK_HAS_PIN ? r->pin : 0;
	r->exec = r->presence & REBLOCK_HAS_EXEC ? r->exec : 0;
}

static void exit_record(struct sim *sim, struct sim_vcpu *v, const struct sim_exit *exit,
			uint64_t rip)
{
	struct reblock_record *r = record(sim, v, REBLOCK_EXIT);
	unsigned seen = sim->config.view.exit;

	if (!r)
		return;
	see(r, UINT16_MAX & ~REBLOCK_HAS_SEQ, seen);
	r->rip = rip;
	r->reason = exit->reason;
	r->qualification = exit->qualification;
	r->intr_info = exit->intr_info;
	r->error_code = exit->error_code;
	r->idt_vectoring = exit->idt_vectoring;
	r->interruptibility = sim_processor_interruptibility(&v->processor);
	r->pin = v->processor.pin;
	r->exec = EXEC;
	hide(r);
}

static void entry_record(struct sim *sim, struct sim_vcpu *v, const struct sim_handling *done,
			 bool same, unsigned truth)
{
	struct reblock_record *r = record(sim, v, REBLOCK_ENTRY);
	unsigned seen = sim->config.view.entry;
	bool valid = (done->intr_info & REBLOCK_INTR_VALID) != 0;
	bool nmi = valid && (done->intr_info & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_NMI;
	/* An event of its own, between the exit and the entry. */
	bool told = sim->config.view.injections && !(seen & REBLOCK_HAS_INTR_INFO);

	if (!r)
		return;
	if (told && valid && !nmi)
		seen |= REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_ERROR_CODE;
	see(r, UINT16_MAX & ~REBLOCK_HAS_SEQ, seen);
	r->rip = v->guest.rip;
	r->intr_info = done->intr_info;
	r->error_code = done->error_code;
	r->interruptibility = sim_processor_interruptibility(&v->processor);
	r->pin = v->processor.pin;
	r->exec = EXEC | (done->wants.nmi_window ? REBLOCK_EXEC_NMI_WINDOW : 0) |
		  (done->wants.interrupt_window ? EXEC_INTERRUPT_WINDOW : 0);
	hide(r);
	flag(r, REBLOCK_HAS_RIP_SAME, seen, REBLOCK_RIP_SAME, same);
	flag(r, REBLOCK_HAS_NMI_INJECTED, seen, REBLOCK_NMI_INJECTED, nmi);
	if (told && (!valid || nmi))
		r->flags |= REBLOCK_NO_OTHER_INJECTION;
	v->truth[v->n - 1] = truth;
}

static void mask_record(struct sim *sim, struct sim_vcpu *v, enum reblock_kind kind, bool mask)
{
	struct reblock_record *r = record(sim, v, kind);

	if (r)
		flag(r, REBLOCK_HAS_MASKED, sim->config.view.others, REBLOCK_MASKED, mask);
}

static void handling_records(struct sim *sim, struct sim_vcpu *v, const struct sim_handling *done)
{
	unsigned seen = sim->config.view.others;
	struct reblock_record *r;

	if (done->user_exit && (r = record(sim, v, REBLOCK_USER_EXIT))) {
		see(r, REBLOCK_HAS_REASON, seen);
		r->reason = done->user_reason;
	}
	if (done->mask_read)
		mask_record(sim, v, REBLOCK_MASK_READ, done->masked);
	if (done->events_write && (r = record(sim, v, REBLOCK_EVENTS_WRITE))) {
		flag(r, REBLOCK_HAS_MASKED, seen, REBLOCK_MASKED, done->mask_written);
		flag(r, REBLOCK_HAS_PENDING, seen, REBLOCK_PENDING, v->hypervisor.nmi_waits);
	}
	if (done->mask_write)
		mask_record(sim, v, REBLOCK_MASK_WRITE, done->mask_written);
	if (done->blocked_read)
		mask_record(sim, v, REBLOCK_BLOCKED_READ, done->blocked);
}

static unsigned truth_of(const struct sim_vcpu *v, const struct sim_exit *exit,
			 const struct sim_handling *done, bool enters)
{
	bool fresh_nmi = (done->intr_info & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_NMI &&
			 done->intr_info != exit->idt_vectoring;
	unsigned truth = 0;

	if (!enters)
		return SIM_FAILED;
	if (done->missed)
		truth |= done->mask_write ? SIM_MISSED_MASK : SIM_MISSED;
	if (done->silently)
		truth |= SIM_SILENT;
	if (fresh_nmi && sim_guest_is_open(&v->guest))
		truth |= SIM_NESTED;
	if (sim_guest_returns_to_itself(&v->guest))
		truth |= SIM_RETURNS_TO_ITSELF;
	return truth;
}

/* From the last entry to the next: the guest runs, exits, and is entered again. */
static void turn(struct sim *sim, struct sim_vcpu *v)
{
	const struct sim_config *c = &sim->config;
	enum sim_why why = SIM_EXITED_BETWEEN;
	struct sim_exit exit = { .reason = FAILED_ENTRY };
	struct sim_handling done;
	uint64_t rip;
	bool enters;

	if (sim->random->turn)
		sim->random->turn(sim->random);
	v->first = v->n = 0;
	v->t += 300 + sim_below(sim->random, 8000);
	if (v->failed)
		v->guest.delivering = 0;
	else
		why = sim_guest_run(&v->guest, &v->processor, sim->random, &c->habits, &v->wants,
				    &exit);
	rip = v->guest.rip;
	exit_record(sim, v, &exit, rip);
	sim_hypervisor_handle(&v->hypervisor, &v->processor, &v->guest, sim->random, &c->policy,
			      why, &exit, &done);
	handling_records(sim, v, &done);
	if (done.user_exit || sim_below(sim->random, 100) == 99)
		move(sim, v);
	enters = sim_processor_enters(&v->processor, done.intr_info);
	entry_record(sim, v, &done, rip == v->guest.rip, truth_of(v, &exit, &done, enters));
	v->failed = !enters;
	v->wants = done.wants;
}

static void meta(struct sim *sim, struct reblock_record *r)
{
	char name[] = "guest-00";

	memset(r, 0, sizeof(*r));
	sim->named++;
	name[6] = (char)('0' + sim->named / 10 % 10);
	name[7] = (char)('0' + sim->named % 10);
	r->kind = REBLOCK_META;
	r->t = BEGIN;
	r->vm = sim->named;
	r->vcpu = REBLOCK_NO_VCPU;
	r->cpu = REBLOCK_NO_CPU;
	r->presence = REBLOCK_HAS_ERROR_CODE;
	r->error_code = 4000 + sim->named; /* the process */
	reblock_record_set_name(r, name);
}

static void lost(struct reblock_record *r)
{
	struct reblock_record lost = { .kind = REBLOCK_LOST,
				       .t = r->t,
				       .vm = r->vm,
				       .vcpu = r->vcpu,
				       .cpu = REBLOCK_NO_CPU,
				       .presence = REBLOCK_HAS_QUALIFICATION,
				       .qualification = 1 };

	*r = lost;
}

unsigned sim_next(struct sim *sim, struct reblock_record *r)
{
	const struct sim_view *view = &sim->config.view;

	if ((view->kinds & 1u << REBLOCK_META) && sim->named < sim->config.vms) {
		meta(sim, r);
		return 0;
	}
	for (;;) {
		struct sim_vcpu *next = &sim->vcpus[0];
		unsigned truth;

		for (unsigned i = 0; i < sim->n_vcpus; i++) {
			struct sim_vcpu *v = &sim->vcpus[i];

			while (v->first == v->n)
				turn(sim, v);
			if (v->queue[v->first].t < next->queue[next->first].t)
				next = v;
		}
		*r = next->queue[next->first];
		truth = next->truth[next->first++];
		if (!sim_chance(sim->random, view->lost))
			return truth;
		if (!(view->others & REBLOCK_HAS_SEQ)) {
			lost(r);
			return 0;
		}
	}
}
