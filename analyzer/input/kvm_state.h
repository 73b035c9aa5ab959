/* SPDX-License-Identifier: BSD-2-Clause */
/* What the decoder of KVM's trace events keeps. Private to the kvm_*.c files here. */
#ifndef INPUT_KVM_STATE_H
#define INPUT_KVM_STATE_H

#include "input/kvm_events.h"
#include "input/kvm_field.h"
#include "input/u64_map.h"

enum kvm_kind {
	KVM_OTHER, /* no event that is looked at */
	KVM_EXIT,
	KVM_ENTRY,
	KVM_USERSPACE_EXIT,
	KVM_INJ_VIRQ,
	KVM_INJ_EXCEPTION,
	KVM_NESTED,
	KVM_KINDS
};

#define KVM_IDS 65536 /* common_type has 16 bits */
#define KVM_NO_VCPU UINT32_MAX
#define KVM_THREAD_VCPUS 256 /* the most that one thread runs */
#define KVM_RECENT 256       /* CPUs that have a place of their own for their last thread */

/* What was injected since the exit, as far as kvm_inj_virq and kvm_inj_exception tell. */
enum kvm_injected {
	KVM_INJECTED_NONE,
	KVM_INJECTED_ONE,  /* or the same several times, by cancelled entries */
	KVM_INJECTED_MANY, /* different ones, or one whose type is not known: not decided */
};

struct kvm_vcpu {
	uint32_t id; /* vcpu_id, at most REBLOCK_NO_VCPU - 1 */
	uint32_t vm;
	uint32_t next;       /* of the same thread, or KVM_NO_VCPU */
	uint32_t generation; /* of struct kvm_events, at the last exit */
	bool told;           /* its VM has had its meta record */
	bool vmx;            /* an exit of VMX was seen, and none of another ISA since */
	bool exited;         /* since the last entry */
	bool user_exit;      /* KVM_RUN returned since the exit */
	bool idtv_known;     /* of that exit */
	uint8_t injected;    /* enum kvm_injected, since the exit */
	bool deliver_error;  /* the injected exception has an error code */
	uint32_t idtv, intr_info, error_code;
};

struct kvm_thread {
	uint32_t pid, tid;
	uint32_t vcpu;       /* that it ran last, or KVM_NO_VCPU */
	uint32_t generation; /* of struct kvm_events, when that was last seen */
	uint32_t n_vcpus;
	bool nested; /* it has run a nested guest: which VMCS is in use is no longer known */
};

struct kvm_events {
	uint8_t kind[KVM_IDS];
	bool recorded[KVM_KINDS];
	bool recorded_nested_vmexit;
	int nested_vmexit; /* its id, 0: not known */
	kvm_events_name_fn *name;
	void *context;
	char release[64];
	bool idtv_trusted; /* a 0 in info2 is IDT-vectoring information of 0 */
	uint32_t generation;
	/* by kind: bytes that the fields need */
	uint32_t needs[KVM_KINDS];
	struct kvm_field common_pid;
	struct {
		struct kvm_field reason, rip, isa, info1, info2, intr_info, error_code, vcpu_id;
	} exit;
	struct {
		struct kvm_field vcpu_id, rip, intr_info, error_code;
	} entry;
	struct {
		struct kvm_field reason, errno_;
	} user_exit;
	struct {
		struct kvm_field vector, soft;
	} virq;
	struct {
		struct kvm_field exception, has_error, error_code, reinjected;
	} exception;
	/* both injection events were recorded, and kvm_entry itself does not tell */
	bool follow_injections;

	struct kvm_vcpu *vcpus;
	size_t n_vcpus, vcpus_room;
	struct kvm_thread *threads;
	size_t n_threads, threads_room;
	struct u64_map thread_of;    /* (process, thread) to index + 1 */
	uint32_t recent[KVM_RECENT]; /* by CPU: the thread last seen there, or any */
	struct u64_map vms_of;       /* (process, vcpu_id) to how many of its threads use that id */
	struct u64_map vm_of;        /* (process, n) to the number of its nth VM */
	struct u64_map told;         /* numbers of VMs that have had their meta record */
	uint32_t n_vms;              /* numbers given */

	struct {
		uint64_t svm, other_isa, no_vcpu, bad_vcpu, too_many, too_short;
		uint64_t idtv_absent;
		uint64_t nested; /* threads */
		uint32_t isa;    /* of one of other_isa */
	} count;
	char note[512];
};

/* kvm_threads.c: the thread of an event, NULL when memory is short or there are too many (*ERR is 0). */
struct kvm_thread *kvm_thread_of(struct kvm_events *k, const struct kvm_event *e, int *err);
/*
 * The vCPU with ID of thread T, made now if it is new, and now the one that T runs; *SWITCHED says
 * that T ran another one since it ran this. NULL when memory is short, or there are too many or ID
 * is too large (then *ERR is 0, and it is counted).
 */
struct kvm_vcpu *kvm_vcpu_of(struct kvm_events *k, struct kvm_thread *t, uint64_t id,
			     bool *switched, int *err);

/* kvm_injection.c: what is known of event injection at the entry E that V makes. */
void kvm_injection_exit(struct kvm_events *k, struct kvm_vcpu *v,
			const struct reblock_record *exit);
void kvm_injection_virq(struct kvm_events *k, struct kvm_vcpu *v, const uint8_t *data);
void kvm_injection_exception(struct kvm_events *k, struct kvm_vcpu *v, const uint8_t *data);
void kvm_injection_entry(const struct kvm_events *k, const struct kvm_vcpu *v,
			 struct reblock_record *entry);

#endif
