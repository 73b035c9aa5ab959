/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The policy: what one hypervisor does about NMI blocking between a VM exit and the next VM entry,
 * as a struct of functions that reblock calls for each exit of a trace.
 *
 * This header is all that the author of a hypervisor needs (it needs nothing else of this project):
 * compile the real functions, with the glue below, into a shared object that exports
 *
 *	const struct reblock_policy reblock_policy_export = {
 *		.abi = REBLOCK_POLICY_ABI,
 *		.size = sizeof(struct reblock_policy),
 *		.name = "mine",
 *		.source = "mine.git 1234abcd",
 *		.summary = "my hypervisor",
 *		.pin_on = REBLOCK_POLICY_NMI_EXITING | REBLOCK_POLICY_VIRTUAL_NMIS,
 *		.exit = mine_exit,
 *	};
 *
 * and "reblock audit --policy ./mine.so trace.rbt" tells where it would have gone wrong. An
 * example is examples/policy/mine.c; what the calls mean for a trace is in docs/policies.md.
 *
 * The calls for one exit, in this order. Each gets the vCPU's private state and its VMCS:
 *
 *	exit		straight after the exit, before any handler
 *	handle		the handler of that exit
 *	set_nmi_mask	somebody outside sets the NMI mask (0 to any number of times)
 *	get_nmi_mask	somebody outside asks for it (likewise)
 *	inject		an event is injected at the entry (at most one)
 *	enter		last, before VMLAUNCH or VMRESUME
 *
 * Each exit is a question of its own: what the processor left in the VMCS is taken from the trace,
 * also after an exit at which this hypervisor would have left the guest in another state. Only the
 * private state goes on from exit to exit. The functions must keep nothing elsewhere (no globals
 * that change, no files), must not block, and must give the same for the same state and VMCS: they
 * are called several times for one exit, with each value that an unknown field could have.
 */
#ifndef REBLOCK_POLICY_H
#define REBLOCK_POLICY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Goes up when something changes that an older object cannot live with. New members come at the end of
 * struct reblock_policy, whose size tells what an object knows of; missing ones are taken as NULL or 0.
 */
#define REBLOCK_POLICY_ABI 1

/* The name of the object that a shared object has to export. */
#define REBLOCK_POLICY_SYMBOL "reblock_policy_export"

#define REBLOCK_POLICY_STATE_MAX 128 /* bytes of private state */
#define REBLOCK_POLICY_INITIAL_MAX 4 /* initial states */
#define REBLOCK_POLICY_NAME_MAX 47   /* characters: lower-case letters, digits and - . _ */

/* Pin-based VM-execution controls, as in the VMCS. */
#define REBLOCK_POLICY_NMI_EXITING (1u << 3)
#define REBLOCK_POLICY_VIRTUAL_NMIS (1u << 5)

/* Which fields of struct reblock_vmcs are known; an unknown one reads as 0. */
enum reblock_vmcs_field {
	REBLOCK_VMCS_INTR_INFO = 1 << 0,
	REBLOCK_VMCS_ERROR_CODE = 1 << 1,
	REBLOCK_VMCS_QUALIFICATION = 1 << 2,
	REBLOCK_VMCS_RIP = 1 << 3,
	REBLOCK_VMCS_EXEC = 1 << 4,
	/* all bits of interruptibility but "blocking by NMI", which is always known */
	REBLOCK_VMCS_INTERRUPTIBILITY = 1 << 5
};

/*
 * The fields of the VMCS that the rules speak of. At the exit they hold what the processor left there;
 * entry_... are 0 then, as after an exit the valid bit is.
 *
 * reason, idt_vectoring, pin and the NMI bit of interruptibility are always known. intr_info is known
 * at exits of reason 0, qualification at those of reasons 9, 48, 62, 66 and 75: exits without
 * them are not asked about. The rest only where known says so.
 */
struct reblock_vmcs {
	uint32_t known;            /* enum reblock_vmcs_field */
	uint32_t reason;           /* exit reason, all 32 bits; bit 31 is never set */
	uint64_t qualification;    /* exit qualification */
	uint64_t rip;              /* guest RIP */
	uint32_t intr_info;        /* VM-exit interruption information */
	uint32_t error_code;       /* VM-exit interruption error code */
	uint32_t idt_vectoring;    /* IDT-vectoring information */
	uint32_t interruptibility; /* guest interruptibility state; yours to write */
	uint32_t pin;              /* pin-based controls, as pin_on and pin_off have them */
	uint32_t exec;             /* primary processor-based controls; yours to write */
	/* yours to write */
	uint32_t entry_intr_info;          /* VM-entry interruption information */
	uint32_t entry_error_code;         /* VM-entry exception error code */
	uint32_t entry_instruction_length; /* VM-entry instruction length */
	/* encoding of the first field that reblock_vmread had to refuse; 0: none */
	uint32_t refused;
};

/* What exit, handle and inject return: 0, or a set of these. */
enum reblock_policy_answer {
	/*
	 * handle: the guest resumes, and the cause of the exit is still there: the same
	 * instruction takes the same exit again.
	 */
	REBLOCK_POLICY_NOT_SERVICED = 1 << 0,
	/*
	 * This hypervisor never sees such an exit (it does not enable what causes it), or
	 * would not inject this event now. Nothing is said about this exit.
	 */
	REBLOCK_POLICY_NEVER = 1 << 1,
	/* What it does here is not known. Nothing is said about this exit. */
	REBLOCK_POLICY_UNKNOWN = 1 << 2
};

