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
	v->summary.vm = (uint32_t)(key >> 16);
	v->summary.vcpu = (uint16_t)key;
	bucket = &audit->buckets[bucket_of(audit, key)];
	v->next = *bucket;
	audit->vcpus[audit->n_vcpus++] = v;
	*bucket = (unsigned)audit->n_vcpus;
	return v;
}

struct audit_vcpu *audit_vcpu_find(struct reblock_audit *audit, uint64_t key)
{
	struct audit_vcpu *v = NULL;
	unsigned i;

	if (audit->n_buckets) {
		for (i = audit->buckets[bucket_of(audit, key)]; i; i = v->next) {
			v = audit->vcpus[i - 1];
			if (v->key == key)
				break;
		}
		if (!i)
			v = NULL;
	}
	if (!v)
		v = add(audit, key);
	if (v)
		audit->recent[audit_recent(key)] = v;
	return v;
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
