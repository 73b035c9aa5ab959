/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest: code that is interrupted, handlers on its stack, and the IRETs that end them. It runs from
 * a VM entry to the next VM exit.
 */
#ifndef SIM_GUEST_H
#define SIM_GUEST_H

#include "sim/sim_processor.h"

#define SIM_FRAMES 12 /* handlers inside each other; deeper ones do not come */

enum sim_handler {
	SIM_NMI_HANDLER,
	SIM_INTERRUPT_HANDLER,
	SIM_FAULT_HANDLER,
	SIM_SMM_HANDLER, /* ends with RSM, which exits, and the VMM completes it */
	SIM_HANDLERS
};

struct sim_frame {
	uint64_t returns_to;
	uint16_t exits;  /* of its IRET, which has not completed */
	uint8_t handler; /* enum sim_handler */
	/*
	 * NMIs are let in although this handler, or the one around it, still has its IRET to run: the VMM
	 * has ended a blocking that was not over. An NMI that comes before the frame is gone nests.
	 */
	bool open;
	bool saved_mask; /* SMM: what the VMM was told that its NMI mask was at the SMI ... */
	bool was_due;    /* ... and what NMI blocking had to be */
};

/* Why the guest exited, beside what the exit's fields say. */
enum sim_why {
	SIM_EXITED_BETWEEN,    /* between two instructions, or where one has not begun */
	SIM_EXITED_FOR,        /* an instruction that the VMM completes: RIP moves on */
	SIM_EXITED_ACCESS,     /* a memory access; the instruction runs again */
	SIM_EXITED_EXCEPTION,  /* an exception of ordinary code */
	SIM_EXITED_IRET,       /* a memory access of an IRET */
	SIM_EXITED_IRET_FAULT, /* another fault of an IRET */
	SIM_EXITED_BREAK,      /* an instruction breakpoint on an IRET */
	SIM_EXITED_DELIVERY,   /* a memory access of event delivery */
	SIM_EXITED_DOUBLE_FAULT,
	SIM_EXITED_TASK_IRET, /* IRET with NT 1: the VMM switches tasks, and the IRET is complete */
	SIM_EXITED_TASK_GATE, /* an event's delivery through a task gate: the VMM switches tasks */
	SIM_EXITED_RSM,       /* out of an SMM handler */
	SIM_EXITED_NESTED,    /* to the other VMCS */
	SIM_EXITED_FAILED     /* the entry has failed */
};

/* What kind of guest it is. */
enum sim_guest_kind {
	SIM_GUEST_NMI_SETS_IF = 1 << 0, /* its NMI handler sets RFLAGS.IF */
	SIM_GUEST_ONE_IRET = 1 << 1     /* all its handlers end with the same instruction */
};

/*
 * What the guest does from an entry to the next exit, as a trace of the processor would show it: IRETs that
 * complete, and events that come in.
 */
#define SIM_SHOWN_MOST \
	20 /* one that is injected, one for each step, all that return into the next */
struct sim_shown {
	unsigned n;
	bool injected; /* the first of these is what the entry injected */
	/* since the last NMI came in no IRET has completed, and none has faulted for the guest to see */
	bool in_nmi;
	struct {
		uint64_t at, to;
		uint8_t handler; /* enum sim_handler, of an event */
		bool iret;
		bool nests; /* an NMI that comes in while in_nmi */
	} events[SIM_SHOWN_MOST];
};

struct sim_guest {
	struct sim_shown *shown; /* where that goes to, or NULL; it stays over a new start */
	uint64_t rip;
	uint8_t kind;    /* enum sim_guest_kind */
	bool interrupts; /* RFLAGS.IF */
	bool unblocked;  /* the last exit is an IRET's, which has unblocked NMIs */
	bool ran;        /* something, since the last entry */
	bool nested;     /* an NMI that no entry has injected came into a handler that is open */
	uint8_t depth;   /* of frames */
	uint32_t delivering; /* the event that the last entry injects */
	struct sim_frame frames[SIM_FRAMES];
};

/* What the VMM asked for at the entry. */
struct sim_wants {
	bool nmi_window, interrupt_window;
};

/* The guest at its start. */
void sim_guest_start(struct sim_guest *g, unsigned kind);

/* Runs G on P up to its next exit, which goes to *EXIT. */
enum sim_why sim_guest_run(struct sim_guest *g, struct sim_processor *p,
			   const struct sim_turn *turn, const struct sim_wants *wants,
			   struct sim_exit *exit);

/* The VMM has completed the instruction at RIP. */
void sim_guest_skip(struct sim_guest *g);

/* The task switch that an IRET asked for is done: the handler is gone. */
void sim_guest_task_returned(struct sim_guest *g);

/* The task of the event that was being delivered was entered through its task gate. */
void sim_guest_task_entered(struct sim_guest *g);

/* An SMI: MASK is what the VMM saves as its NMI mask, DUE what NMI blocking had to be. */
void sim_guest_smi(struct sim_guest *g, bool mask, bool due);

/* The VMM has completed RSM. Returns the innermost frame as it was. */
struct sim_frame sim_guest_rsm(struct sim_guest *g);

/* Whether the innermost handler is an SMM handler. */
bool sim_guest_in_smm(const struct sim_guest *g);

/* NMIs were let in although the innermost handler is not over. */
void sim_guest_opened(struct sim_guest *g);

/* Whether there is room for a handler more. */
bool sim_guest_has_room(const struct sim_guest *g);

/* Whether the stack holds a frame that is open. */
bool sim_guest_is_open(const struct sim_guest *g);

/* Whether the next instruction is an IRET that an exit or an event came at before. */
bool sim_guest_at_iret(const struct sim_guest *g);

/* Whether the guest is at an IRET that returns to its own address. */
bool sim_guest_returns_to_itself(const struct sim_guest *g);

#endif
