/* SPDX-License-Identifier: BSD-2-Clause */
/* KVM's trace events as records: what each event means. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "input/kvm_state.h"
#include "input/reader.h"
#include "input/utf8.h"

#define ISA_VMX 1 /* arch/x86/kvm/trace.h, KVM_ISA_VMX */
#define ISA_SVM 2
#define REASON_VMLAUNCH 20u
#define REASON_VMRESUME 24u
/* vcpu->arch.regs[RIP] where KVM cannot read it (TDX): not set, or set by kvm_vcpu_reset */
#define RIP_OF_RESET 0xfff0u
#define DELIVER_ERROR_CODE 0x800u

static void begin(struct reblock_record *r, enum reblock_kind kind, const struct kvm_event *e,
		  const struct kvm_vcpu *v)
{
	memset(r, 0, sizeof(*r));
	r->kind = (uint8_t)kind;
	r->t = e->t;
	r->cpu = e->cpu;
	r->vm = v->vm;
	r->vcpu = (uint16_t)v->id;
}

/* The first record of a VM is preceded by one that says whose it is. */
static int tell_vm(struct kvm_events *k, const struct kvm_event *e, const struct kvm_thread *t,
		   const struct kvm_vcpu *v, struct reblock_record *r)
{
	const char *name = k->name ? k->name(k->context, t->pid, t->tid) : NULL;

	begin(r, REBLOCK_META, e, v);
	r->vcpu = REBLOCK_NO_VCPU;
	if (t->pid) {
		r->error_code = t->pid;
		r->presence |= REBLOCK_HAS_ERROR_CODE;
	}
	if (name && name[0]) {
		reblock_record_set_name(r, name);
		utf8_name_clean(r);
	}
	return r->presence != 0;
}

/*
 * What goes before a record of V: whose VM it is, and the return to user space that must have been
 * where a thread runs one vCPU after another.
 */
static int tell_before(struct kvm_events *k, const struct kvm_event *e, const struct kvm_thread *t,
		       struct kvm_vcpu *v, bool switched, struct reblock_record *out)
{
	int n = 0;

	if (!v->told) {
		v->told = true;
		if (!u64_map_get(&k->told, v->vm)) {
			if (u64_map_set(&k->told, v->vm, 1))
				return -ENOMEM;
			n = tell_vm(k, e, t, v, out);
		}
	}
	if (switched && k->recorded[KVM_USERSPACE_EXIT]) {
		v->user_exit = true;
		begin(&out[n++], REBLOCK_USER_EXIT, e, v);
	}
	return n;
}

static inline int before(struct kvm_events *k, const struct kvm_event *e,
			 const struct kvm_thread *t, struct kvm_vcpu *v, bool switched,
			 struct reblock_record *out)
{
	return v->told && !switched ? 0 : tell_before(k, e, t, v, switched, out);
}

static void give_l2(const struct kvm_events *k, const struct kvm_thread *t,
		    struct reblock_record *r)
{
	if (k->recorded_nested_vmexit && !t->nested)
		r->presence |= REBLOCK_HAS_L2;
}

static void ran_nested(struct kvm_events *k, struct kvm_thread *t)
{
	k->count.nested += !t->nested;
	t->nested = true;
}

