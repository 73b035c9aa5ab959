/* SPDX-License-Identifier: BSD-2-Clause */
/* One virtual machine with one vCPU, made by hand through the KVM API, with the guest of guest.S in it. */
#ifndef BOX_MACHINE_H
#define BOX_MACHINE_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct machine {
	int vm, vcpu;
	struct kvm_run *run;
	uint8_t *low;               /* at 0, LOW_SIZE */
	uint8_t *alias;             /* at AT_ALIAS: the memory of AT_STORE once more */
	uint8_t *fill;              /* at AT_FILL, then the logged page table */
	volatile uint64_t *mailbox; /* in low */
};

/* Why machine_run returned. */
enum stop { STOP_PORT, STOP_HALT, STOP_EFAULT };

/* Ends the process with a message on standard error. */
_Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * alias_table_logged: the page table of the alias pages lies in the slot whose dirty pages are logged.
 * apic: KVM has the interrupt controllers; else the guest has none.
 */
void machine_make(struct machine *m, bool alias_table_logged, bool apic);

/* Runs the guest until it stops; *port is set for STOP_PORT. Anything else than the three stops fails. */
enum stop machine_run(struct machine *m, unsigned *port);

void machine_nmi(struct machine *m);

/* Reads the vCPU's events and writes back what was read; returns what nmi.masked said. */
bool machine_events_written_back(struct machine *m);

/* Starts logging what is written to the fill slot. */
void machine_log_start(struct machine *m);

/* Fetches the log, which makes every page count as clean again; returns how many were dirty. */
unsigned machine_log_fetch(struct machine *m);

/* Takes the memory of a slot's pages away from KVM, which cannot map them then, or gives it back. */
void machine_protect_alias(struct machine *m, bool protect);
void machine_protect_fill(struct machine *m, bool protect);

/* The page-table entry of the alias page n, in our memory. */
uint64_t *machine_alias_entry(struct machine *m, unsigned n);

/* Where a label of guest.S is in the guest. */
uint64_t machine_address(const char *label);

extern const char guest_code[], guest_code_end[], guest_nmi[], guest_iret_moved[],
	guest_page_fault[], guest_unplanned[];

#endif
