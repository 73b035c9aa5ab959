/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0 */
/* VM-entry interruption information that was read, as a record has it. */
#ifndef COLLECTOR_BPF_INJECTION_H
#define COLLECTOR_BPF_INJECTION_H

#include <reblock/record.h>

#define INTR_DELIVER_CODE (1u << 11)

/* Sets that of the entry R to INFO, and what follows from it. */
static inline __attribute__((always_inline)) void set_injection(struct reblock_record *r,
								uint32_t info)
{
	/* What is not valid is left over from an earlier entry. */
	if (!(info & REBLOCK_INTR_VALID))
		info = 0;
	r->intr_info = info;
	r->presence |= REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_NMI_INJECTED;
	r->flags &= ~REBLOCK_NMI_INJECTED;
	if ((info & (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE)) ==
	    (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE_NMI))
		r->flags |= REBLOCK_NMI_INJECTED;
	if (!(info & INTR_DELIVER_CODE)) {
		r->error_code = 0;
		r->presence &= ~REBLOCK_HAS_ERROR_CODE;
	}
}

#endif
