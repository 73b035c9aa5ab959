/* SPDX-License-Identifier: BSD-2-Clause */
/* The tables of vCPUs and of VMs. A vCPU's state is allocated once, when its first record comes. */
#include <stdlib.h>
#include <string.h>
#include "state.h"

static size_t bucket_of(const struct reblock_audit *audit, uint64_t key)
{
	return (size_t)(key * 0x9e3779b97f4a7c15u >> 32) & (audit->n_buckets - 1);
}

void audit_vcpus_rehash(struct reblock_audit *audit)
{
	size_t i;

	if (audit->n_buckets)
		memset(audit->buckets, 0, audit->n_buckets * sizeof(*audit->buckets));
	for (i = 0; i < audit->n_vcpus; i++) {
		struct audit_vcpu *v = audit->vcpus[i];
		unsigned *bucket = &audit->buckets[bucket_of(audit, v->key)];

		v->next = *bucket;
		*bucket = (unsigned)i + 1;
	}
}

static int grow(struct reblock_audit *audit)
{
	size_t n = audit->n_buckets ? audit->n_buckets * 2 : 64;
	struct audit_vcpu **vcpus = realloc(audit->vcpus, n * sizeof(struct audit_vcpu *));
	unsigned *buckets;

	if (!vcpus)
		return -1;
	audit->vcpus = vcpus;
	buckets = calloc(n, sizeof(*buckets));
	if (!buckets)
		return -1;
	free(audit->buckets);
	audit->buckets = buckets;
	audit->n_buckets = audit->room = n;
	audit_vcpus_rehash(audit);
	return 0;
}

/* Whether records of a vCPU that is new may be missing just before its first one. */
static bool may_be_older(const struct reblock_audit *audit, uint32_t vm)
{
	if (audit->missed_some)
		return true;
	for (size_t i = 0; i < audit->n_vms; i++)
		if (audit->vms[i].vm == vm)
			return audit->vms[i].lost;
	return false;
}

static struct audit_vcpu *add(struct reblock_audit *audit, uint64_t key)
{
	struct audit_vcpu *v;
	unsigned *bucket;

	if (audit->n_vcpus == audit->room && grow(audit))
		return NULL;
	v = calloc(1, sizeof(*v));
	if (!v)
		return NULL;
	v->key = key;
	v->first = audit->now;
	/* It may be one that was retired: an absent l2 is then not taken as 0. */
	v->has_l2 = audit->retired_l2;
	v->summary.vm = (uint32_t)(key >> 16);
	v->summary.vcpu = (uint16_t)key;
	if (audit_records_early(audit) && may_be_older(audit, v->summary.vm))
		v->early = REBLOCK_BETWEEN_MASK_WRITE;
	bucket = &audit->buckets[bucket_of(audit, key)];
	v->next = *bucket;
	audit->vcpus[audit->n_vcpus++] = v;
	*bucket = (unsigned)audit->n_vcpus;
	return v;
}

struct audit_vcpu *audit_vcpu_known(struct reblock_audit *audit, uint64_t key)
{
	unsigned i = audit->n_buckets ? audit->buckets[bucket_of(audit, key)] : 0;

	while (i && audit->vcpus[i - 1]->key != key)
		i = audit->vcpus[i - 1]->next;
	return i ? audit->vcpus[i - 1] : NULL;
}

struct audit_vcpu *audit_vcpu_find(struct reblock_audit *audit, uint64_t key)
{
	struct audit_vcpu *v = audit_vcpu_known(audit, key);

	if (!v)
		v = add(audit, key);
	if (v)
		audit->recent[audit_recent(key)] = v;
	return v;
}

/* What in the chain of KEY says that its vCPU is at INDEX of the table. */
static unsigned *link_to(struct reblock_audit *audit, uint64_t key, size_t index)
{
	unsigned *link = &audit->buckets[bucket_of(audit, key)];

	while (*link != index + 1)
		link = &audit->vcpus[*link - 1]->next;
	return link;
}

void audit_vcpu_remove(struct reblock_audit *audit, struct audit_vcpu *v)
{
	size_t last = audit->n_vcpus - 1, index;
	unsigned *link;

	link = &audit->buckets[bucket_of(audit, v->key)];
	while (audit->vcpus[*link - 1] != v)
		link = &audit->vcpus[*link - 1]->next;
	index = *link - 1;
	*link = v->next;
	if (index != last) {
		*link_to(audit, audit->vcpus[last]->key, last) = (unsigned)index + 1;
		audit->vcpus[index] = audit->vcpus[last];
	}
	audit->n_vcpus = last;
	if (audit->recent[audit_recent(v->key)] == v)
		audit->recent[audit_recent(v->key)] = NULL;
	audit_predict_free(v);
	free(v);
}

int audit_vcpus_take(struct reblock_audit *audit, struct reblock_audit *from)
{
	while (audit->room < audit->n_vcpus + from->n_vcpus)
		if (grow(audit))
			return -1;
	for (size_t i = 0; i < from->n_vcpus; i++)
		audit->vcpus[audit->n_vcpus++] = from->vcpus[i];
	from->n_vcpus = 0;
	audit_vcpus_rehash(audit);
	return 0;
}

struct audit_vm *audit_vm_of(struct reblock_audit *audit, uint32_t vm)
{
	struct audit_vm *vms;
	size_t i;

	for (i = 0; i < audit->n_vms; i++)
		if (audit->vms[i].vm == vm)
			return &audit->vms[i];
	if (audit->n_vms == audit->vms_room) {
		size_t n = audit->vms_room ? audit->vms_room * 2 : 16;

		vms = realloc(audit->vms, n * sizeof(*vms));
		if (!vms)
			return NULL;
		audit->vms = vms;
		audit->vms_room = n;
	}
	memset(&audit->vms[audit->n_vms], 0, sizeof(audit->vms[0]));
	audit->vms[audit->n_vms].vm = vm;
	return &audit->vms[audit->n_vms++];
}

void audit_vm_remove(struct reblock_audit *audit, uint32_t vm)
{
	for (size_t i = 0; i < audit->n_vms; i++) {
		if (audit->vms[i].vm != vm)
			continue;
		audit->vms[i] = audit->vms[--audit->n_vms];
		return;
	}
}
