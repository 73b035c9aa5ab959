/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The record: everything between the parts of reblock is a stream of these.
 *
 * One record is one cache line, little-endian, and means one thing that a
 * source saw of one vCPU. BPF programs, readers, the audit, fuzzers and tests
 * all include this header; it needs nothing but fixed-width integers.
 *
 * A field that was not seen is marked absent by its presence bit and holds 0.
 * Absent is never the same as 0: a value that is missing must not read as "not
 * blocked". The identifiers and the time, which have no presence bit, use the
 * REBLOCK_NO_... values instead.
 *
 * Field names follow the Intel SDM, volume 3C, "VM-Exit Information Fields",
 * "VM-Entry Controls for Event Injection" and "Guest Non-Register State".
 */
#ifndef REBLOCK_RECORD_H
#define REBLOCK_RECORD_H

#include <stddef.h>
#include <stdint.h>

/* What a record tells. */
enum reblock_kind {
	/* a VM exit, as the processor left the VMCS (unless a field says otherwise) */
	REBLOCK_EXIT = 1,
	/* the VM entry, as late before VMLAUNCH/VMRESUME as the source can see */
	REBLOCK_ENTRY,
	REBLOCK_MASK_WRITE, /* the hypervisor sets its NMI mask (KVM: vmx_set_nmi_mask) */
	/* what the hypervisor reported as its NMI mask (KVM: vmx_get_nmi_mask) */
	REBLOCK_MASK_READ,
	/* the hypervisor's own VMCS read (KVM: vmx_nmi_blocked); 1 proves nothing */
	REBLOCK_BLOCKED_READ,
	/* user space sets the vCPU's events (KVM_SET_VCPU_EVENTS, KVM_SYNC_X86_EVENTS) */
	REBLOCK_EVENTS_WRITE,
	REBLOCK_USER_EXIT, /* KVM_RUN returned to user space */
	REBLOCK_LOST,      /* records are missing here */
	REBLOCK_META,      /* process and name of a VM */
	REBLOCK_WITNESS,   /* what Intel PT shows of this vCPU: enum reblock_witness_kind */
	REBLOCK_KINDS      /* one more than the last kind */
};

/*
 * What Intel PT saw (error_code of a witness; SDM volume 3C, chapter "Intel Processor Trace"). A witness
 * has no number in seq, and its time, which PT knows only roughly, orders nothing: its place in the stream
 * does. Where PT could be matched with the records of the same vCPU the order is: witness exit, exit, what
 * the hypervisor did, entry, witness entry, what the guest did.
 */
enum reblock_witness_kind {
	/*
	 * An interrupt, exception or NMI was delivered to the guest (Event Trace, CFE of type INTR): vector, rip
	 * of the instruction that it came at, qualification: where its handler begins, each where known.
	 */
	REBLOCK_SAW_INTERRUPT = 1,
	/* the same without Event Trace: an asynchronous branch that is no VM exit; the vector is not known */
	REBLOCK_SAW_ASYNC,
	/*
	 * an IRET completed; rip of it; qualification: where it returned to. Without Event Trace it was seen by
	 * following the guest's instructions in a memory image: then that is known from the witness before it on,
	 * but where none is seen, that means nothing
	 */
	REBLOCK_SAW_IRET,
	/*
	 * A VM exit: rip, reason and qualification of Event Trace; at_iret: 1 the instruction there is an IRET,
	 * 0 it is none, absent where there is no memory image to look at.
	 */
	REBLOCK_SAW_EXIT,
	REBLOCK_SAW_ENTRY, /* a VM entry; rip: where the guest goes on */
	/* SMI, RSM, INIT, SIPI, shutdown ...: what is blocked is not known after it */
	REBLOCK_SAW_OTHER,
	/*
	 * PT saw nothing for a while up to here: overflow, data truncated or overwritten, an error of the
	 * decoder, tracing that was off for another reason than a VM exit; or it
	 * could not be told whose vCPU's it was what it saw. Wherever witnesses of this vCPU may be missing there is one.
	 * No record is missing for that: exits and entries beside it are complete.
	 */
	REBLOCK_SAW_GAP,
	REBLOCK_SAW_KINDS /* one more than the last */
};

