/* SPDX-License-Identifier: BSD-2-Clause */
/* The VMs of a stream: what their meta records say. Of bounded number. */
#ifndef AGENT_VMS_H
#define AGENT_VMS_H

#include <stdbool.h>
#include <stddef.h>
#include <reblock/record.h>

struct vms_vm {
	uint32_t vm;
	uint64_t used;              /* when its meta record came, by vms.clock */
	size_t vcpus;               /* of it that are kept */
	struct reblock_record meta; /* as it came */
};

struct vms {
	struct vms_vm *list;
	size_t n, most;
	uint64_t clock;
};

/* Returns 0 or -ENOMEM. */
int vms_begin(struct vms *vms, size_t most);
void vms_end(struct vms *vms);

/*
 * Takes a meta record of a VM. Returns true with *GONE the number of another VM, if one had to go for it: one of
 * which no vCPU is kept, where there is such a one, and the one whose meta record came first.
 */
bool vms_meta(struct vms *vms, const struct reblock_record *meta, uint32_t *gone);

/* One more vCPU of VM is kept, or (GONE) one less. */
void vms_vcpu(struct vms *vms, uint32_t vm, bool gone);

/* The meta record of a VM; NULL where there was none. */
const struct reblock_record *vms_meta_of(const struct vms *vms, uint32_t vm);

/* For people: "guest-a (pid 4242)", "pid 4242" or "vm 3". */
#define VMS_TEXT_MOST 96
const char *vms_text(const struct vms *vms, uint32_t vm, char text[VMS_TEXT_MOST]);

/* For labels and file names: "guest-a", "pid-4242" or "vm-3". */
const char *vms_label(const struct vms *vms, uint32_t vm, char text[VMS_TEXT_MOST]);

#endif
