/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "agent/vcpus.h"

int vcpus_begin(struct vcpus *t, size_t most, size_t records, size_t bytes)
{
	size_t ring = sizeof(struct vcpus_ring) + records * sizeof(struct kept);

	memset(t, 0, sizeof(*t));
	t->most = most;
	t->records = records;
	t->most_rings = records ? bytes / ring : 0;
	if (t->most_rings > most)
		t->most_rings = most;
	for (t->n_buckets = 64; t->n_buckets < most; t->n_buckets *= 2)
		;
	t->buckets = calloc(t->n_buckets, sizeof(struct vcpus_vcpu *));
	return t->buckets ? 0 : -ENOMEM;
}

void vcpus_end(struct vcpus *t)
{
	struct vcpus_vcpu *newer;

	for (struct vcpus_vcpu *v = t->oldest; v; v = newer) {
		newer = v->newer;
		free(v->ring);
		free(v);
	}
	free((void *)t->buckets);
	memset(t, 0, sizeof(*t));
}

static struct vcpus_vcpu **bucket_of(const struct vcpus *t, uint64_t key)
{
	return &t->buckets[(size_t)(key * 0x9e3779b97f4a7c15u >> 32) & (t->n_buckets - 1)];
}

struct vcpus_vcpu *vcpus_find(const struct vcpus *t, uint32_t vm, uint16_t vcpu)
{
	uint64_t key = vcpus_key(vm, vcpu);
	struct vcpus_vcpu *v = *bucket_of(t, key);

	while (v && v->key != key)
		v = v->chain;
	return v;
}

static void unlink_from_order(struct vcpus *t, struct vcpus_vcpu *v)
{
	if (t->oldest_ring == v)
		t->oldest_ring = v->newer;
	*(v->newer ? &v->newer->older : &t->newest) = v->older;
	*(v->older ? &v->older->newer : &t->oldest) = v->newer;
}

static void link_as_newest(struct vcpus *t, struct vcpus_vcpu *v)
{
	v->older = t->newest;
	v->newer = NULL;
	*(t->newest ? &t->newest->newer : &t->oldest) = v;
	t->newest = v;
}

/* The newest has a ring: its own, a new one, or that of the one which was seen longest ago. */
static void give_ring(struct vcpus *t, struct vcpus_vcpu *v)
{
	if (!v->ring && t->rings < t->most_rings) {
		v->ring = calloc(1, sizeof(*v->ring) + t->records * sizeof(struct kept));
		t->rings += v->ring != NULL;
	}
	if (!v->ring && t->oldest_ring) {
		struct vcpus_vcpu *from = t->oldest_ring;

		v->ring = from->ring;
		v->ring->at = v->ring->n = 0;
		from->ring = NULL;
		t->oldest_ring = from->newer;
	}
	if (v->ring && !t->oldest_ring)
		t->oldest_ring = v;
}

struct vcpus_vcpu *vcpus_see(struct vcpus *t, uint32_t vm, uint16_t vcpu, uint64_t now)
{
	struct vcpus_vcpu *v;

	if (t->newest && t->newest->key == vcpus_key(vm, vcpu)) {
		t->newest->seen = now;
		return t->newest;
	}
	v = vcpus_find(t, vm, vcpu);
	if (v) {
		unlink_from_order(t, v);
	} else {
		struct vcpus_vcpu **bucket = bucket_of(t, vcpus_key(vm, vcpu));

		v = calloc(1, sizeof(*v));
		if (!v)
			return NULL;
		v->key = vcpus_key(vm, vcpu);
		v->chain = *bucket;
		*bucket = v;
		t->n++;
	}
	v->seen = now;
	link_as_newest(t, v);
	give_ring(t, v);
	return v;
}

void vcpus_keep(const struct vcpus *t, struct vcpus_vcpu *v, uint64_t number,
		const struct reblock_record *record)
{
	struct vcpus_ring *ring = v->ring;
	struct kept *place;

	if (!ring)
		return;
	place = &ring->kept[(ring->at + ring->n) % t->records];
	place->number = number;
	place->record = *record;
	if (ring->n < t->records)
		ring->n++;
	else
		ring->at = (ring->at + 1) % t->records;
}

const struct kept *vcpus_kept(const struct vcpus *t, const struct vcpus_vcpu *v, size_t i)
{
	if (!v->ring || i >= v->ring->n)
		return NULL;
	return &v->ring->kept[(v->ring->at + i) % t->records];
}

void vcpus_remove(struct vcpus *t, struct vcpus_vcpu *v)
{
	struct vcpus_vcpu **link = bucket_of(t, v->key);

	while (*link != v)
		link = &(*link)->chain;
	*link = v->chain;
	unlink_from_order(t, v);
	t->rings -= v->ring != NULL;
	t->n--;
	free(v->ring);
	free(v);
}
