/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What KVM injects, for kernels whose kvm_entry does not say it: kvm_inj_virq and
 * kvm_inj_exception come between the exit and the entry, from the vCPU's own thread.
 *
 * An injection of an NMI leaves no event. Until 6.0 neither does an exception that is injected
 * again because its delivery was interrupted (inject_pending_event), or because user space said
 * so (KVM_SET_VCPU_EVENTS). kvm_inj_virq comes each time, also for one that is injected again
 * (vmx_inject_irq). An entry that is cancelled keeps what it would have injected
 * (kvm_x86_ops.cancel_injection), and the events may come once more for the next attempt.
 */
#include "input/kvm_state.h"

#define DELIVER_ERROR_CODE 0x800u
#define VECTOR_BP 3u
#define VECTOR_OF 4u

void kvm_injection_exit(struct kvm_events *k, struct kvm_vcpu *v, const struct reblock_record *exit)
{
	v->exited = true;
	v->user_exit = false;
	v->injected = KVM_INJECTED_NONE;
	v->generation = k->generation;
	v->idtv_known = reblock_has(exit, REBLOCK_HAS_IDT_VECTORING);
	v->idtv = exit->idt_vectoring;
}

static void injected(struct kvm_vcpu *v, uint32_t intr_info, uint32_t error_code)
{
	if (v->injected == KVM_INJECTED_ONE &&
	    (v->intr_info != intr_info || v->error_code != error_code))
		v->injected = KVM_INJECTED_MANY;
	if (v->injected != KVM_INJECTED_NONE)
		return;
	v->injected = KVM_INJECTED_ONE;
	v->intr_info = intr_info;
	v->error_code = error_code;
}

/*
 * Before 6.0 the event does not say whether it is a software interrupt. Those are only injected
 * again, after an exit during their delivery (INT n never needs injection otherwise).
 */
static bool soft_by_idtv(const struct kvm_vcpu *v, uint32_t vector)
{
	return (v->idtv & REBLOCK_INTR_VALID) &&
	       (v->idtv & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_SOFT_INTERRUPT &&
	       (v->idtv & REBLOCK_INTR_VECTOR) == vector;
}

void kvm_injection_virq(struct kvm_events *k, struct kvm_vcpu *v, const uint8_t *data)
{
	uint32_t vector = kvm_field_load(&k->virq.vector, data) & REBLOCK_INTR_VECTOR;
	bool soft;

	if (!v->exited)
		return;
	if (k->virq.soft.size) {
		soft = kvm_field_load(&k->virq.soft, data) != 0;
	} else if (v->idtv_known) {
		soft = soft_by_idtv(v, vector);
	} else {
		v->injected = KVM_INJECTED_MANY;
		return;
	}
	injected(v,
		 REBLOCK_INTR_VALID | vector |
			 (soft ? REBLOCK_INTR_TYPE_SOFT_INTERRUPT : REBLOCK_INTR_TYPE_EXTERNAL),
		 0);
}

void kvm_injection_exception(struct kvm_events *k, struct kvm_vcpu *v, const uint8_t *data)
{
	uint32_t vector = kvm_field_load(&k->exception.exception, data) & REBLOCK_INTR_VECTOR;
	uint32_t info = REBLOCK_INTR_VALID | vector, error_code = 0;

	if (!v->exited)
		return;
	/* kvm_exception_is_soft */
	info |= vector == VECTOR_BP || vector == VECTOR_OF ? REBLOCK_INTR_TYPE_SOFT_EXCEPTION :
							     REBLOCK_INTR_TYPE_HARD_EXCEPTION;
	if (kvm_field_load(&k->exception.has_error, data)) {
		info |= DELIVER_ERROR_CODE;
		error_code = (uint32_t)kvm_field_load(&k->exception.error_code, data);
	}
	injected(v, info, error_code);
}

/* Whether an injection without an event, but that of an NMI, can be excluded. */
static bool none_unseen(const struct kvm_events *k, const struct kvm_vcpu *v)
{
	if (k->exception.reinjected.size)
		return true;
	if (!k->recorded[KVM_USERSPACE_EXIT] || v->user_exit || !v->idtv_known)
		return false;
	if (!(v->idtv & REBLOCK_INTR_VALID))
		return true;
	switch (v->idtv & REBLOCK_INTR_TYPE) {
	case REBLOCK_INTR_TYPE_EXTERNAL:
	case REBLOCK_INTR_TYPE_NMI:
	case REBLOCK_INTR_TYPE_SOFT_INTERRUPT:
		return true;
	default:
		return false;
	}
}

void kvm_injection_entry(const struct kvm_events *k, const struct kvm_vcpu *v,
			 struct reblock_record *entry)
{
	if (!k->follow_injections || !v->exited || v->generation != k->generation)
		return;
	if (v->injected == KVM_INJECTED_NONE && none_unseen(k, v))
		entry->flags |= REBLOCK_NO_OTHER_INJECTION;
	if (v->injected != KVM_INJECTED_ONE)
		return;
	entry->intr_info = v->intr_info;
	entry->presence |= REBLOCK_HAS_INTR_INFO;
	if (v->intr_info & DELIVER_ERROR_CODE) {
		entry->error_code = v->error_code;
		entry->presence |= REBLOCK_HAS_ERROR_CODE;
	}
}
