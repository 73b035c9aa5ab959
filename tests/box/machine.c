/* SPDX-License-Identifier: BSD-2-Clause */
#define _GNU_SOURCE
#include "machine.h"

#include "guest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096ul
#define LARGE 0x200000ul
#define FILL_SIZE ((FILL_PAGES + 1) * PAGE)

#define PRESENT 1ul
#define WRITABLE 2ul
#define LARGE_PAGE 0x80ul

enum slot { SLOT_LOW, SLOT_ALIAS, SLOT_FILL };

_Noreturn void fail(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("vmm: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	exit(1);
}

static int call(int fd, unsigned long request, unsigned long argument, const char *name)
{
	int result = ioctl(fd, request, argument);

	if (result < 0)
		fail("%s: %s", name, strerror(errno));
	return result;
}
#define CALL(fd, request, argument) call(fd, request, (unsigned long)(argument), #request)

static void *map(size_t size, int flags, int fd, off_t offset)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, offset);

	if (at == MAP_FAILED)
		fail("mmap: %s", strerror(errno));
	return at;
}

/*
 * All of it is touched here: a first write must not move a page that KVM has mapped. The alias has a mapping of its
 * own, because protecting a part of one makes Linux take everything around it from KVM.
 */
static void make_memory(struct machine *m)
{
	int fd = memfd_create("guest", MFD_CLOEXEC);
	uint8_t *fill;

	if (fd < 0 || ftruncate(fd, LOW_SIZE) != 0)
		fail("memory of the guest: %s", strerror(errno));
	m->low = map(LOW_SIZE, MAP_SHARED, fd, 0);
	m->alias = map(STORE_PAGES * PAGE, MAP_SHARED, fd, AT_STORE);
	close(fd);
	memset(m->low, 0, LOW_SIZE);
	fill = map(FILL_SIZE + LARGE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	m->fill = fill + (LARGE - (uintptr_t)fill % LARGE) % LARGE;
	madvise(m->fill, FILL_PAGES * PAGE, MADV_HUGEPAGE); /* only saves exits */
	memset(m->fill, 0, FILL_SIZE);
}

static void slot(struct machine *m, enum slot number, uint64_t guest, uint8_t *host, size_t size,
		 unsigned flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = number,
		.flags = flags,
		.guest_phys_addr = guest,
		.memory_size = size,
		.userspace_addr = (uintptr_t)host,
	};

	CALL(m->vm, KVM_SET_USER_MEMORY_REGION, &region);
}

static void put(struct machine *m, uint64_t at, unsigned index, uint64_t value)
{
	memcpy(m->low + at + 8 * index, &value, 8);
}

static void make_page_tables(struct machine *m, bool alias_table_logged)
{
	put(m, AT_PML4, 0, AT_PDPT | PRESENT | WRITABLE);
	put(m, AT_PDPT, 0, AT_PD | PRESENT | WRITABLE);
	put(m, AT_PD, 0, AT_PT_LOW | PRESENT | WRITABLE);
	put(m, AT_PD, AT_ALIAS / LARGE,
	    (alias_table_logged ? AT_PT_LOGGED : AT_PT_ALIAS) | PRESENT | WRITABLE);
	put(m, AT_PD, AT_FILL / LARGE, AT_FILL | PRESENT | WRITABLE | LARGE_PAGE);
	for (unsigned i = 1; i < LOW_SIZE / PAGE; i++)
		put(m, AT_PT_LOW, i, i * PAGE | PRESENT | WRITABLE);
	for (unsigned i = 0; i < STORE_PAGES; i++) {
		uint64_t entry = (AT_ALIAS + i * PAGE) | PRESENT | WRITABLE;

		put(m, AT_PT_ALIAS, i, entry);
		memcpy(m->fill + FILL_PAGES * PAGE + 8 * i, &entry, 8);
	}
}

static void gate(struct machine *m, unsigned vector, const char *label, unsigned stack)
{
	uint64_t to = machine_address(label);

	put(m, AT_IDT, 2 * vector,
	    (to & 0xffff) | SELECTOR_CODE << 16 | (uint64_t)stack << 32 | 0x8eull << 40 |
		    to >> 16 << 48);
	put(m, AT_IDT, 2 * vector + 1, to >> 32);
}

static void make_descriptors(struct machine *m)
{
	uint64_t stack = AT_PF_STACK_TOP;

	put(m, AT_GDT, SELECTOR_CODE / 8, 0x00209b0000000000);
	put(m, AT_GDT, SELECTOR_DATA / 8, 0x0000930000000000);
	for (unsigned vector = 0; vector < 32; vector++)
		gate(m, vector, guest_unplanned, 1);
	gate(m, 2, guest_nmi, 0);
	gate(m, 14, guest_page_fault, 1);
	memcpy(m->low + AT_TSS + 36, &stack, 8); /* interrupt stack 1 */
}