/* Presence bits: which fields of the record were seen. */
enum reblock_presence {
	REBLOCK_HAS_REASON = 1 << 0,
	REBLOCK_HAS_RIP = 1 << 1,
	REBLOCK_HAS_QUALIFICATION = 1 << 2,
	REBLOCK_HAS_INTR_INFO = 1 << 3,
	REBLOCK_HAS_ERROR_CODE = 1 << 4,
	REBLOCK_HAS_IDT_VECTORING = 1 << 5,
	REBLOCK_HAS_INTERRUPTIBILITY = 1 << 6,
	REBLOCK_HAS_PIN = 1 << 7,
	REBLOCK_HAS_EXEC = 1 << 8,
	REBLOCK_HAS_L2 = 1 << 9,
	REBLOCK_HAS_NMI_KNOWN_UNMASKED = 1 << 10,
	REBLOCK_HAS_NMI_INJECTED = 1 << 11, /* entry; events_write: its "injected" */
	REBLOCK_HAS_RIP_SAME = 1 << 12,
	/* mask_write, mask_read, events_write; blocked_read: its "blocked"; witness: its "at_iret" */
	REBLOCK_HAS_MASKED = 1 << 13,
	REBLOCK_HAS_PENDING = 1 << 14,
	REBLOCK_HAS_SEQ = 1 << 15
};

/* Values of the one-bit fields; each counts only where its presence bit is set. */
enum reblock_flag {
	/* exit from, or entry to, a nested guest (another VMCS) */
	REBLOCK_L2 = 1 << 0,
	/* KVM: loaded_vmcs->nmi_known_unmasked, before the recovery at an exit */
	REBLOCK_NMI_KNOWN_UNMASKED = 1 << 1,
	/* entry: an NMI is injected; events_write: nmi.injected */
	REBLOCK_NMI_INJECTED = 1 << 2,
	REBLOCK_RIP_SAME = 1 << 3, /* entry: resumes at the RIP of the exit */
	/* the mask that was written or read; blocked_read: "blocked"; witness: "at_iret" */
	REBLOCK_MASKED = 1 << 4,
	REBLOCK_PENDING = 1 << 5, /* events_write: nmi.pending */
	/*
	 * entry: nothing but perhaps an NMI is injected (no interrupt, no exception). It has no
	 * presence bit: 0 says nothing.
	 */
	REBLOCK_NO_OTHER_INJECTION = 1 << 6,
	/*
	 * exit: exits and entries of this vCPU before it may have been left out by a filter (reblock/filter.h),
	 * because nothing can come of them; so what went before is not what came just before. Entry: the
	 * exit before it, too, was left out. What is left out is not numbered in seq. It has no presence bit.
	 */
	REBLOCK_LEFT_OUT = 1 << 7
};

#define REBLOCK_NO_TIME UINT64_MAX /* t: not known */
#define REBLOCK_NO_VM UINT32_MAX   /* vm of a lost record: all VMs */
/* vcpu of a lost record: all vCPUs of that VM; of a meta record: none */
#define REBLOCK_NO_VCPU UINT16_MAX
#define REBLOCK_NO_CPU UINT16_MAX /* cpu: not known */

/*
 * Which kinds use which fields; every other field is absent:
 *
 *   exit          reason qualification intr_info error_code idt_vectoring
 *                 interruptibility pin exec rip l2 nmi_known_unmasked left_out
 *   entry         intr_info error_code interruptibility pin exec rip rip_same
 *                 l2 nmi_injected nmi_known_unmasked no_other_injection left_out;
 *                 intr_info and error_code are the VM-entry fields here
 *   mask_write    masked
 *   mask_read     masked
 *   blocked_read  masked (JSON: "blocked")
 *   events_write  masked nmi_injected (JSON: "injected") pending
 *   user_exit     reason (KVM_EXIT_..., absent where KVM_RUN failed)
 *   lost          qualification (JSON: "count"), absent where not known
 *   meta          error_code (JSON: "pid"), name (marked by REBLOCK_HAS_RIP alone) in
 *                 rip qualification reason intr_info idt_vectoring interruptibility
 *                 exec: see reblock_record_name
 *   witness       error_code (JSON: "saw", as a word; always there: enum reblock_witness_kind)
 *                 rip (linear) qualification (JSON: "to" where it is no exit's) intr_info
 *                 (JSON: "vector"; bits 7:0 alone) reason l2 masked (JSON: "at_iret"); no seq
 */
