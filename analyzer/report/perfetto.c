/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <reblock/json.h>
#include "report/decode.h"
#include "report/perfetto.h"
#include "report/perfetto_packet.h"
#include "report/timeline.h"

/* A vCPU, or (REBLOCK_NO_VCPU) the VM itself. */
struct vcpu {
	uint32_t vm;
	uint16_t vcpu;
	uint32_t pid; /* of the VM here, not the host's */
	uint64_t track, blocking_track, must_track;
	uint64_t t; /* of its last event */
	bool in_host;
	uint64_t exit_number, exit_t; /* of the last exit, where it is drawn */
	/* blocking is known to have this value from since to until; REBLOCK_UNKNOWN: not known */
	enum reblock_tri blocking;
	uint64_t since, until;
	enum reblock_tri so_far; /* after the last record */
};

struct perfetto {
	FILE *out;
	struct protobuf message;
	bool events_recorded, failed;
	uint64_t last;     /* the latest time */
	uint64_t next_id;  /* of tracks */
	uint32_t next_pid; /* processes and threads need numbers that differ from each other */
	struct vcpu *vcpus;
	size_t n_vcpus, vcpus_room;
	unsigned *slots; /* hash of vm and vcpu to place in vcpus + 1 */
	size_t n_slots;
};

struct perfetto *perfetto_new(FILE *out, const struct reblock_source *source)
{
	struct perfetto *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->out = out;
	p->next_id = 1;
	p->next_pid = 1;
	p->events_recorded = (source->presence & REBLOCK_SOURCE_CAPTURES) &&
			     (source->captures & 1u << REBLOCK_EVENTS_WRITE);
	perfetto_start(&p->message, out);
	return p;
}

static size_t slot_of(const struct perfetto *p, uint32_t vm, uint16_t vcpu)
{
	size_t slot = (vm * 2654435761u ^ vcpu * 40503u) % p->n_slots;

	for (; p->slots[slot]; slot = (slot + 1) % p->n_slots) {
		const struct vcpu *v = &p->vcpus[p->slots[slot] - 1];

		if (v->vm == vm && v->vcpu == vcpu)
			break;
	}
	return slot;
}

static bool grow_slots(struct perfetto *p)
{
	size_t n_slots = p->n_slots ? 4 * p->n_slots : 256;
	unsigned *slots = calloc(n_slots, sizeof(*slots));

	if (!slots) {
		p->failed = true;
		return false;
	}
	free(p->slots);
	p->slots = slots;
	p->n_slots = n_slots;
	for (size_t i = 0; i < p->n_vcpus; i++)
		slots[slot_of(p, p->vcpus[i].vm, p->vcpus[i].vcpu)] = (unsigned)i + 1;
	return true;
}

static void name_vm(struct perfetto *p, const struct vcpu *vm, const char *name, uint32_t pid)
{
	char text[REBLOCK_NAME_LENGTH + 48];
	int length = snprintf(text, sizeof(text), "vm %" PRIu32, vm->vm);

	if (*name)
		length += snprintf(text + length, sizeof(text) - (size_t)length, " %s", name);
	if (pid)
		snprintf(text + length, sizeof(text) - (size_t)length, " (pid %" PRIu32 ")", pid);
	perfetto_process(&p->message, p->out, vm->track, vm->pid, text);
}

static void name_vcpu(struct perfetto *p, const struct vcpu *v, uint64_t process)
{
	char name[16];

	snprintf(name, sizeof(name), "vCPU %u", (unsigned)v->vcpu);
	perfetto_thread(&p->message, p->out, v->track, process, v->pid, p->next_pid++, name);
	perfetto_track(&p->message, p->out, v->blocking_track, v->track, "blocking by NMI was");
	perfetto_track(&p->message, p->out, v->must_track, v->track, "blocking by NMI must be");
}

/* The entry of a vCPU or a VM, made where there is none; NULL when memory is short. */
static struct vcpu *known(struct perfetto *p, uint32_t vm, uint16_t vcpu, bool *is_new)
{
	struct vcpu *v;
	size_t slot;

