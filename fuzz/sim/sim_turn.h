/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The turn: all that is chosen about one vCPU's way from a VM entry over an exit to the next entry, in eight bytes.
 * Everything else in a simulation is decided by these, so a run can be repeated, and a fuzzer's bytes are one.
 *
 * Every byte means something on its own. What it asks for and cannot be (an IRET where no handler is on the stack,
 * an injection where none is allowed) is left out, or is the plain thing next to it; 0 is the plainest.
 */
#ifndef SIM_TURN_H
#define SIM_TURN_H

#include <stdint.h>

struct sim_turn {
	/* Bits 1:0: which vCPU, modulo their number. 7: more than 100 ms go by before. */
	uint8_t who;
	/* What the guest does before it exits: four times two bits (enum sim_step), the lowest first. */
	uint8_t steps;
	/* Bits 3:0: what it exits for (enum sim_class). 7:4: which of these. */
	uint8_t exit;
	/* What the rest of the exit's fields hold: enum sim_detail. */
	uint8_t detail;
	/*
	 * Bits 3:0: what the hypervisor does wrong (enum sim_mistake). 7:4: how often again, where that is a livelock; and how
	 * Intel PT shows the turn, or where it misses something (enum sim_pt_misses).
	 */
	uint8_t mistake;
	/* Bits 2:0: what comes for the guest (enum sim_comes). 3: an exception goes to the guest. 7:4: which vector. */
	uint8_t inject;
	/* Bits 3:0: what happens between exit and entry (enum sim_between). 5:4: how. 7:6: enum sim_pt_misses. */
	uint8_t between;
	/* What the recorder loses: enum sim_recording. */
	uint8_t record;
};

#define SIM_PAUSE 0x80u /* in who */

enum sim_step {
	SIM_STEP_NONE,  /* the exit comes next */
	SIM_STEP_IRET,  /* the innermost handler's IRET runs */
	SIM_STEP_FAULT, /* the code takes a fault that the guest handles by itself */
	SIM_STEP_EVENT /* an event comes in without an exit: an NMI of "NMI exiting" 0, else a posted interrupt */
};
#define SIM_STEPS 4

enum sim_class {
	SIM_CLASS_HOST, /* something of the host's, between two instructions; with bit 7 right at an IRET */
	SIM_CLASS_INSTRUCTION, /* an instruction that the VMM completes */
	SIM_CLASS_ACCESS,      /* a memory access of ordinary code */
	SIM_CLASS_EXCEPTION,   /* an exception of ordinary code */
	SIM_CLASS_EMULATED,    /* a memory access that the VMM completes */
	SIM_CLASS_IRET,        /* a memory access of an IRET */
	SIM_CLASS_IRET_AGAIN,  /* the same: a fuzzer's best byte counts twice */
	SIM_CLASS_IRET_FAULT,  /* a fault of an IRET that is not a memory access's: #GP, #NP, #SS */
	SIM_CLASS_IRET_BREAK, /* an IRET that does not begin: #DB of an instruction breakpoint, or its fetch */
	SIM_CLASS_IRET_TASK,   /* an IRET that switches tasks (NT 1) */
	SIM_CLASS_IRET_DOUBLE, /* the delivery of an IRET's own fault faults: #DF */
	SIM_CLASS_DELIVERY,    /* a memory access of the delivery of what the entry injected */
	SIM_CLASS_GATE,        /* that delivery goes through a task gate */
	SIM_CLASS_NESTED,      /* L1 enters L2, or L2 exits to L1 */
	SIM_CLASS_WAITING,     /* HLT or the like, with blocking by STI */
	SIM_CLASS_OTHER        /* MTF, INIT, a triple fault, ... */
};

enum sim_detail {
	SIM_DETAIL_UNDEFINED = 1 << 0, /* a bit 12 that is undefined is 1 */
	SIM_DETAIL_IDTV12 = 1 << 1,    /* bit 12 of IDT-vectoring information, which always is */
	SIM_DETAIL_STI = 1 << 2,       /* the instruction follows STI; where RFLAGS.IF is 1 */
	SIM_DETAIL_MOV_SS = 1 << 3,    /* the instruction follows MOV SS */
	SIM_DETAIL_WRITE = 1 << 4,     /* the access is a write */
	SIM_DETAIL_REASON = 1 << 5, /* a bit of exit reason 31:16 is 1 that tells something else */
	SIM_DETAIL_WHERE = 3 << 6   /* where the code is */
};

