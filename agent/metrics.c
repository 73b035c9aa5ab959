/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "agent/metrics.h"

int metrics_begin(struct metrics *m, bool per_vm, const char *version)
{
	struct timespec now;

	memset(m, 0, sizeof(*m));
	clock_gettime(CLOCK_REALTIME, &now);
	m->started = (double)now.tv_sec + (double)now.tv_nsec / 1e9;
	m->version = version;
	m->per_vm = per_vm;
	pthread_mutex_init(&m->lock, NULL);
	if (!per_vm)
		return 0;
	m->vms = calloc(METRICS_VMS, sizeof(*m->vms));
	m->n_vms = 1;
	return m->vms ? 0 : -ENOMEM;
}

void metrics_end(struct metrics *m)
{
	free(m->vms);
	m->vms = NULL;
	pthread_mutex_destroy(&m->lock);
}

static void add(struct metrics_judged *to, const struct metrics_judged *from)
{
	for (unsigned i = 0; i < REBLOCK_UNBLOCK_EXITS; i++) {
		to->unblocks[i] += from->unblocks[i];
		to->reblocks[i] += from->reblocks[i];
	}
	for (unsigned i = 0; i < REBLOCK_FINDING_KINDS; i++)
		for (unsigned k = 0; k < REBLOCK_EVIDENCES; k++)
			to->findings[i][k] += from->findings[i][k];
	for (unsigned i = 0; i < REBLOCK_CAUSES; i++) {
		to->unjudged[i] += from->unjudged[i];
		to->possible[i] += from->possible[i];
	}
}

struct metrics_judged *metrics_of_vm(struct metrics *m, const char *label)
{
	struct metrics_vm *vm = NULL, *oldest = NULL;

	if (!m->per_vm)
		return NULL;
	for (size_t i = 1; i < m->n_vms && !vm; i++) {
		if (strcmp(m->vms[i].label, label) == 0)
			vm = &m->vms[i];
		else if (!oldest || m->vms[i].used < oldest->used)
			oldest = &m->vms[i];
	}
	if (!vm && m->n_vms < METRICS_VMS) {
		vm = &m->vms[m->n_vms++];
	} else if (!vm) {
		vm = oldest;
		add(&m->vms[0].judged, &vm->judged);
		memset(vm, 0, sizeof(*vm));
	}
	if (!vm->label[0])
		(void)snprintf(vm->label, sizeof(vm->label), "%s", label);
	vm->used = ++m->clock;
	return &vm->judged;
}