	*is_new = false;
	if (2 * p->n_vcpus >= p->n_slots && !grow_slots(p))
		return NULL;
	slot = slot_of(p, vm, vcpu);
	if (p->slots[slot])
		return &p->vcpus[p->slots[slot] - 1];
	if (p->n_vcpus == p->vcpus_room) {
		size_t room = p->vcpus_room ? 2 * p->vcpus_room : 16;
		struct vcpu *more = realloc(p->vcpus, room * sizeof(*more));

		if (!more) {
			p->failed = true;
			return NULL;
		}
		p->vcpus = more;
		p->vcpus_room = room;
	}
	v = &p->vcpus[p->n_vcpus++];
	*v = (struct vcpu){ .vm = vm,
			    .vcpu = vcpu,
			    .track = p->next_id++,
			    .blocking = REBLOCK_UNKNOWN,
			    .so_far = REBLOCK_UNKNOWN };
	p->slots[slot] = (unsigned)p->n_vcpus;
	*is_new = true;
	return v;
}

static struct vcpu *vm_of(struct perfetto *p, uint32_t number)
{
	bool is_new;
	struct vcpu *vm = known(p, number, REBLOCK_NO_VCPU, &is_new);

	if (vm && is_new) {
		vm->pid = p->next_pid++;
		name_vm(p, vm, "", 0);
	}
	return vm;
}

static struct vcpu *vcpu_of(struct perfetto *p, uint32_t vm, uint16_t vcpu)
{
	bool is_new;
	struct vcpu *v = known(p, vm, vcpu, &is_new), *process;

	if (!v || !is_new)
		return v;
	v->blocking_track = p->next_id++;
	v->must_track = p->next_id++;
	process = vm_of(p, vm);
	if (!process)
		return NULL;
	/* The table may have moved. */
	v = known(p, vm, vcpu, &is_new);
	if (v) {
		v->pid = process->pid;
		name_vcpu(p, v, process->track);
	}
	return v;
}

static struct perfetto_event begin(struct perfetto *p, enum perfetto_type type, uint64_t t,
				   uint64_t track, enum perfetto_category category,
				   const char *name)
{
	return perfetto_event(&p->message, type, t, track, category, name);
}

static void slice(struct perfetto *p, uint64_t track, const char *name, uint64_t from, uint64_t to)
{
	struct perfetto_event e = begin(p, PERFETTO_BEGIN, from, track, PERFETTO_BLOCKING, name);

	perfetto_event_write(&e, p->out);
	e = begin(p, PERFETTO_END, to, track, PERFETTO_BLOCKING, NULL);
	perfetto_event_write(&e, p->out);
}

/* A stretch of time is known only where both its ends say the same. */
static void blocking_ends(struct perfetto *p, struct vcpu *v)
{
	if (v->blocking != REBLOCK_UNKNOWN && v->until > v->since)
		slice(p, v->blocking_track, v->blocking == REBLOCK_YES ? "was 1" : "was 0",
		      v->since, v->until);
	v->blocking = REBLOCK_UNKNOWN;
}

static void blocking(struct perfetto *p, struct vcpu *v, const struct reblock_record *r)
{
	struct timeline_record said = { .record = *r };

	timeline_blocking(&said, v->so_far, p->events_recorded);
	v->so_far = said.after;
	if (said.before == v->blocking)
		v->until = v->t;
	if (said.before == v->blocking && said.after == v->blocking)
		return;
	blocking_ends(p, v);
	v->blocking = said.after;
	v->since = v->until = v->t;
}

static void leave_host(struct perfetto *p, struct vcpu *v)
{
	struct perfetto_event e;

	if (!v->in_host)
		return;
	v->in_host = false;
	e = begin(p, PERFETTO_END, v->t, v->track, PERFETTO_EXIT, NULL);
	perfetto_event_write(&e, p->out);
}

