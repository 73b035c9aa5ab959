/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What one CPU's Intel PT says, one thing after the other, in the order of the packets. It is what the packets say and
 * no more: which vCPU it belongs to and what it means for NMIs is for others (pt/join.h, audit/).
 *
 * How the packets come. "SDM" is volume 3C's chapter "Intel Processor Trace", with the names of its sections, as their numbers
 * move; "libipt" is its event decoder (pt_event_decoder.c of 2.1.2); "Linux" is tools/perf/util/intel-pt-decoder. The table named
 * below was read in an edition before Event Trace, of its own section only what Linux's commit 2750af50a360 quotes: how CFE and
 * FUP go together is therefore libipt's and Linux's reading of it, which agree. No recording of hardware with it was at hand.
 *
 * - Without Event Trace (SDM, table "Packet Generation under Different Enable Conditions"): an interrupt, exception or fault
 *   is FUP, TIP; a VM exit FUP, PIP with NR 0, TIP; a VM entry PIP with NR 1, TIP, with VMCS between where the processor gives
 *   it. FUP holds the address that the event came at: of the instruction that faulted or exited as a fault does, of the
 *   next one after a trap or an interrupt. Where tracing ends with it TIP.PGD stands for TIP, where it begins TIP.PGE. With
 *   the VM-execution control "Conceal VMX from PT" there is no NR, and neither exit nor entry can be told.
 * - With Event Trace (SDM, "Event Trace", "Control Flow Event (CFE) packet", "Event Data (EVD) packet"): an event is a CFE with a
 *   type, and a vector for INTR, VMEXIT_INTR, SIPI and UINTR. EVD packets (CR2; VMXQ, exit qualification; VMXR, exit reason) come
 *   before their CFE, in any order, none twice (libipt). With its IP bit the CFE is followed by a FUP of its own, which
 *   begins no FUP, TIP pair (libipt: "bound"; Linux: no_tip). Without, while packets are on, the FUP of the branch that the
 *   event makes follows and serves both (libipt and Linux); while packets are off the CFE stands alone.
 *   So an NMI is CFE(INTR, 2), FUP, TIP; an exit EVD(VMXQ), EVD(VMXR), CFE(VMEXIT), FUP, PIP, TIP; an IRET CFE(IRET, IP), FUP, TIP.
 *   The vector of CFE INTR is that of an interrupt, fault, exception or NMI (Linux); nothing in the packet tells whether a VM
 *   entry injected it. Software interrupts may have a CFE of their own (SWINTR, libipt 2.2).
 * - Nothing that belongs together lies on both sides of a PSB (libipt: "We must not carry partial events across PSB"; Linux: a
 *   PSB between FUP and TIP is an error). Where it does, it is PT_GAP_UNFINISHED here. So a buffer may be cut at any PSB and
 *   its pieces be decoded apart, with the same events.
 *
 * Not documented, neither in the SDM nor by what libipt and Linux do, and therefore not relied on:
 * - whether CFE IRET is made when IRET begins or when it completes, and so whether an IRET that faults or exits has one. What
 *   comes after it tells: with its TIP (PT_HAS_TO) or TIP.PGD the IRET has completed, and without that is not known;
 * - in which order CFE VMENTRY and the CFE INTR of an event that this entry injects come, and whether such an INTR has a
 *   FUP; whether an event whose delivery exits has a CFE INTR before the VMEXIT. Here each CFE is an event of its own, in
 *   the order that they come in: an INTR without PT_HAS_TO has perhaps not reached its handler;
 * - whether VMXR and VMXQ come with every exit, also with VMEXIT_INTR: each is there or not;
 * - whether the reason in VMXR has bits above 15:0 set: it is given as it is.
 */
#ifndef PT_EVENT_H
#define PT_EVENT_H

#include <stdbool.h>
#include <stdint.h>

/* IP, to and the rest of the fields: see struct pt_event. "nr": bit NR of PIP, VMX non-root operation. */
enum pt_event_type {
	/* VM exit: CFE VMEXIT or VMEXIT_INTR, or a PIP with NR 0 while NR was 1. */
	PT_EVENT_EXIT = 1,
	/* VM entry: CFE VMENTRY, or a PIP with NR 1 while NR was 0. */
	PT_EVENT_ENTRY,
	/* An interrupt, exception or NMI was delivered: CFE INTR, in guest or host as nr says. */
	PT_EVENT_INTERRUPT,
	/* FUP, TIP without a CFE, and no exit that can be seen: an interrupt, exception or NMI, most likely. */
	PT_EVENT_ASYNC,
	/*
	 * CFE IRET, or, with cfe 0, one that was seen by following the instructions (pt/flow.h). With PT_HAS_TO it has completed,
	 * and so it has where packets end with it: it returned to what is not traced, such as user space.
	 * One that was followed to has no time, and the offset of what comes after it.
	 */
	PT_EVENT_IRET,
	/* Any other CFE: see cfe. */
	PT_EVENT_OTHER,
	/* TIP.PGE that belongs to none of these: packets are on again, at `to`. */
	PT_EVENT_ENABLED,
	/* TIP.PGD likewise, with FUP or without: packets are off, after `ip`. Of a guest alone this is all that an exit leaves. */
	PT_EVENT_DISABLED,
	/* PIP that belongs to none of these: CR3 has changed, or NR while it was not known. */
	PT_EVENT_PAGING,
	/* VMCS that belongs to none of these: VMPTRLD. */
	PT_EVENT_VMCS,
	/* Not an event, but what a PSB says of the state there: ip (packets are on), nr, cr3, vmcs. */
	PT_EVENT_STATE,
	/* What happened before this place was not seen or not understood: see gap. State is not known after it. */
	PT_EVENT_GAP,
	/*
	 * Not an event, but that the instructions could not be followed from somewhere behind the event before up to here, and that
	 * IRETs may have completed there that are not told of. Where instructions are followed (there is no Event Trace, and
	 * the image has memory) and neither comes, no IRET completed between two events of a guest that follow each other.
	 */
	PT_EVENT_UNFOLLOWED,
	/*
	 * Not an event, but what time it is (packet, counted) at the end of what lies between two PSBs, where it is
	 * another than that of the event before: what comes next may have a guest's.
	 */
	PT_EVENT_TIME,
};