static void make_vcpu_state(struct machine *m)
{
	struct kvm_regs regs = { .rip = AT_CODE, .rflags = 2, .rsp = AT_STACK_TOP };
	struct kvm_segment data = { .selector = SELECTOR_DATA,
				    .limit = 0xffffffff,
				    .type = 3,
				    .present = 1,
				    .s = 1,
				    .db = 1,
				    .g = 1 };
	struct kvm_segment code = data;
	struct kvm_sregs sregs;

	CALL(m->vcpu, KVM_GET_SREGS, &sregs);
	code.selector = SELECTOR_CODE;
	code.type = 11;
	code.db = 0;
	code.l = 1;
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.tr = (struct kvm_segment){
		.selector = SELECTOR_TSS, .base = AT_TSS, .limit = 103, .type = 11, .present = 1
	};
	sregs.gdt.base = AT_GDT;
	sregs.gdt.limit = SELECTOR_DATA + 7;
	sregs.idt.base = AT_IDT;
	sregs.idt.limit = 32 * 16 - 1;
	sregs.cr0 = 0x80010033; /* PG WP NE ET MP PE */
	sregs.cr3 = AT_PML4;
	sregs.cr4 = 0x20;   /* PAE */
	sregs.efer = 0x500; /* LMA LME */
	CALL(m->vcpu, KVM_SET_SREGS, &sregs);
	CALL(m->vcpu, KVM_SET_REGS, &regs);
}

/* What the vCPU has: all that KVM can give. Newer kernels allow no long mode without. */
static void set_cpuid(int kvm, int vcpu)
{
	enum { ENTRIES = 256 };
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof *cpuid + ENTRIES * sizeof cpuid->entries[0]);

	if (!cpuid)
		fail("no memory");
	cpuid->nent = ENTRIES;
	CALL(kvm, KVM_GET_SUPPORTED_CPUID, cpuid);
	CALL(vcpu, KVM_SET_CPUID2, cpuid);
	free(cpuid);
}

void machine_make(struct machine *m, bool alias_table_logged, bool apic)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), size;

	if (kvm < 0)
		fail("/dev/kvm: %s", strerror(errno));
	m->vm = CALL(kvm, KVM_CREATE_VM, 0);
	CALL(m->vm, KVM_SET_TSS_ADDR, 0xfffbd000);
	if (apic)
		CALL(m->vm, KVM_CREATE_IRQCHIP, 0);
	make_memory(m);
	m->mailbox = (volatile uint64_t *)(m->low + AT_MAILBOX);
	slot(m, SLOT_LOW, 0, m->low, LOW_SIZE, 0);
	slot(m, SLOT_ALIAS, AT_ALIAS, m->alias, STORE_PAGES * PAGE, 0);
	slot(m, SLOT_FILL, AT_FILL, m->fill, FILL_SIZE, 0);
	m->vcpu = CALL(m->vm, KVM_CREATE_VCPU, 0);
	set_cpuid(kvm, m->vcpu);
	size = CALL(kvm, KVM_GET_VCPU_MMAP_SIZE, 0);
	m->run = map((size_t)size, MAP_SHARED, m->vcpu, 0);
	memcpy(m->low + AT_CODE, guest_code, (size_t)(guest_code_end - guest_code));
	make_page_tables(m, alias_table_logged);
	make_descriptors(m);
	make_vcpu_state(m);
}

enum stop machine_run(struct machine *m, unsigned *port)
{
	while (ioctl(m->vcpu, KVM_RUN, 0) < 0) {
		if (errno == EFAULT)
			return STOP_EFAULT;
		if (errno != EINTR && errno != EAGAIN)
			fail("KVM_RUN: %s", strerror(errno));
	}
	switch (m->run->exit_reason) {
	case KVM_EXIT_IO:
		*port = m->run->io.port;
		return STOP_PORT;
	case KVM_EXIT_HLT:
		return STOP_HALT;
	case KVM_EXIT_FAIL_ENTRY:
		fail("the entry failed: reason 0x%llx",
		     (unsigned long long)m->run->fail_entry.hardware_entry_failure_reason);
	case KVM_EXIT_INTERNAL_ERROR:
		fail("KVM gave up: suberror %u", m->run->internal.suberror);
	default:
		fail("KVM_RUN ended with exit reason %u", m->run->exit_reason);
	}
}

void machine_nmi(struct machine *m)
{
	CALL(m->vcpu, KVM_NMI, 0);
}

bool machine_events_written_back(struct machine *m)
{
	struct kvm_vcpu_events events;

	CALL(m->vcpu, KVM_GET_VCPU_EVENTS, &events);
	CALL(m->vcpu, KVM_SET_VCPU_EVENTS, &events);
	return events.nmi.masked;
}

void machine_log_start(struct machine *m)
{
	slot(m, SLOT_FILL, AT_FILL, m->fill, FILL_SIZE, KVM_MEM_LOG_DIRTY_PAGES);
}

unsigned machine_log_fetch(struct machine *m)
{
	uint64_t bits[FILL_PAGES / 64 + 1] = { 0 };
	struct kvm_dirty_log log = { .slot = SLOT_FILL, .dirty_bitmap = bits };
	unsigned count = 0;

	CALL(m->vm, KVM_GET_DIRTY_LOG, &log);
	for (unsigned i = 0; i < sizeof bits / sizeof *bits; i++)
		count += (unsigned)__builtin_popcountll(bits[i]);
	return count;
}

static void protect_memory(uint8_t *at, size_t size, bool protect)
{
	if (mprotect(at, size, protect ? PROT_NONE : PROT_READ | PROT_WRITE) != 0)
		fail("mprotect: %s", strerror(errno));
}

void machine_protect_alias(struct machine *m, bool protect)
{
	protect_memory(m->alias, STORE_PAGES * PAGE, protect);
}

void machine_protect_fill(struct machine *m, bool protect)
{
	protect_memory(m->fill, FILL_SIZE, protect);
}

uint64_t *machine_alias_entry(struct machine *m, unsigned n)
{
	return (uint64_t *)(m->low + AT_PT_ALIAS) + n;
}

uint64_t machine_address(const char *label)
{
	return AT_CODE + (uint64_t)(label - guest_code);
}