static void instant(struct perfetto *p, struct vcpu *v, enum perfetto_category category,
		    const char *name, uint64_t number, const struct reblock_record *r)
{
	struct perfetto_event e = begin(p, PERFETTO_INSTANT, v->t, v->track, category, name);

	perfetto_event_number(&e, PERFETTO_NUMBER, number);
	if (r && reblock_has(r, REBLOCK_HAS_MASKED))
		perfetto_event_number(&e, PERFETTO_MASKED,
				      (uint64_t)reblock_flag(r, REBLOCK_MASKED));
	perfetto_event_write(&e, p->out);
}

static void exit_event(struct perfetto *p, struct vcpu *v, uint64_t number,
		       const struct reblock_record *r)
{
	char name[DECODE_MAX] = "exit";
	struct reblock_unblock u;
	struct perfetto_event e;

	leave_host(p, v);
	if (reblock_has(r, REBLOCK_HAS_REASON))
		decode_reason(r->reason, name);
	e = begin(p, PERFETTO_BEGIN, v->t, v->track, PERFETTO_EXIT, name);
	perfetto_event_number(&e, PERFETTO_NUMBER, number);
	if (reblock_has(r, REBLOCK_HAS_RIP))
		perfetto_event_address(&e, PERFETTO_RIP, r->rip);
	if (r->qualification)
		perfetto_event_address(&e, PERFETTO_QUALIFICATION, r->qualification);
	if (r->intr_info)
		perfetto_event_address(&e, PERFETTO_INTR_INFO, r->intr_info);
	if (r->idt_vectoring)
		perfetto_event_address(&e, PERFETTO_IDT_VECTORING, r->idt_vectoring);
	reblock_unblock_of(r, &u);
	if (u.unblocked == REBLOCK_YES)
		perfetto_event_number(&e, PERFETTO_UNBLOCKED, 1);
	perfetto_event_write(&e, p->out);
	v->in_host = true;
	v->exit_number = number;
	v->exit_t = v->t;
	if (reblock_idtv_is_nmi(r) == REBLOCK_YES)
		instant(p, v, PERFETTO_NMI, "NMI delivery interrupted", number, NULL);
}

/* On one vCPU time does not go back: slices would cross. A record without a time stands after the one before it. */
static void move_on(struct perfetto *p, struct vcpu *v, const struct reblock_record *r)
{
	uint64_t t = r->t == REBLOCK_NO_TIME ? p->last + 1 : r->t;

	if (t > v->t)
		v->t = t;
	if (v->t > p->last)
		p->last = v->t;
}

/* One vector is worth a name of its own. */
static const char *witness_name(const struct reblock_record *r)
{
	static const char *const names[REBLOCK_SAW_KINDS] = {
		[REBLOCK_SAW_INTERRUPT] = "PT: event delivered",
		[REBLOCK_SAW_ASYNC] = "PT: asynchronous branch",
		[REBLOCK_SAW_IRET] = "PT: IRET completed",
		[REBLOCK_SAW_EXIT] = "PT: exit",
		[REBLOCK_SAW_ENTRY] = "PT: entry",
		[REBLOCK_SAW_OTHER] = "PT: other",
		[REBLOCK_SAW_GAP] = "PT: gap",
	};

	if (r->error_code == REBLOCK_SAW_INTERRUPT && reblock_has(r, REBLOCK_HAS_INTR_INFO) &&
	    r->intr_info == REBLOCK_VECTOR_NMI)
		return "PT: NMI delivered";
	if (r->error_code == REBLOCK_SAW_EXIT && reblock_has(r, REBLOCK_HAS_MASKED) &&
	    reblock_flag(r, REBLOCK_MASKED))
		return "PT: exit at an IRET";
	return r->error_code < REBLOCK_SAW_KINDS && names[r->error_code] ? names[r->error_code] :
									   "PT";
}

