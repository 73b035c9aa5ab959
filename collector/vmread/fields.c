// SPDX-License-Identifier: GPL-2.0
#define pr_fmt(format) KBUILD_MODNAME ": " format

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/string.h>

#include "fields.h"

static const struct {
	const char *name;
	unsigned int bit;
} names[] = {
	{ "interruptibility", REBLOCK_INTERRUPTIBILITY },
	{ "intr_info", REBLOCK_INTR_INFO },
	{ "idt_vectoring", REBLOCK_IDT_VECTORING },
	{ "pin", REBLOCK_PIN },
	{ "exec", REBLOCK_EXEC },
};

/*
 * By default what BPF programs do not find in KVM's memory. Where modules have no description of
 * their types (BTF) they find nothing there; kernels that are as old read the IDT-vectoring
 * information too late besides.
 */
static char *fields[ARRAY_SIZE(names)] = {
	"interruptibility", "intr_info",
#ifndef CONFIG_DEBUG_INFO_BTF_MODULES
	"idt_vectoring",    "pin",       "exec",
#endif
};

static unsigned int chosen = IS_ENABLED(CONFIG_DEBUG_INFO_BTF_MODULES) ? 2 : ARRAY_SIZE(names);

module_param_array(fields, charp, &chosen, 0444);
MODULE_PARM_DESC(fields, "Read these: interruptibility, intr_info, idt_vectoring, pin, exec");

unsigned int reblock_exit_fields;
unsigned int reblock_entry_fields;

int reblock_choose_fields(void)
{
	unsigned int all = 0;
	unsigned int i, j;

	for (i = 0; i < chosen; i++) {
		for (j = 0; j < ARRAY_SIZE(names) && strcmp(fields[i], names[j].name); j++)
			;
		if (j == ARRAY_SIZE(names)) {
			pr_err("no field named %s\n", fields[i]);
			return -EINVAL;
		}
		all |= names[j].bit;
	}
	/*
	 * At an entry the IDT-vectoring information is still the last exit's; at an exit nothing is
	 * about to be injected.
	 */
	reblock_exit_fields = all & ~REBLOCK_INTR_INFO;
	reblock_entry_fields = all & ~REBLOCK_IDT_VECTORING;
	return 0;
}