/* The fields of struct pt_event that are known. All others are 0, which means nothing. */
enum pt_event_has {
	PT_HAS_TSC = 1 << 0,
	PT_HAS_IP = 1 << 1,
	PT_HAS_TO = 1 << 2,
	PT_HAS_VECTOR = 1 << 3,
	PT_HAS_REASON = 1 << 4,
	PT_HAS_QUALIFICATION = 1 << 5,
	PT_HAS_NR = 1 << 6,
	PT_HAS_CR3 = 1 << 7,
	PT_HAS_VMCS = 1 << 8,
	PT_HAS_CR2 = 1 << 9,
	PT_HAS_AT_IRET = 1 << 10,
};

/* The types of CFE (SDM, table "CFE Packet Type and Vector Fields Details"). */
enum pt_cfe {
	PT_CFE_INTR = 1,
	PT_CFE_IRET = 2,
	PT_CFE_SMI = 3,
	PT_CFE_RSM = 4,
	PT_CFE_SIPI = 5,
	PT_CFE_INIT = 6,
	PT_CFE_VMENTRY = 7,
	PT_CFE_VMEXIT = 8,
	PT_CFE_VMEXIT_INTR = 9,
	PT_CFE_SHUTDOWN = 10,
	PT_CFE_UINTR = 12,
	PT_CFE_UIRET = 13,
	PT_CFE_SWINTR = 14,  /* INT n, with its vector, FUP and TIP as of INTR: by libipt 2.2 */
	PT_CFE_SYSCALL = 15, /* likewise, without a vector */
};

enum pt_gap {
	/* OVF: the processor's buffer was full; ip: where packets go on, if they are on */
	PT_GAP_OVERFLOW = 1,
	PT_GAP_NO_PSB,     /* bytes before the first PSB cannot be read */
	PT_GAP_UNFINISHED, /* a PSB or the end comes in the middle of what belongs together */
	PT_GAP_TRUNCATED,  /* the end, or a PSB, comes in the middle of a packet */
	PT_GAP_UNKNOWN,    /* no packet that is known; goes on at the next PSB */
	PT_GAP_BAD,        /* a packet where none of its kind can be; goes on at the next PSB */
};

struct pt_event {
	/* Of the first packet that belongs to it, in the bytes given to pt_stream_open. */
	uint64_t offset;
	/* At its first packet, estimated where no TSC packet stands there (pt/time.h). */
	uint64_t tsc;
	/*
	 * What the last TSC packet says, and the ticks that MTC packets have counted since the PSB, there and here: at least so
	 * many passed, of the host whatever that packet is. With PT_HAS_TSC.
	 */
	uint64_t packet, packet_counted, counted;
	/* Where it came at (FUP): of an exit the guest's address; of an entry that of VMRESUME; of an IRET its own; gap: see there. */
	uint64_t ip;
	/*
	 * Where it leads (TIP, TIP.PGE; TIP.PGD where it says so): of an exit the host's address; of an entry the guest's;
	 * of an interrupt its handler; of an IRET where it returned to.
	 */
	uint64_t to;
	uint64_t qualification; /* VMXQ */
	uint64_t reason;        /* VMXR, all its bits */
	uint64_t cr2;           /* of a page fault */

	/* What holds once it is over, as far as that is known from PIP and VMCS packets since the last PSB or gap. */
	uint64_t cr3;  /* bits 4:0 are 0 */
	uint64_t vmcs; /* physical address of the current VMCS */

	uint16_t has;   /* enum pt_event_has */
	uint8_t type;   /* enum pt_event_type */
	uint8_t cfe;    /* type of the CFE that says it, as it is in the packet; 0: none does */
	uint8_t gap;    /* enum pt_gap, or 0 */
	uint8_t vector; /* of CFE INTR, VMEXIT_INTR, SIPI, UINTR, SWINTR */
	bool nr;        /* VMX non-root operation: a guest runs */
	bool begins;    /* with it packets begin (TIP.PGE) */
	bool ends;      /* with it packets end (TIP.PGD) */
	/*
	 * The TSC packet that tsc rests on was made in VMX non-root operation: with "use TSC offsetting" 1 it is the guest's,
	 * that is the host's times the multiplier plus the offset of its VMCS.
	 */
	bool guest_tsc;
	bool at_mtc; /* tsc is the very time of the last MTC packet that was counted */
	/* Of exit and disabled: the instruction at ip is an IRET, by the image in pt_config. That it was begun it does not say. */
	bool at_iret;
};

#endif