static void event(struct perfetto *p, struct vcpu *v, uint64_t number,
		  const struct reblock_record *r)
{
	move_on(p, v, r);
	blocking(p, v, r);
	switch (r->kind) {
	case REBLOCK_EXIT:
		exit_event(p, v, number, r);
		break;
	case REBLOCK_ENTRY:
		leave_host(p, v);
		if (reblock_injects(r) == REBLOCK_INJECTS_NMI)
			instant(p, v, PERFETTO_NMI, "NMI injected", number, NULL);
		break;
	case REBLOCK_LOST:
		leave_host(p, v);
		instant(p, v, PERFETTO_LOSS, "records lost", number, NULL);
		break;
	case REBLOCK_WITNESS:
		instant(p, v, PERFETTO_OPERATION, witness_name(r), number, NULL);
		break;
	default:
		instant(p, v, PERFETTO_OPERATION, reblock_kind_name(r->kind), number, r);
		break;
	}
}

void perfetto_record(struct perfetto *p, uint64_t number, const struct reblock_record *r)
{
	struct vcpu *v;

	if (r->kind == REBLOCK_META) {
		char name[REBLOCK_NAME_LENGTH + 1] = "";
		struct vcpu *vm = vm_of(p, r->vm);

		if (reblock_has(r, REBLOCK_HAS_RIP))
			reblock_record_name(r, name);
		if (vm)
			name_vm(p, vm, name,
				reblock_has(r, REBLOCK_HAS_ERROR_CODE) ? r->error_code : 0);
	} else if (r->vm == REBLOCK_NO_VM || r->vcpu == REBLOCK_NO_VCPU) {
		for (size_t i = 0; i < p->n_vcpus; i++)
			if (p->vcpus[i].vcpu != REBLOCK_NO_VCPU &&
			    (r->vm == REBLOCK_NO_VM || r->vm == p->vcpus[i].vm))
				event(p, &p->vcpus[i], number, r);
	} else {
		v = vcpu_of(p, r->vm, r->vcpu);
		if (v)
			event(p, v, number, r);
	}
}

void perfetto_pair(struct perfetto *p, const struct reblock_pair *pair)
{
	struct vcpu *v = vcpu_of(p, pair->exit->vm, pair->exit->vcpu);
	bool must_be_1 = pair->verdict.must == REBLOCK_MUST_BE_1;

	if (!v || v->exit_number != pair->exit_number ||
	    (!must_be_1 && pair->verdict.must != REBLOCK_MUST_BE_0))
		return;
	slice(p, v->must_track, must_be_1 ? "must be 1" : "must be 0", v->exit_t, v->t);
}

void perfetto_finding(struct perfetto *p, const struct reblock_finding *f)
{
	struct vcpu *v = vcpu_of(p, f->vm, f->vcpu);
	struct perfetto_event e;
	char text[24 * REBLOCK_FINDING_RECORDS] = "";
	size_t length = 0;

	if (!v)
		return;
	e = begin(p, PERFETTO_INSTANT, f->t == REBLOCK_NO_TIME ? v->t : f->t, v->track,
		  PERFETTO_FINDING, reblock_finding_name(f->kind));
	perfetto_event_text(&e, PERFETTO_SEVERITY, reblock_severity_name(f->severity));
	perfetto_event_text(&e, PERFETTO_EVIDENCE, reblock_evidence_name(f->evidence));
	perfetto_event_text(&e, PERFETTO_WHY, f->why);
	perfetto_event_text(&e, PERFETTO_RULE, f->rule ? f->rule : "?");
	if (f->policy)
		perfetto_event_text(&e, PERFETTO_POLICY, f->policy);
	for (unsigned i = 0; i < f->n_records; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s#%" PRIu64,
					   i ? " " : "", f->records[i]);
	perfetto_event_text(&e, PERFETTO_RECORDS, text);
	for (unsigned bit = 0; bit < REBLOCK_ASSUMPTIONS; bit++)
		if (f->assumes >> bit & 1)
			perfetto_event_text(&e, PERFETTO_ASSUMES, reblock_assumption_name(bit));
	perfetto_event_write(&e, p->out);
}

bool perfetto_end(struct perfetto *p)
{
	for (size_t i = 0; i < p->n_vcpus; i++) {
		blocking_ends(p, &p->vcpus[i]);
		leave_host(p, &p->vcpus[i]);
	}
	return !p->failed;
}

void perfetto_free(struct perfetto *p)
{
	if (!p)
		return;
	free(p->vcpus);
	free(p->slots);
	free(p);
}
