/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "pt/vcpus.h"

#define REASON_VMLAUNCH 20u
#define REASON_VMRESUME 24u

static size_t place(const struct pt_vcpus *v, uint64_t key)
{
	size_t i = (key * 0x9e3779b97f4a7c15u >> 32) & (v->n_slots - 1);

	while (v->slots[i] && v->list[v->slots[i] - 1].key != key)
		i = (i + 1) & (v->n_slots - 1);
	return i;
}

struct pt_vcpu *pt_vcpus_find(const struct pt_vcpus *v, uint64_t key)
{
	size_t i;

	if (!v->n_slots)
		return NULL;
	i = place(v, key);
	return v->slots[i] ? &v->list[v->slots[i] - 1] : NULL;
}

static int grow(struct pt_vcpus *v)
{
	size_t room = v->room ? v->room * 2 : 64;
	struct pt_vcpu *list = realloc(v->list, room * sizeof(*list));
	uint32_t *slots;

	if (!list)
		return -ENOMEM;
	v->list = list;
	slots = calloc(room * 2, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(v->slots);
	v->slots = slots;
	v->n_slots = room * 2;
	v->room = room;
	for (size_t i = 0; i < v->n; i++)
		v->slots[place(v, v->list[i].key)] = (uint32_t)i + 1;
	return 0;
}

int pt_vcpus_get(struct pt_vcpus *v, uint64_t key, struct pt_vcpu **vcpu)
{
	int err;

	*vcpu = pt_vcpus_find(v, key);
	if (*vcpu)
		return 0;
	if (v->n >= PT_VCPUS_MOST)
		return -E2BIG;
	err = v->n == v->room ? grow(v) : 0;
	if (err)
		return err;
	*vcpu = &v->list[v->n];
	memset(*vcpu, 0, sizeof(**vcpu));
	(*vcpu)->key = key;
	v->slots[place(v, key)] = (uint32_t)++v->n;
	return 0;
}

void pt_vcpus_free(struct pt_vcpus *v)
{
	free(v->list);
	free(v->slots);
	memset(v, 0, sizeof(*v));
}

bool pt_exit_runs_guest(const struct reblock_record *exit)
{
	uint32_t reason = exit && reblock_has(exit, REBLOCK_HAS_REASON) ?
				  exit->reason & REBLOCK_REASON_BASIC :
				  0;

	return reason == REASON_VMLAUNCH || reason == REASON_VMRESUME;
}

int pt_vcpu_l2(struct pt_vcpu *vcpu, const struct pt_section *s, const struct reblock_record *exit)
{
	bool enters = pt_exit_runs_guest(exit);

	if (!s->has_vmcs)
		return -1;
	if (enters) {
		/* Those of two: one is a nested guest that is a hypervisor itself. */
		vcpu->deeper |= vcpu->knows_l1 && vcpu->vmcs != s->vmcs;
		vcpu->nested = vcpu->knows_l1 = true;
	}
	if (!vcpu->has_vmcs || enters)
		vcpu->vmcs = s->vmcs;
	vcpu->has_vmcs = true;
	vcpu->nested |= s->vmcs != vcpu->vmcs;
	if (!vcpu->nested)
		return -1;
	if (vcpu->deeper || s->vmcs != vcpu->vmcs)
		return 1;
	return vcpu->knows_l1 ? 0 : -1;
}