static void fill_exit(struct kvm_events *k, const uint8_t *d, struct reblock_record *r)
{
	unsigned has = REBLOCK_HAS_REASON | REBLOCK_HAS_QUALIFICATION;
	uint64_t info2 = kvm_field_load(&k->exit.info2, d);

	r->reason = (uint32_t)kvm_field_load(&k->exit.reason, d);
	r->qualification = kvm_field_load(&k->exit.info1, d);
	r->rip = kvm_field_load(&k->exit.rip, d);
	if (r->rip && r->rip != RIP_OF_RESET)
		has |= REBLOCK_HAS_RIP;
	else
		r->rip = 0;
	/* A failed entry leaves the other fields as they were, and KVM reports them as 0. */
	if (!(r->reason & REBLOCK_REASON_FAILED_ENTRY)) {
		has |= REBLOCK_HAS_INTR_INFO;
		if (k->exit.intr_info.size) {
			r->intr_info = (uint32_t)kvm_field_load(&k->exit.intr_info, d);
			k->idtv_trusted |= info2 != 0;
			if (k->idtv_trusted) {
				r->idt_vectoring = (uint32_t)info2;
				has |= REBLOCK_HAS_IDT_VECTORING;
			} else {
				k->count.idtv_absent++;
			}
		} else {
			r->intr_info = (uint32_t)info2;
		}
		if (k->exit.error_code.size && (r->intr_info & REBLOCK_INTR_VALID) &&
		    (r->intr_info & DELIVER_ERROR_CODE)) {
			r->error_code = (uint32_t)kvm_field_load(&k->exit.error_code, d);
			has |= REBLOCK_HAS_ERROR_CODE;
		}
	}
	r->presence |= (uint16_t)has;
}

/* The vCPU of an event: by its field, or by what its thread ran last. NULL also where not known. */
static inline struct kvm_vcpu *vcpu_by(struct kvm_events *k, const struct kvm_field *vcpu_id,
				       struct kvm_thread *t, const uint8_t *d, bool *switched,
				       int *err)
{
	*switched = false;
	*err = 0;
	if (vcpu_id->size) {
		uint64_t id = kvm_field_load(vcpu_id, d);

		/* Mostly the one that ran last. */
		if (t->vcpu != KVM_NO_VCPU && k->vcpus[t->vcpu].id == id) {
			t->generation = k->generation;
			return &k->vcpus[t->vcpu];
		}
		return kvm_vcpu_of(k, t, id, switched, err);
	}
	if (t->vcpu == KVM_NO_VCPU || t->generation != k->generation) {
		k->count.no_vcpu++;
		return NULL;
	}
	return &k->vcpus[t->vcpu];
}

static int take_exit(struct kvm_events *k, struct kvm_thread *t, const struct kvm_event *e,
		     struct reblock_record *out)
{
	const uint8_t *d = e->data;
	uint32_t isa = (uint32_t)kvm_field_load(&k->exit.isa, d);
	struct reblock_record *r;
	bool switched;
	int n, err;
	struct kvm_vcpu *v = vcpu_by(k, &k->exit.vcpu_id, t, d, &switched, &err);

	if (isa == ISA_SVM) {
		k->count.svm++;
	} else if (isa != ISA_VMX) {
		k->count.other_isa++;
		k->count.isa = isa;
	}
	if (!v)
		return err;
	v->vmx = isa == ISA_VMX;
	if (!v->vmx)
		return 0;
	n = before(k, e, t, v, switched, out);
	if (n < 0)
		return n;
	r = &out[n];
	begin(r, REBLOCK_EXIT, e, v);
	fill_exit(k, d, r);
	give_l2(k, t, r);
	kvm_injection_exit(k, v, r);
	if ((r->reason & REBLOCK_REASON_BASIC) == REASON_VMLAUNCH ||
	    (r->reason & REBLOCK_REASON_BASIC) == REASON_VMRESUME) {
		/* Not nested itself. Being the one with a known l2, it ends the audit's assumption that no vCPU is. */
		r->presence |= t->nested ? 0 : REBLOCK_HAS_L2;
		ran_nested(k, t);
	}
	return n + 1;
}

static int take_entry(struct kvm_events *k, struct kvm_thread *t, const struct kvm_event *e,
		      struct reblock_record *out)
{
	const uint8_t *d = e->data;
	struct reblock_record *r;
	bool switched;
	int n, err;
	struct kvm_vcpu *v = vcpu_by(k, &k->entry.vcpu_id, t, d, &switched, &err);

