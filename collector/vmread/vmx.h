/* SPDX-License-Identifier: GPL-2.0 */
/*
 * VMREAD and VMPTRST, which never fault: where the processor raises an exception (it is not in VMX
 * operation), the kernel's exception table leads on behind the instruction, and the answer is "not
 * read".
 */
#ifndef REBLOCK_VMX_H
#define REBLOCK_VMX_H

#include <linux/types.h>
#include <asm/asm.h>

/*
 * Field ENCODING of the current VMCS. False: no current VMCS, no such field, or not in VMX
 * operation.
 */
static inline bool vmx_read(unsigned long encoding, unsigned long *value)
{
	unsigned long read = 0;
	u8 failed = 1;

	asm volatile("1: vmread %[encoding], %[read]\n"
		     "setbe %[failed]\n"
		     "2:\n" _ASM_EXTABLE(1b, 2b)
		     : [read] "+&r"(read), [failed] "+&q"(failed)
		     : [encoding] "r"(encoding)
		     : "cc");
	*value = read;
	return !failed;
}

/* The physical address of the current VMCS. False: there is none, or not in VMX operation. */
static inline bool vmx_current(u64 *address)
{
	/* What VMPTRST itself answers where there is none. */
	u64 current_vmcs = ~0ull;

	asm volatile("1: vmptrst %[address]\n"
		     "2:\n" _ASM_EXTABLE(1b, 2b)
		     : [address] "+m"(current_vmcs)
		     :
		     : "cc");
	*address = current_vmcs;
	return current_vmcs != ~0ull;
}

#endif
