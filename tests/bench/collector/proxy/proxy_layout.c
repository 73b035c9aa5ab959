/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Where the programs find a vCPU's VMX state on a kernel that has no kvm_intel: in the guest's registers rcx, r8 to
 * r10 and r15, which KVM keeps in struct kvm_vcpu, and which exits.c fills with what such an exit shows. So the programs
 * do as many reads, of the same sizes, as with kvm_intel of Linux 5.14 to 6.15. (Since 6.16 IDT-vectoring no longer lies
 * beside the qualification and the interruption information, which takes one read more where an exit is looked at.)
 *
 * loaded_vmcs has to point to vmcs01, as outside of a nested guest. There is no way to write such a pointer, but there
 * is one: an empty list's head points to itself. So both are that head, and the controls lie behind it.
 */
#include "proxy_layout.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RCX 1
#define R(n) (8u * (n)) /* in kvm_vcpu.arch.regs */

/* The member NAME of struct TYPE, and its offset in bytes. */
static const struct btf_member *member(const struct btf *btf, int type, const char *name,
				       unsigned *offset)
{
	const struct btf_type *t = type > 0 ? btf__type_by_id(btf, (__u32)type) : NULL;

	for (unsigned i = 0; t && btf_is_composite(t) && i < btf_vlen(t); i++) {
		const struct btf_member *m = btf_members(t) + i;

		if (strcmp(btf__name_by_offset(btf, m->name_off), name) == 0) {
			*offset = btf_member_bit_offset(t, i) / 8;
			return m;
		}
	}
	return NULL;
}

/* The offset of the registers in struct kvm_vcpu, and of the list head that is empty while nothing is paged in. */
static int find(const struct btf *btf, unsigned *regs, unsigned *list)
{
	int vcpu = btf__find_by_name_kind(btf, "kvm_vcpu", BTF_KIND_STRUCT);
	const struct btf_member *m;
	unsigned inner;

	m = member(btf, vcpu, "arch", regs);
	if (!m || !member(btf, (int)m->type, "regs", &inner))
		return -ENOENT;
	*regs += inner;
	m = member(btf, vcpu, "async_pf", list);
	if (!m || !member(btf, (int)m->type, "queue", &inner))
		return -ENOENT;
	*list += inner;
	return *list < *regs ? 0 : -ENOENT;
}

static int add_struct(struct btf *btf, const char *name, unsigned size)
{
	return btf__add_struct(btf, name, size);
}

/* To the struct that was added last. */
static void add_field(struct btf *btf, const char *name, int type, unsigned offset)
{
	btf__add_field(btf, name, type, 8 * offset, 0);
}

/*
 * The classic tracepoint's record, of kvm_emulate_insn in place of kvm_exit: the reason lies over bytes 3 to 6 of the
 * guest's instructions, which exits.c has chosen so that it is none of interest; what is read only for such, anywhere.
 */
static int add_record(struct btf *btf, int u32, int u64)
{
	int record =
		btf__find_by_name_kind(btf, "trace_event_raw_kvm_emulate_insn", BTF_KIND_STRUCT);
	unsigned code, rip;

	if (!member(btf, record, "insn", &code) || !member(btf, record, "rip", &rip) ||
	    (code + 3) % 4)
		return -ENOENT;
	record = btf__add_struct(btf, "proxy_exit_record", code + 7);
	add_field(btf, "info1", u64, rip);
	add_field(btf, "intr_info", u32, rip + 8);
	add_field(btf, "exit_reason", u32, code + 3);
	return record < 0 ? record : 0;
}

static int add_types(struct btf *btf)
{
	unsigned regs, list;
	int result = find(btf, &regs, &list);
	int byte, u32, u64, controls, reason, vmcs, pointer, mode;

	if (result)
		return result;
	byte = btf__add_int(btf, "reblock_bool", 1, BTF_INT_BOOL);
	u32 = btf__add_int(btf, "reblock_u32", 4, 0);
	u64 = btf__add_int(btf, "reblock_u64", 8, 0);
	controls = add_struct(btf, "vmcs_controls_shadow", 8);
	add_field(btf, "pin", u32, 0);
	add_field(btf, "exec", u32, 4);
	reason = btf__add_union(btf, "vmx_exit_reason", 4);
	add_field(btf, "full", u32, 0);
	vmcs = add_struct(btf, "loaded_vmcs", regs - list + R(16));
	add_field(btf, "nmi_known_unmasked", byte, regs - list + R(RCX));
	add_field(btf, "controls_shadow", controls, regs - list + R(15));
	pointer = btf__add_ptr(btf, vmcs);
	mode = add_struct(btf, NULL, 4);
	add_field(btf, "vm86_active", u32, 0);
	result = add_struct(btf, "vcpu_vmx", regs + R(16));
	add_field(btf, "exit_reason", reason, regs + R(8));
	add_field(btf, "rmode", mode, regs + R(8) + 4);
	add_field(btf, "exit_qualification", u64, regs + R(9));
	add_field(btf, "exit_intr_info", u32, regs + R(10));
	add_field(btf, "idt_vectoring_info", u32, regs + R(10) + 4);
	add_field(btf, "loaded_vmcs", pointer, list);
	add_field(btf, "vmcs01", vmcs, list);
	return result < 0 ? result : add_record(btf, u32, u64);
}

/* In a file without a name, which ends with the program. */
static int write_out(const struct btf *btf)
{
	__u32 size;
	const void *data = btf__raw_data(btf, &size);
	int file = data ? memfd_create("btf", MFD_CLOEXEC) : -1;

	return file >= 0 && write(file, data, size) == (ssize_t)size ? file : -1;
}

const struct bpf_object_open_opts *proxy_layout(void)
{
	static struct bpf_object_open_opts options = { .sz = sizeof(options) };
	static char path[32];
	struct btf *btf;
	int result;

	if (path[0])
		return &options;
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return NULL;
	result = add_types(btf);
	if (!result) {
		result = write_out(btf);
		if (result >= 0) {
			snprintf(path, sizeof(path), "/proc/self/fd/%d", result);
			options.btf_custom_path = path;
		}
	}
	btf__free(btf);
	if (result < 0)
		errno = result == -1 ? EIO : -result;
	return result < 0 ? NULL : &options;
}