	if (!v)
		return err;
	if (!v->vmx) /* not, or not yet known to be */
		return 0;
	n = before(k, e, t, v, switched, out);
	if (n < 0)
		return n;
	r = &out[n];
	begin(r, REBLOCK_ENTRY, e, v);
	r->rip = kvm_field_load(&k->entry.rip, d);
	if (r->rip && r->rip != RIP_OF_RESET)
		r->presence |= REBLOCK_HAS_RIP;
	else
		r->rip = 0;
	give_l2(k, t, r);
	if (k->entry.intr_info.size) {
		r->intr_info = (uint32_t)kvm_field_load(&k->entry.intr_info, d);
		r->presence |= REBLOCK_HAS_INTR_INFO;
		if (k->entry.error_code.size && (r->intr_info & REBLOCK_INTR_VALID) &&
		    (r->intr_info & DELIVER_ERROR_CODE)) {
			r->error_code = (uint32_t)kvm_field_load(&k->entry.error_code, d);
			r->presence |= REBLOCK_HAS_ERROR_CODE;
		}
	} else if (!t->nested) {
		kvm_injection_entry(k, v, r);
	}
	v->exited = false;
	return n + 1;
}

static int take_user_exit(struct kvm_events *k, struct kvm_thread *t, const struct kvm_event *e,
			  struct reblock_record *out)
{
	struct kvm_vcpu *v;
	int n;

	if (t->vcpu == KVM_NO_VCPU)
		return 0;
	v = &k->vcpus[t->vcpu];
	v->user_exit = true;
	if (!v->vmx)
		return 0;
	n = before(k, e, t, v, false, out);
	if (n < 0)
		return n;
	begin(&out[n], REBLOCK_USER_EXIT, e, v);
	/* Where KVM_RUN failed, the reason is one left over from before. */
	if (k->user_exit.errno_.size &&
	    (int32_t)kvm_field_load(&k->user_exit.errno_, e->data) >= 0) {
		out[n].reason = (uint32_t)kvm_field_load(&k->user_exit.reason, e->data);
		out[n].presence |= REBLOCK_HAS_REASON;
	}
	return n + 1;
}

/* As kvm_thread_of. A CPU runs the same thread for a while. */
static inline struct kvm_thread *thread_of(struct kvm_events *k, const struct kvm_event *e,
					   int *err)
{
	uint32_t *recent = &k->recent[e->cpu % KVM_RECENT];
	struct kvm_thread *t;

	*err = 0;
	if (e->tid && *recent < k->n_threads && k->threads[*recent].tid == e->tid &&
	    k->threads[*recent].pid == e->pid)
		return &k->threads[*recent];
	t = kvm_thread_of(k, e, err);
	if (t)
		*recent = (uint32_t)(t - k->threads);
	return t;
}

int kvm_events_take(struct kvm_events *k, int id, const struct kvm_event *e,
		    struct reblock_record out[KVM_EVENT_RECORDS])
{
	unsigned kind = k->kind[(unsigned)id % KVM_IDS];
	struct kvm_thread *t;
	int err;

	if (kind == KVM_OTHER)
		return 0;
	if (e->size < k->needs[kind]) {
		k->count.too_short++;
		kvm_events_lost(k);
		reader_lost(out, 1);
		out->t = e->t;
		return 1;
	}
	t = thread_of(k, e, &err);
	if (!t)
		return err;
	/* Nearly all are one of these, which a table of jumps would not know. */
	if (kind == KVM_EXIT)
		return take_exit(k, t, e, out);
	if (kind == KVM_ENTRY)
		return take_entry(k, t, e, out);
	switch (kind) {
	case KVM_USERSPACE_EXIT:
		return take_user_exit(k, t, e, out);
	case KVM_INJ_VIRQ:
		if (t->vcpu != KVM_NO_VCPU)
			kvm_injection_virq(k, &k->vcpus[t->vcpu], e->data);
		return 0;
	case KVM_INJ_EXCEPTION:
		if (t->vcpu != KVM_NO_VCPU)
			kvm_injection_exception(k, &k->vcpus[t->vcpu], e->data);
		return 0;
	default:
		ran_nested(k, t);
		return 0;
	}
}

void kvm_events_lost(struct kvm_events *k)
{
	k->generation++;
}
