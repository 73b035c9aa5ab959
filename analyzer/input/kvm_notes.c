/* SPDX-License-Identifier: BSD-2-Clause */
/* What a recording of KVM's trace events could not tell, in sentences. */
#include <inttypes.h>
#include "input/kvm_state.h"
#include "notes.h"

static void say_idtv(struct kvm_events *k, struct notes *n)
{
	note(n, !k->exit.intr_info.size,
	     "this kernel's kvm_exit has no IDT-vectoring information: it is not known where bit 12 is defined");
	note(n, k->count.idtv_absent && k->release[0],
	     "IDT-vectoring information is taken as absent in %" PRIu64
	     " exits: kernels before 5.12 (this is %s) record it always as 0",
	     k->count.idtv_absent, k->release);
	note(n, k->count.idtv_absent && !k->release[0],
	     "IDT-vectoring information is taken as absent in %" PRIu64
	     " exits: kernels before 5.12 record it always as 0, and this recording does not say of which kernel it is",
	     k->count.idtv_absent);
}

static void say_not_recorded(struct kvm_events *k, struct notes *n)
{
	note(n, !k->recorded[KVM_USERSPACE_EXIT],
	     "kvm:kvm_userspace_exit was not recorded, so writes of a vCPU's events by user space cannot be excluded, and findings that hang on it are withheld; record with: %s",
	     KVM_EVENTS_PERF_RECORD);
	note(n, !k->entry.rip.size,
	     "this kernel's kvm_entry has no RIP: whether a guest resumed at the IRET is not known");
	note(n, !k->entry.intr_info.size && !k->follow_injections,
	     "this kernel's kvm_entry does not say what is injected, and kvm:kvm_inj_virq and kvm:kvm_inj_exception were not both recorded; record with: %s",
	     KVM_EVENTS_PERF_RECORD);
}

static void say_dropped(struct kvm_events *k, struct notes *n)
{
	note(n, k->count.svm, "%" PRIu64 " exits of AMD SVM (isa 2) are not judged: VMX only",
	     k->count.svm);
	note(n, k->count.other_isa,
	     "%" PRIu64 " exits of an instruction set extension that is not known (isa %" PRIu32
	     ") are not judged: VMX only",
	     k->count.other_isa, k->count.isa);
	note(n, k->count.no_vcpu,
	     "%" PRIu64
	     " exits are left out: this kernel's kvm_exit does not name the vCPU, and no kvm_entry of their thread came before",
	     k->count.no_vcpu);
	note(n, k->count.bad_vcpu, "%" PRIu64 " events are left out: their vcpu_id is %u or more",
	     k->count.bad_vcpu, REBLOCK_NO_VCPU);
	note(n, k->count.too_many,
	     "%" PRIu64
	     " events are left out: there are more than %d vCPUs or threads, or more than %d vCPUs of one thread",
	     k->count.too_many, KVM_EVENTS_VCPUS, KVM_THREAD_VCPUS);
	note(n, k->count.too_short,
	     "%" PRIu64 " events are shorter than their format says, and taken as lost",
	     k->count.too_short);
	note(n, k->count.nested,
	     "%" PRIu64
	     " threads ran nested guests: from then on it is not known which VMCS their vCPUs used, and they are not judged",
	     k->count.nested);
}

const char *kvm_events_note(struct kvm_events *k, size_t i)
{
	struct notes n = { .text = k->note, .size = sizeof(k->note), .left = i };

	say_dropped(k, &n);
	say_idtv(k, &n);
	say_not_recorded(k, &n);
	return n.found ? k->note : NULL;
}
