/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A guest: code that is interrupted, handlers on its stack, and the IRETs that end them. It runs from
 * a VM entry to the next VM exit.
 */
#ifndef SIM_GUEST_H
#define SIM_GUEST_H

#include "sim/sim_processor.h"

#define SIM_FRAMES 12 /* handlers inside each other; deeper ones do not come */

enum sim_handler { SIM_NMI_HANDLER, SIM_INTERRUPT_HANDLER, SIM_FAULT_HANDLER, SIM_HANDLERS };

struct sim_frame {
	uint64_t returns_to;
	uint8_t handler; /* enum sim_handler */
	/*
	 * The IRET of this handler has unblocked NMIs without completing, and the guest was resumed so:
	 * the VMM missed the re-block. An NMI that comes before the frame is gone nests.
	 */
	bool open;
};

/* How often things happen, of 1000. */
struct sim_habits {
	unsigned iret_exits;     /* an IRET's memory access exits */
	unsigned delivery_exits; /* the same for a memory access of event delivery */
	unsigned fault;          /* code takes a fault that the guest handles itself */
	unsigned task_switch;    /* an IRET or an NMI switches tasks */
	unsigned nmi;            /* an NMI comes that the VMM does not take ("NMI exiting" 0) */
};

/* Why the guest exited, beside what the exit's fields say. */
enum sim_why {
	SIM_EXITED_BETWEEN,  /* an asynchronous exit, between two instructions */
	SIM_EXITED_FOR,      /* an instruction that the VMM completes: RIP moves on */
	SIM_EXITED_ACCESS,   /* a memory access; the instruction runs again */
	SIM_EXITED_IRET,     /* a memory access of an IRET */
	SIM_EXITED_DELIVERY, /* a memory access of event delivery */
	SIM_EXITED_DOUBLE_FAULT,
	SIM_EXITED_TASK_IRET, /* IRET with NT 1: the VMM switches tasks, and the IRET is complete */
	SIM_EXITED_TASK_GATE  /* an NMI's delivery through a task gate: the VMM switches tasks */
};

struct sim_guest {
	uint64_t rip;
	bool interrupts;             /* RFLAGS.IF */
	bool nmi_enables_interrupts; /* this guest's NMI handler sets IF */
	bool one_iret;               /* all its handlers end with the same instruction */
	bool unblocked;              /* the last exit is an IRET's, which has unblocked NMIs */
	uint8_t depth;               /* of frames */
	uint32_t delivering;         /* the event that the last entry injects */
	struct sim_frame frames[SIM_FRAMES];
};

/* What the VMM asked for at the entry. */
struct sim_wants {
	bool nmi_window, interrupt_window;
};

/* The guest at its start; RANDOM decides what kind of guest it is. */
void sim_guest_start(struct sim_guest *g, struct sim_random *random);

/* Runs G on P up to its next exit, which goes to *EXIT. */
enum sim_why sim_guest_run(struct sim_guest *g, struct sim_processor *p, struct sim_random *random,
			   const struct sim_habits *habits, const struct sim_wants *wants,
			   struct sim_exit *exit);

/* The VMM has completed the instruction at RIP. */
void sim_guest_skip(struct sim_guest *g);

/* The task switch that an IRET asked for is done: the handler is gone. */
void sim_guest_task_returned(struct sim_guest *g);

/* An NMI's task was entered through its task gate. */
void sim_guest_nmi_task(struct sim_guest *g);

/* The guest resumes at the IRET of its innermost handler with NMIs open, which they must not be. */
void sim_guest_opened(struct sim_guest *g);

/* Whether there is room for a handler more. */
bool sim_guest_has_room(const struct sim_guest *g);

/* Whether the stack holds a frame that is open. */
bool sim_guest_is_open(const struct sim_guest *g);

/* Whether the guest is at an IRET that returns to its own address. */
bool sim_guest_returns_to_itself(const struct sim_guest *g);

#endif
