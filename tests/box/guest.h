/* SPDX-License-Identifier: BSD-2-Clause */
/* What the VMM and its guest agree on: where things are, and the mailbox. Read by C and by the assembler. */
#ifndef BOX_GUEST_H
#define BOX_GUEST_H

/* Guest-physical addresses; the guest maps them one to one. */
#define AT_PML4 0x1000
#define AT_PDPT 0x2000
#define AT_PD 0x3000
#define AT_PT_LOW 0x4000   /* maps LOW: everything below 2 MiB */
#define AT_PT_ALIAS 0x5000 /* maps the alias pages, unless the scenario wants that table logged */
#define AT_GDT 0x6000
#define AT_IDT 0x7000
#define AT_MAILBOX 0x8000
#define AT_TSS 0x9000
#define AT_STACK_TOP 0xb000    /* of the page that the guest's own code runs on */
#define AT_PF_STACK_TOP 0xd000 /* of the page that a page fault switches to */
#define AT_CODE 0x10000
#define AT_STORE 0x100000 /* the pages that also appear at AT_ALIAS */
#define STORE_PAGES 64
#define LOW_SIZE 0x200000
#define AT_ALIAS 0x400000 /* a second slot on the memory of AT_STORE */
/*
 * What is written to fill the page-modification log: one large guest page. Its page numbers differ from those below
 * LOW_SIZE modulo 1024, so that a direct-mapped TLB keeps both.
 */
#define AT_FILL 0xa00000
#define FILL_PAGES 512
#define AT_PT_LOGGED (AT_FILL + FILL_PAGES * 4096) /* in the same, logged slot */

#define SELECTOR_CODE 0x08
#define SELECTOR_DATA 0x10
#define SELECTOR_TSS 0x18

/* Ports: the guest says where it is. */
#define PORT_PREPARE 0x10 /* a round is about to begin */
#define PORT_ROUND 0x11   /* send the NMI now */
#define PORT_HANDLER 0x12 /* in the NMI handler, its frame moved, about to return */
#define PORT_DONE 0x13    /* the round is over */
#define PORT_FAULT 0x14   /* an exception that nobody planned */

/* The mailbox: 64-bit words. Written by the VMM: */
#define WORD_MAIN_RSP 0     /* stack pointer of the guest's own code in this round */
#define WORD_PREFILL 1      /* fill pages to write before the round */
#define WORD_TOUCH_BEFORE 2 /* address to read before the round, 0: none */
#define WORD_ARMED 3        /* the next NMI handler moves its frame and returns from it */
#define WORD_FRAME_AT 4     /* where it copies the frame to */
#define WORD_IRET_RSP 5     /* where it returns from */
#define WORD_FILL 6         /* fill pages to write right before that return */
#define WORD_SPIN 7         /* after the NMI: times around an empty loop */
#define WORD_TOUCH 8        /* address to read, 0: none */
#define WORD_CPUIDS 9       /* CPUID instructions */
#define WORD_HALTS 10       /* HLT instructions */
/* address of the page-table entry that the page-fault handler makes present */
#define WORD_PF_ENTRY 11
#define WORD_DEADLINES 17 /* writes of the TSC-deadline MSR, which set no deadline */
/* Written by the guest: */
#define WORD_ENTRIES 12 /* times the NMI handler was entered */
/* ... while an earlier one had not returned and NMIs had to be blocked */
#define WORD_NESTED 13
/* ... while an earlier one had not returned, after another handler's IRET in it */
#define WORD_NESTED_ALLOWED 14
#define WORD_PF_ENTRIES 15  /* times the page-fault handler was entered */
#define WORD_PF_RETURNED 16 /* the page-fault handler has returned into the NMI handler */
#define WORD_LEAST_TICKS 18 /* of all CPUID instructions: the least that the TSC went on over one */
#define MAILBOX_WORDS 19

#endif
