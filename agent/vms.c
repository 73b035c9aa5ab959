/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "agent/vms.h"

int vms_begin(struct vms *vms, size_t most)
{
	memset(vms, 0, sizeof(*vms));
	vms->list = calloc(most, sizeof(*vms->list));
	vms->most = most;
	return vms->list ? 0 : -ENOMEM;
}

void vms_end(struct vms *vms)
{
	free(vms->list);
	memset(vms, 0, sizeof(*vms));
}

static struct vms_vm *find(const struct vms *vms, uint32_t vm)
{
	for (size_t i = 0; i < vms->n; i++)
		if (vms->list[i].vm == vm)
			return &vms->list[i];
	return NULL;
}

static bool goes_before(const struct vms_vm *a, const struct vms_vm *b)
{
	if (!a->vcpus != !b->vcpus)
		return !a->vcpus;
	return a->used < b->used;
}

bool vms_meta(struct vms *vms, const struct reblock_record *meta, uint32_t *gone)
{
	struct vms_vm *vm = find(vms, meta->vm);
	bool full = !vm && vms->n == vms->most;

	if (full) {
		vm = &vms->list[0];
		for (size_t i = 1; i < vms->n; i++)
			if (goes_before(&vms->list[i], vm))
				vm = &vms->list[i];
		*gone = vm->vm;
	} else if (!vm) {
		vm = &vms->list[vms->n++];
	}
	if (vm->vm != meta->vm)
		memset(vm, 0, sizeof(*vm));
	vm->vm = meta->vm;
	vm->meta = *meta;
	vm->used = ++vms->clock;
	return full;
}

void vms_vcpu(struct vms *vms, uint32_t vm, bool gone)
{
	struct vms_vm *found = find(vms, vm);

	if (found && gone && found->vcpus)
		found->vcpus--;
	else if (found && !gone)
		found->vcpus++;
}

const struct reblock_record *vms_meta_of(const struct vms *vms, uint32_t vm)
{
	const struct vms_vm *found = find(vms, vm);

	return found ? &found->meta : NULL;
}

/* Of what is known the first: NAME, PID or VM's number, with a word before the numbers. */
static void name_of(const struct vms *vms, uint32_t vm, char between, char text[VMS_TEXT_MOST],
		    uint32_t *pid)
{
	const struct reblock_record *meta = vms_meta_of(vms, vm);
	char name[REBLOCK_NAME_LENGTH + 1] = "";

	*pid = meta && reblock_has(meta, REBLOCK_HAS_ERROR_CODE) ? meta->error_code : 0;
	if (meta && reblock_has(meta, REBLOCK_HAS_RIP))
		reblock_record_name(meta, name);
	if (name[0])
		(void)snprintf(text, VMS_TEXT_MOST, "%s", name);
	else if (*pid)
		(void)snprintf(text, VMS_TEXT_MOST, "pid%c%" PRIu32, between, *pid);
	else
		(void)snprintf(text, VMS_TEXT_MOST, "vm%c%" PRIu32, between, vm);
}

const char *vms_text(const struct vms *vms, uint32_t vm, char text[VMS_TEXT_MOST])
{
	size_t length;
	uint32_t pid;

	name_of(vms, vm, ' ', text, &pid);
	length = strlen(text);
	if (pid && strncmp(text, "pid ", 4) != 0)
		(void)snprintf(text + length, VMS_TEXT_MOST - length, " (pid %" PRIu32 ")", pid);
	return text;
}

const char *vms_label(const struct vms *vms, uint32_t vm, char text[VMS_TEXT_MOST])
{
	uint32_t pid;

	name_of(vms, vm, '-', text, &pid);
	return text;
}
