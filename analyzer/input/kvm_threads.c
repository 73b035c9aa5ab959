/* SPDX-License-Identifier: BSD-2-Clause */
/* Which vCPU of which VM a thread runs. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "input/kvm_state.h"

/* A process; where it is not known, a thread, which cannot be confused with one. */
static uint64_t owner_of(const struct kvm_thread *t)
{
	return t->pid ? t->pid : 1ull << 32 | t->tid;
}

/* Makes room for one more of SIZE bytes each. Returns 0 or -ENOMEM. */
static int room_for_one(void **array, size_t n, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 64;
	void *larger;

	if (n < *room)
		return 0;
	larger = realloc(*array, more * size);
	if (!larger)
		return -ENOMEM;
	*array = larger;
	*room = more;
	return 0;
}

struct kvm_thread *kvm_thread_of(struct kvm_events *k, const struct kvm_event *e, int *err)
{
	uint32_t tid = e->tid;
	void *threads = k->threads;
	struct kvm_thread *t;
	uint64_t key;
	uint32_t i;

	*err = 0;
	/* Its process-id namespace may hide a thread from the recorder, not from the event. */
	if (!tid && k->common_pid.size &&
	    e->size >= (uint32_t)k->common_pid.offset + k->common_pid.size)
		tid = (uint32_t)kvm_field_load(&k->common_pid, e->data);
	key = (uint64_t)e->pid << 32 | tid;
	i = u64_map_get(&k->thread_of, key);
	if (i)
		return &k->threads[i - 1];
	if (k->n_threads >= KVM_EVENTS_VCPUS) {
		k->count.too_many++;
		return NULL;
	}
	*err = room_for_one(&threads, k->n_threads, &k->threads_room, sizeof(*t));
	k->threads = threads;
	if (!*err)
		*err = u64_map_set(&k->thread_of, key, (uint32_t)k->n_threads + 1);
	if (*err)
		return NULL;
	t = &k->threads[k->n_threads++];
	memset(t, 0, sizeof(*t));
	t->pid = e->pid;
	t->tid = tid;
	t->vcpu = KVM_NO_VCPU;
	return t;
}

/* The VM that a vCPU with ID of thread T is of: the first of its process that has no such vCPU yet. */
static int number_vm(struct kvm_events *k, const struct kvm_thread *t, uint64_t id, uint32_t *vm)
{
	uint64_t owner = owner_of(t), same_id = owner << 16 | id;
	uint32_t nth = u64_map_get(&k->vms_of, same_id);
	int err = u64_map_set(&k->vms_of, same_id, nth + 1);

	if (err)
		return err;
	*vm = u64_map_get(&k->vm_of, owner << 17 | nth);
	if (*vm)
		return 0;
	*vm = ++k->n_vms;
	return u64_map_set(&k->vm_of, owner << 17 | nth, *vm);
}

static struct kvm_vcpu *new_vcpu(struct kvm_events *k, const struct kvm_thread *t, uint64_t id,
				 int *err)
{
	void *vcpus = k->vcpus;
	struct kvm_vcpu v = { .id = (uint32_t)id, .next = KVM_NO_VCPU };

	if (id >= REBLOCK_NO_VCPU) {
		k->count.bad_vcpu++;
		return NULL;
	}
	if (k->n_vcpus >= KVM_EVENTS_VCPUS || t->n_vcpus >= KVM_THREAD_VCPUS) {
		k->count.too_many++;
		return NULL;
	}
	*err = room_for_one(&vcpus, k->n_vcpus, &k->vcpus_room, sizeof(v));
	k->vcpus = vcpus;
	if (!*err)
		*err = number_vm(k, t, id, &v.vm);
	if (*err)
		return NULL;
	k->vcpus[k->n_vcpus] = v;
	return &k->vcpus[k->n_vcpus++];
}

struct kvm_vcpu *kvm_vcpu_of(struct kvm_events *k, struct kvm_thread *t, uint64_t id,
			     bool *switched, int *err)
{
	struct kvm_vcpu *v;
	uint32_t i, before;

	*switched = false;
	*err = 0;
	t->generation = k->generation;
	if (t->vcpu != KVM_NO_VCPU && k->vcpus[t->vcpu].id == id)
		return &k->vcpus[t->vcpu];
	/* The list begins with the one that ran last. */
	before = KVM_NO_VCPU;
	for (i = t->vcpu; i != KVM_NO_VCPU && k->vcpus[i].id != id; i = k->vcpus[i].next)
		before = i;
	if (i != KVM_NO_VCPU) {
		k->vcpus[before].next = k->vcpus[i].next;
		v = &k->vcpus[i];
		*switched = true;
	} else {
		v = new_vcpu(k, t, id, err);
		if (!v)
			return NULL;
		t->n_vcpus++;
	}
	v->next = t->vcpu;
	t->vcpu = (uint32_t)(v - k->vcpus);
	return v;
}