struct reblock_record {
	uint64_t t;                /* ns on the source's clock, or REBLOCK_NO_TIME */
	uint64_t rip;              /* guest RIP */
	uint64_t qualification;    /* exit qualification */
	uint32_t reason;           /* all 32 bits of the exit reason */
	uint32_t intr_info;        /* exit: VM-exit, entry: VM-entry interruption information */
	uint32_t idt_vectoring;    /* IDT-vectoring information */
	uint32_t error_code;       /* of the interruption in intr_info */
	uint32_t interruptibility; /* guest interruptibility state */
	uint32_t exec;             /* primary processor-based VM-execution controls */
	uint32_t vm;               /* numbers a VM (a struct kvm, not a process), from 1 */
	uint16_t pin;              /* pin-based VM-execution controls, bits 15:0 */
	uint16_t vcpu;
	uint16_t cpu;      /* host CPU */
	uint16_t presence; /* enum reblock_presence */
	uint16_t seq;      /* counts this vCPU's records, dropped ones too, modulo 65536 */
	uint8_t kind;      /* enum reblock_kind */
	uint8_t flags;     /* enum reblock_flag */
};

#define REBLOCK_ASSERT_AT(field, at) \
	_Static_assert(offsetof(struct reblock_record, field) == (at), "offset of " #field)
REBLOCK_ASSERT_AT(t, 0);
REBLOCK_ASSERT_AT(rip, 8);
REBLOCK_ASSERT_AT(qualification, 16);
REBLOCK_ASSERT_AT(reason, 24);
REBLOCK_ASSERT_AT(intr_info, 28);
REBLOCK_ASSERT_AT(idt_vectoring, 32);
REBLOCK_ASSERT_AT(error_code, 36);
REBLOCK_ASSERT_AT(interruptibility, 40);
REBLOCK_ASSERT_AT(exec, 44);
REBLOCK_ASSERT_AT(vm, 48);
REBLOCK_ASSERT_AT(pin, 52);
REBLOCK_ASSERT_AT(vcpu, 54);
REBLOCK_ASSERT_AT(cpu, 56);
REBLOCK_ASSERT_AT(presence, 58);
REBLOCK_ASSERT_AT(seq, 60);
REBLOCK_ASSERT_AT(kind, 62);
REBLOCK_ASSERT_AT(flags, 63);
_Static_assert(sizeof(struct reblock_record) == 64, "one cache line");
#undef REBLOCK_ASSERT_AT

/* The bits of VMX fields that this project names (SDM volume 3C, chapters 25 and 28). */
#define REBLOCK_REASON_BASIC 0xffffu           /* basic exit reason, bits 15:0 */
#define REBLOCK_REASON_FAILED_ENTRY (1u << 31) /* VM-entry failure */
#define REBLOCK_INTR_VALID (1u << 31)          /* of any interruption-information field */
#define REBLOCK_INTR_VECTOR 0xffu
#define REBLOCK_INTR_TYPE 0x700u /* interruption type, bits 10:8 */
#define REBLOCK_INTR_TYPE_EXTERNAL (0u << 8)
#define REBLOCK_INTR_TYPE_NMI (2u << 8)
#define REBLOCK_INTR_TYPE_HARD_EXCEPTION (3u << 8)
#define REBLOCK_INTR_TYPE_SOFT_INTERRUPT (4u << 8)
#define REBLOCK_INTR_TYPE_PRIV_SOFT_EXCEPTION (5u << 8)
#define REBLOCK_INTR_TYPE_SOFT_EXCEPTION (6u << 8)
#define REBLOCK_INTR_TYPE_OTHER (7u << 8)
/* "NMI unblocking due to IRET": bit 12 of intr_info or qualification */
#define REBLOCK_NMI_UNBLOCKING 0x1000u
/* bits 30:12 of VM-entry interruption information */
#define REBLOCK_ENTRY_INTR_RESERVED 0x7ffff000u
#define REBLOCK_ENTRY_INTR_NESTED 0x2000u /* of these, bit 13: nested exception, with FRED */
#define REBLOCK_PIN_NMI_EXITING (1u << 3)
#define REBLOCK_PIN_VIRTUAL_NMIS (1u << 5)
#define REBLOCK_PIN_POSTED_INTERRUPTS (1u << 7)
#define REBLOCK_EXEC_NMI_WINDOW (1u << 22)
#define REBLOCK_BLOCKING_STI (1u << 0) /* interruptibility state: blocking by ... */
#define REBLOCK_BLOCKING_MOV_SS (1u << 1)
#define REBLOCK_BLOCKING_SMI (1u << 2)
#define REBLOCK_BLOCKING_NMI (1u << 3)
#define REBLOCK_ENCLAVE_INTERRUPTION (1u << 4)
#define REBLOCK_VECTOR_NMI 2u
#define REBLOCK_VECTOR_DF 8u

/* Basic exit reasons that the rules name (SDM volume 3D, appendix C). */
enum reblock_reason {
	REBLOCK_REASON_EXCEPTION_NMI = 0,
	REBLOCK_REASON_EXTERNAL_INTERRUPT = 1,
	REBLOCK_REASON_INTERRUPT_WINDOW = 7,
	REBLOCK_REASON_NMI_WINDOW = 8,
	REBLOCK_REASON_TASK_SWITCH = 9,
	REBLOCK_REASON_APIC_ACCESS = 44,
	REBLOCK_REASON_EPT_VIOLATION = 48,
	REBLOCK_REASON_EPT_MISCONFIG = 49,
	REBLOCK_REASON_PREEMPTION_TIMER = 52,
	REBLOCK_REASON_PML_FULL = 62,
	REBLOCK_REASON_SPP = 66,
	REBLOCK_REASON_NOTIFY = 75
};

/* Returns whether all fields named by the presence bits in MASK were seen. */
static inline int reblock_has(const struct reblock_record *r, unsigned mask)
{
	return (r->presence & mask) == mask;
}

/* Returns whether a record of this kind is of one vCPU, and no lost or meta record. */
static inline int reblock_kind_of_vcpu(unsigned kind)
{
	return kind < REBLOCK_LOST || kind == REBLOCK_WITNESS;
}

/* Returns whether the flag is set; meaningful only where its presence bit is. */
static inline int reblock_flag(const struct reblock_record *r, unsigned flag)
{
	return (r->flags & flag) != 0;
}

/*
 * Most bytes of a meta record's name; a name that long has no terminating zero. Its bytes are those of
 * rip, qualification, reason, intr_info, idt_vectoring, interruptibility and exec, in this order, and 0
 * after its end; records of earlier versions use the first 16 only.
 */
#define REBLOCK_NAME_LENGTH 36

/* Where the Ith byte of the name is in the record: error_code, the process, stands in between. */
static inline size_t reblock_name_at(size_t i)
{
	const size_t first =
		offsetof(struct reblock_record, error_code) - offsetof(struct reblock_record, rip);

	return i < first ? offsetof(struct reblock_record, rip) + i :
			   offsetof(struct reblock_record, interruptibility) + i - first;
}

/* Reads the name of a meta record, with a terminating zero. */
static inline void reblock_record_name(const struct reblock_record *r,
				       char name[REBLOCK_NAME_LENGTH + 1])
{
	for (size_t i = 0; i < REBLOCK_NAME_LENGTH; i++)
		name[i] = ((const char *)r)[reblock_name_at(i)];
	name[REBLOCK_NAME_LENGTH] = 0;
}

/*
 * Sets the name of a meta record and marks it present. It ends at a zero or after
 * REBLOCK_NAME_LENGTH bytes; one that is longer is cut where a UTF-8 character ends.
 */
static inline void reblock_record_set_name(struct reblock_record *r, const char *name)
{
	size_t length = 0, start = 0; /* start: of the last character */

	for (; name[length]; length++) {
		int goes_on = ((unsigned char)name[length] & 0xc0) == 0x80;

		if (length == REBLOCK_NAME_LENGTH) {
			/* a character has at most 4 bytes; more of that kind are no UTF-8 */
			if (goes_on && length - start < 4)
				length = start;
			break;
		}
		if (!goes_on)
			start = length;
	}
	for (size_t i = 0; i < REBLOCK_NAME_LENGTH; i++)
		((char *)r)[reblock_name_at(i)] = i < length ? name[i] : 0;
	r->presence |= REBLOCK_HAS_RIP;
}

#endif