/* Which event is injected. */
enum reblock_policy_event {
	REBLOCK_POLICY_NEW,    /* a new one */
	REBLOCK_POLICY_AGAIN,  /* the one that IDT-vectoring information holds, once more */
	REBLOCK_POLICY_REFLECT /* the exception that caused this exit, given to the guest */
};

struct reblock_policy {
	uint32_t abi;  /* REBLOCK_POLICY_ABI */
	uint32_t size; /* sizeof(struct reblock_policy) */

	/* Texts live as long as the policy. SOURCE: which source and commit; SUMMARY: one line. */
	const char *name;
	const char *source;
	const char *summary;

	/*
	 * The pin-based controls that it runs guests with: those always 1, and those always 0; only
	 * the two bits above. Where neither says, the trace's are taken. Whether bit 12 means anything
	 * depends on them. An exit whose trace has such controls that bit 12 is defined, where this
	 * policy's leave it undefined, or the other way round, is not asked about.
	 */
	uint32_t pin_on;
	uint32_t pin_off;

	/* Bytes of private state for each vCPU, at most REBLOCK_POLICY_STATE_MAX; 0: none. */
	uint32_t state_size;
	/*
	 * How many initial states there are, at most REBLOCK_POLICY_INITIAL_MAX; 0 is taken as 1. Together
	 * they must stand for every state that a vCPU can be in when nothing is known of it: at the
	 * begin of a trace and after a loss. A mistake counts only if each of them leads to it.
	 */
	uint32_t initial_states;

	/*
	 * Makes STATE, which is zeroed and aligned to 16 bytes, the initial state WHICH (from 0). May
	 * be NULL: zeroes are the only initial state.
	 */
	void (*reset)(void *state, uint32_t which);

	/* Must be there; what follows may be NULL. Returns a set of enum reblock_policy_answer. */
	uint32_t (*exit)(void *state, struct reblock_vmcs *vmcs);

	/* NULL: does nothing. */
	uint32_t (*handle)(void *state, struct reblock_vmcs *vmcs);

	/*
	 * Injects EVENT (as VM-entry interruption information has it, valid, reserved bits 0): writes
	 * entry_intr_info. HOW is an enum reblock_policy_event. NULL: EVENT is written.
	 */
	uint32_t (*inject)(void *state, struct reblock_vmcs *vmcs, uint32_t event, uint32_t how);

	/* Returns whether NMIs are masked, as it would tell others: 0, 1, or -1 for unknown. NULL: unknown. */
	int (*get_nmi_mask)(void *state, struct reblock_vmcs *vmcs);

	/* Sets the mask to MASKED (0 or 1). NULL: writes "blocking by NMI". */
	void (*set_nmi_mask)(void *state, struct reblock_vmcs *vmcs, int masked);

	/* NULL: does nothing. */
	void (*enter)(void *state, struct reblock_vmcs *vmcs);
};

/*
 * For code that reads and writes the VMCS by the SDM's encodings (volume 3D, appendix B): the fields of
 * struct reblock_vmcs, and no others.
 *
 * reblock_vmread returns 0 and sets *VALUE, or -1 for a field that is not there or not known;
 * then *VALUE is 0, and nothing that is concluded from this exit counts, as the real VMREAD would
 * have given something. reblock_vmwrite returns 0, or -1 for a field that is not there: that is
 * harmless, the value is dropped.
 */
static inline int reblock_vmread(struct reblock_vmcs *vmcs, uint32_t encoding, uint64_t *value)
{
	uint32_t needs = 0;

	switch (encoding) {
	case 0x4000:
		*value = vmcs->pin;
		break;
	case 0x4002:
		*value = vmcs->exec;
		needs = REBLOCK_VMCS_EXEC;
		break;
	case 0x4016:
		*value = vmcs->entry_intr_info;
		break;
	case 0x4018:
		*value = vmcs->entry_error_code;
		break;
	case 0x401a:
		*value = vmcs->entry_instruction_length;
		break;
	case 0x4402:
		*value = vmcs->reason;
		break;
	case 0x4404:
		*value = vmcs->intr_info;
		needs = REBLOCK_VMCS_INTR_INFO;
		break;
	case 0x4406:
		*value = vmcs->error_code;
		needs = REBLOCK_VMCS_ERROR_CODE;
		break;
	case 0x4408:
		*value = vmcs->idt_vectoring;
		break;
	case 0x4824:
		/* The other bits are copied, not decided upon: where they are unknown they read as 0. */
		*value = vmcs->interruptibility;
		break;
	case 0x6400:
		*value = vmcs->qualification;
		needs = REBLOCK_VMCS_QUALIFICATION;
		break;
	case 0x681e:
		*value = vmcs->rip;
		needs = REBLOCK_VMCS_RIP;
		break;
	default:
		*value = 0;
		needs = ~0u;
		break;
	}
	if ((vmcs->known & needs) == needs)
		return 0;
	if (!vmcs->refused)
		vmcs->refused = encoding;
	return -1;
}

static inline int reblock_vmwrite(struct reblock_vmcs *vmcs, uint32_t encoding, uint64_t value)
{
	switch (encoding) {
	case 0x4002:
		vmcs->exec = (uint32_t)value;
		return 0;
	case 0x4016:
		vmcs->entry_intr_info = (uint32_t)value;
		return 0;
	case 0x4018:
		vmcs->entry_error_code = (uint32_t)value;
		return 0;
	case 0x401a:
		vmcs->entry_instruction_length = (uint32_t)value;
		return 0;
	case 0x4824:
		vmcs->interruptibility = (uint32_t)value;
		return 0;
	default:
		return -1;
	}
}

/* What a shared object has to define, and nobody else. */
extern const struct reblock_policy reblock_policy_export __attribute__((visibility("default")));

#ifdef __cplusplus
}
#endif

#endif
