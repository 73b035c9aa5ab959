// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0
/*
 * A module for the box: executes VMREAD and VMPTRST as reblock's module does, where they must fail. It can
 * be loaded if every answer is "not read"; a fault would be seen by everybody.
 */
#define pr_fmt(format) KBUILD_MODNAME ": " format

#include <linux/init.h>
#include <linux/irqflags.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <asm/processor.h>
#include <asm/tlbflush.h>

#include "vmx.h"

#define GUEST_INTERRUPTIBILITY 0x4824
#define NO_SUCH_FIELD 0x7ffe

static int failures;

static void expect_nothing(const char *where, unsigned long encoding)
{
	unsigned long value = 1;
	u64 address = 0;

	if (vmx_read(encoding, &value) || value) {
		pr_err("VMREAD of 0x%lx %s: read 0x%lx\n", encoding, where, value);
		failures++;
	}
	if (vmx_current(&address) || address != ~0ull) {
		pr_err("VMPTRST %s: 0x%llx\n", where, address);
		failures++;
	}
}

static int __init vmx_faults_init(void)
{
	unsigned long flags;

	pr_info("CR4.VMXE is %d\n", !!(__read_cr4() & X86_CR4_VMXE));
	expect_nothing("with interrupts", GUEST_INTERRUPTIBILITY);
	local_irq_save(flags);
	expect_nothing("without interrupts", GUEST_INTERRUPTIBILITY);
	expect_nothing("of no field", NO_SUCH_FIELD);
	local_irq_restore(flags);
	return failures ? -EIO : 0;
}

static void __exit vmx_faults_exit(void)
{
}

module_init(vmx_faults_init);
module_exit(vmx_faults_exit);

MODULE_DESCRIPTION("VMREAD where it must fail, for the tests of reblock");
MODULE_LICENSE("Dual BSD/GPL");
