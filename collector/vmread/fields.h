/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which fields of the VMCS are read, and how the tracepoint's argument `what` says which ones were.
 */
#ifndef REBLOCK_FIELDS_H
#define REBLOCK_FIELDS_H

#include <linux/bits.h>

/*
 * what = event << 16 | the bits of the fields that were read; as the kinds and presence bits of
 * reblock's records
 */
#define REBLOCK_EVENT_EXIT 1
#define REBLOCK_EVENT_ENTRY 2
#define REBLOCK_INTR_INFO BIT(3)
#define REBLOCK_IDT_VECTORING BIT(5)
#define REBLOCK_INTERRUPTIBILITY BIT(6)
#define REBLOCK_PIN BIT(7)
#define REBLOCK_EXEC BIT(8)

/* Those that each event reads; set once, when the module is loaded. */
extern unsigned int reblock_exit_fields;
extern unsigned int reblock_entry_fields;

/* Sets them from the module's parameter. 0 or -EINVAL. */
int reblock_choose_fields(void);

#endif
