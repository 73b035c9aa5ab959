/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KVM's trace events, as perf.data and trace.dat hold them (the raw bytes of a tracepoint), as
 * records. Shared by the readers of both.
 *
 * Events are found by name (system "kvm") and fields by name, with the offset, size and sign that
 * the recording's own formats give; nothing is decided by the kernel's version but one thing that
 * no format shows (RELEASE below). What a format does not have is absent in the records.
 *
 * One thread with one vcpu_id is one vCPU. A vm number stands for a process, or for a thread where
 * the process is not known; the second thread of a process that uses the same vcpu_id belongs to
 * another VM of that process, with a vm number of its own.
 *
 * How to use it: kvm_events_new; kvm_events_recorded for each event that the recording has;
 * kvm_events_source; then kvm_events_take for each event in the order of time, and
 * kvm_events_lost wherever some may be missing; at the end kvm_events_note.
 */
#ifndef INPUT_KVM_EVENTS_H
#define INPUT_KVM_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <reblock/record.h>
#include <reblock/source.h>

struct tep_handle;
struct kvm_events;

/* The events that a recording should have, as perf record -e and trace-cmd record -e take them. */
#define KVM_EVENTS_BOTH "kvm:kvm_exit,kvm:kvm_entry"
#define KVM_EVENTS_ALL \
	KVM_EVENTS_BOTH ",kvm:kvm_userspace_exit,kvm:kvm_inj_virq,kvm:kvm_inj_exception"
#define KVM_EVENTS_PERF_RECORD "perf record -a -e " KVM_EVENTS_ALL

/* The most records that one event makes. */
#define KVM_EVENT_RECORDS 3

/* The most vCPUs that are told apart; the events of further ones are dropped, and said. */
#define KVM_EVENTS_VCPUS 65536

struct kvm_event {
	uint64_t t;       /* ns, or REBLOCK_NO_TIME */
	const void *data; /* raw bytes of the tracepoint, common fields included; any alignment */
	uint32_t size;    /* of them; more than the format needs is allowed (padding) */
	uint32_t pid;     /* process; 0: not known */
	uint32_t tid;     /* thread; 0: not known, then the event's own common_pid is taken */
	uint16_t cpu;     /* host CPU, or REBLOCK_NO_CPU */
};

/*
 * The name of a process (PID not 0) or of a thread (PID 0), for the meta record of a new vm
 * number; NULL where it is not known. Valid until the next call; need not be clean UTF-8.
 */
typedef const char *kvm_events_name_fn(void *context, uint32_t pid, uint32_t tid);

/*
 * Looks the events up in TEP, which must stay until kvm_events_free. RELEASE is the kernel release
 * of the recording ("6.1.0-28-amd64"), NULL or empty where it is not known: kernels before 5.12
 * have a kvm_exit whose format has IDT-vectoring information (info2) that is always 0 (fixed by
 * f5c59b575bdf). There, and where the release is not known, 0 is taken as absent until one event
 * with another value shows that this kernel has the fix. NAME may be NULL.
 *
 * Returns NULL when memory is short.
 */
struct kvm_events *kvm_events_new(struct tep_handle *tep, const char *release,
				  kvm_events_name_fn *name, void *context);

/*
 * Says that the recording has the event ID, of whatever system: also if it never fired. To be
 * called for all of them before the first kvm_events_take.
 */
void kvm_events_recorded(struct kvm_events *k, int id);

/*
 * Whether kvm_exit and kvm_entry were both recorded, with formats that have what is needed of
 * them. Without, nothing can be audited: the reader refuses the file, and KVM_EVENTS_PERF_RECORD
 * or the like is what to do.
 */
bool kvm_events_enough(const struct kvm_events *k);

/*
 * Sets captures and fields of SOURCE, and marks them known; the rest stays as it is. captures
 * include lost and meta records. bare_metal stays not known: KVM may itself run in a VM.
 */
void kvm_events_source(const struct kvm_events *k, struct reblock_source *source);

/* Whether kvm_events_take does anything with the event ID. */
bool kvm_events_wants(const struct kvm_events *k, int id);

/*
 * Takes one event; those of one thread must come in their order. Returns how many records it made
 * in OUT, 0 to KVM_EVENT_RECORDS, all well-formed; or -ENOMEM. An event too short for its format
 * makes a lost record for all vCPUs and counts as lost (kvm_events_lost is not needed).
 */
int kvm_events_take(struct kvm_events *k, int id, const struct kvm_event *event,
		    struct reblock_record out[KVM_EVENT_RECORDS]);

/*
 * Says that events may be missing here, of whatever thread: what had been gathered between exits
 * and entries is dropped. The caller makes the lost record itself.
 */
void kvm_events_lost(struct kvm_events *k);

/*
 * The I-th plain sentence, without the file's name, on what this recording could not tell; NULL
 * past the last. Complete after the last event; valid until the next call that changes K.
 */
const char *kvm_events_note(struct kvm_events *k, size_t i);

void kvm_events_free(struct kvm_events *k); /* NULL is allowed */

#endif