/* What the sim's own hypervisor does wrong, once. What is not due at this exit is not done. */
enum sim_mistake {
	SIM_DOES_RIGHT,
	SIM_MISSES, /* no re-block */
	SIM_MISSES_BELIEVES, /* the same, and it then takes NMIs for blocked, and asks for a window without a look */
	SIM_TRUSTS, /* sets blocking for a bit 12 that is undefined */
	SIM_LOSES,  /* clears blocking that nothing has ended */
	SIM_KEEPS,  /* does not clear blocking before it injects an NMI again */
	SIM_COPIES, /* bit 12 of what the exit holds goes into VM-entry interruption information */
	SIM_OVERWRITES,     /* writes the whole interruptibility state to set one bit */
	SIM_OVER_BLOCKS,    /* re-blocks, and then gives the fault to the guest */
	SIM_NEVER_SERVICES, /* re-blocks, and leaves the cause of the exit as it is */
	SIM_CARELESS,       /* injects an NMI without a look at what blocks it */
	SIM_REPORTS_0,      /* reports its NMI mask as 0, whatever it is ... */
	SIM_REPORTS_1,      /* ... as 1 */
	SIM_BLOCKS,         /* sets blocking for nothing */
	SIM_MISTAKES        /* and what is above: none */
};

enum sim_comes {
	SIM_COMES_NOTHING,
	SIM_COMES_NMI,
	SIM_COMES_INTERRUPT,
	SIM_COMES_BOTH,
	SIM_COMES_EXCEPTION,  /* #GP, #PF, #MC or #UD, of an instruction that the VMM emulates */
	SIM_COMES_BREAKPOINT, /* #BP, a software exception */
	SIM_COMES_SOFTWARE,   /* INT n of real mode, or an MTF VM exit */
	SIM_COMES_NMI_AGAIN   /* as SIM_COMES_NMI */
};
#define SIM_TO_GUEST 0x08u /* in inject: an exception exit is reflected */

enum sim_between {
	SIM_BETWEEN_NOTHING,
	SIM_BETWEEN_USER,        /* out to user space and back */
	SIM_BETWEEN_USER_FAILED, /* the same, KVM_RUN has failed */
	SIM_BETWEEN_READ,        /* somebody asks for the NMI mask */
	SIM_BETWEEN_USER_READ,   /* out to user space, which asks for it */
	SIM_BETWEEN_WRITE_BACK,  /* ... and writes back what it was told */
	SIM_BETWEEN_WRITE_OTHER, /* ... and writes back the opposite */
	SIM_BETWEEN_MIGRATED, /* asked for on one host, written back on another; bit 4: it was told another */
	SIM_BETWEEN_SYNC,  /* events are written with the next KVM_RUN; bit 4: as masked */
	SIM_BETWEEN_LOOK,  /* the hypervisor reads what blocks NMIs */
	SIM_BETWEEN_SMM,   /* an SMI: the mask is read and set; RSM (class IRET) sets it back */
	SIM_BETWEEN_RESET, /* by user space: the mask is cleared, and the guest starts anew */
	SIM_BETWEEN_MASK,  /* the mask is set to what it is */
	SIM_BETWEENS       /* and what is above: nothing */
};

/*
 * What Intel PT misses of a turn, where it does (struct sim_pt). What it shows of a turn is numbered from 0: the entry, what came
 * in and which IRETs completed, the exit.
 */
enum sim_pt_misses {
	/*
	 * Nothing. Bit 4 of the mistake: of an event whose delivery exits it shows that much; 5: what the entry injects it shows
	 * before the entry.
	 */
	SIM_PT_MISSES_NOTHING,
	/* Some of it, and it says so. Bits 5:4 of the mistake: from where on; 7:6: one less than how many, 3: all that is left. */
	SIM_PT_MISSES_SOME,
	/* Addresses: bits 7:4 of the mistake, of the first four. The lowest of them that is an IRET it misses, without Event Trace. */
	SIM_PT_MISSES_FIELDS,
	/* All of it. It says so, unless bit 4 of the mistake is 1: then the exit's record without it does. */
	SIM_PT_MISSES_ALL
};

enum sim_recording {
	SIM_RECORD_LOSES =
		7
		<< 0, /* 1 to 4: that record of the turn, 5: all of it, 6: the last two; is lost. 7: all, and
		 * whose it was is not known; where the recorder filters: the entry, for once */
	SIM_RECORD_LATE = 1 << 3, /* the times of this turn lie before those of the last one */
	SIM_RECORD_FIELD =
		7 << 4, /* not 0: of the fields that this recorder misses at times, which are */
	SIM_RECORD_SEEN = 1 << 7 /* what only some records hold is in these */
};

struct sim_config;

/* Where a simulation takes its turns from. */
struct sim_random {
	/* Fills *TURN. */
	void (*turn)(struct sim_random *random, const struct sim_config *config,
		     struct sim_turn *turn);
};

#endif
