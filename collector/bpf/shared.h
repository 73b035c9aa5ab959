/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* What the BPF programs and the loader both know: the tables' values and the counters. */
#ifndef COLLECTOR_BPF_SHARED_H
#define COLLECTOR_BPF_SHARED_H

#include <reblock/filter.h>
#include <reblock/record.h>

/* An operation between an exit and its entry, until it is known whether they matter. */
struct kept_operation {
	uint64_t t;
	uint32_t reason;
	uint16_t cpu, presence;
	uint8_t kind, flags, unused[6];
};

#define COLLECTOR_OPERATIONS 4

/* A vCPU, by the address of its struct kvm_vcpu (classic tracepoints: by thread and number). */
struct vcpu_state {
	struct reblock_record exit; /* the last exit, kept back until its fields are complete */
	struct kept_operation operations[COLLECTOR_OPERATIONS]; /* that follow it */
	struct reblock_filter filter;
	uint64_t kvm;         /* addresses: compared inside the kernel only, never in a record */
	uint64_t loaded_vmcs; /* at the exit */
	uint64_t exits;       /* kvm_vcpu.stat.exits when last seen */
	uint32_t vm;          /* raw number; user space makes them dense */
	uint32_t tid;         /* thread in KVM_RUN, 0 outside */
	uint32_t lost;        /* records dropped since the last one that got through */
	uint16_t vcpu;
	uint16_t seq;           /* of the next record */
	uint8_t pending;        /* `exit` holds an exit that is not yet emitted */
	uint8_t exit_seen;      /* an exit, and no entry since */
	uint8_t exit_rip_known; /* exit.rip counts, also after the exit was emitted */
	uint8_t blocked_seen;   /* vmx_nmi_blocked has spoken inside the current vmx_nmi_allowed */
	uint8_t skip;           /* not VMX: nothing is recorded */
	uint8_t dead;           /* destroyed; kept because `lost` could not be told yet */
	uint8_t named;          /* its VM's meta record got through */
	uint8_t n_operations;
	/* The filter's: not used where everything is shipped. */
	uint8_t decided;  /* `exit` matters, whatever its entry is */
	uint8_t asked;    /* an operation since made it matter */
	uint8_t awake;    /* counted in the table `awake` */
	uint8_t left_out; /* something was, since the last exit that was shipped */
	uint8_t unused[4];
};

/* A VM, by the address of its struct kvm (classic tracepoints: by process id). */
struct vm_state {
	uint32_t vm;
	uint32_t pid;
	uint8_t named;
	uint8_t unused[7];
};

/* Attach points of which it is worth knowing whether they are ever reached: compilers hide functions. */
enum collector_call {
	CALL_NONE,
	CALL_EXIT,
	CALL_ENTRY,
	CALL_MASK_WRITE,
	CALL_MASK_READ,
	CALL_NMI_BLOCKED,
	CALL_NMI_ALLOWED,
	CALL_EVENTS_WRITE,
	CALL_USER_EXIT,
	CALLS
};

/* One in .bss, read through its mapping so that it can be read without any right. */
struct collector_counters {
	uint64_t dropped;      /* records that found the ring full, or the budget used up */
	uint64_t placed;       /* of `dropped`: a later record of their vCPU shows the gap */
	uint64_t untracked;    /* events of vCPUs, VMs or threads that found a table full */
	uint64_t unplaced;     /* of `dropped`: no later number of their vCPU can tell */
	uint64_t over_budget;  /* of `dropped`: because of the budget */
	uint64_t calls[CALLS]; /* whether an attach point was ever reached */
};

/*
 * How many records may still be shipped in this second, on the whole host. In a cache line of its own, for each
 * CPU that ships writes it.
 */
struct collector_budget {
	int64_t left;
	uint64_t unused[7];
} __attribute__((aligned(64)));

/* Exits by the lower bits of their basic reason; one for each CPU, mapped by user space. */
#define COLLECTOR_REASONS 128
struct collector_row {
	uint64_t exits[COLLECTOR_REASONS];
};

/* The vCPU that a CPU has entered last. A line for each: a CPU writes its own at each entry. */
struct collector_running {
	uint64_t vcpu;
	uint64_t unused[7];
} __attribute__((aligned(64)));

/*
 * What the kernel module reblock_vmread has read at a CPU's last exit or entry; `what` is 0 when it was
 * taken. Padded, so that no two CPUs share a cache line.
 */
struct vmread_slot {
	uint64_t vcpu;
	uint32_t what; /* kind << 16 | presence bits of those that were read */
	uint32_t interruptibility, intr_info, idt_vectoring, pin, exec;
	uint64_t unused[4];
};

/* Offsets of the classic tracepoints' fields in their records; 0: no such field. */
struct classic_exit_format {
	uint32_t reason, rip, info1, info2, intr_info, vcpu, isa;
};

struct classic_entry_format {
	uint32_t vcpu, rip, intr_info;
};

struct classic_user_exit_format {
	uint32_t reason, error;
};

/* What the tables have room for unless the loader is told otherwise; threads: twice that. */
#define COLLECTOR_VCPUS 16384
#define COLLECTOR_VMS 16384

/* Places of the table `awake`, a power of two: with few vCPUs awake, most others share none with them. */
#define COLLECTOR_AWAKE 4096

/* CPUs that the classic program at kvm_exit can run on; with more of them another one is taken. */
#define COLLECTOR_CPUS 2048

#endif
