// SPDX-License-Identifier: GPL-2.0
/*
 * reblock_vmread: hands BPF programs the fields of the VMCS that KVM keeps no copy of.
 *
 * KVM's tracepoints are found by name in each module that comes, whether before this one or after
 * it, and in the kernel where KVM is built in. The probes go when KVM goes: no reference on it is
 * held.
 */
#define pr_fmt(format) KBUILD_MODNAME ": " format

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <asm/cpufeature.h>
#include <asm/hypervisor.h>

#include "fields.h"
#include "probes.h"

/* Before all others, who are to find the values there. */
#define PRIORITY 1000

static struct hook {
	const char *name;
	void *probe;
	struct tracepoint *tracepoint; /* NULL: not attached */
} hooks[] = {
	{ .name = "kvm_exit", .probe = (void *)reblock_at_exit },
	{ .name = "kvm_entry", .probe = (void *)reblock_at_entry },
};

static void attach(struct tracepoint *tracepoint, void *unused)
{
	struct hook *hook;
	int error;

	for (hook = hooks; hook < hooks + ARRAY_SIZE(hooks); hook++) {
		if (hook->tracepoint || strcmp(tracepoint->name, hook->name))
			continue;
		error = tracepoint_probe_register_prio(tracepoint, hook->probe, NULL, PRIORITY);
		if (error)
			pr_warn("cannot attach to %s: %d\n", hook->name, error);
		else
			hook->tracepoint = tracepoint;
	}
}

static void detach(struct tracepoint *tracepoint)
{
	struct hook *hook;

	for (hook = hooks; hook < hooks + ARRAY_SIZE(hooks); hook++) {
		if (!hook->tracepoint || (tracepoint && hook->tracepoint != tracepoint))
			continue;
		tracepoint_probe_unregister(hook->tracepoint, hook->probe, NULL);
		hook->tracepoint = NULL;
	}
}

/* Called for the modules that are there too; the kernel lets one call at a time through. */
static int module_notify(struct notifier_block *block, unsigned long state, void *data)
{
	struct module *module = ((struct tp_module *)data)->mod;
	unsigned int i;

	for (i = 0; i < module->num_tracepoints; i++) {
		struct tracepoint *tracepoint = tracepoint_ptr_deref(&module->tracepoints_ptrs[i]);

		if (state == MODULE_STATE_COMING)
			attach(tracepoint, NULL);
		else if (state == MODULE_STATE_GOING)
			detach(tracepoint);
	}
	return NOTIFY_OK;
}

static struct notifier_block notifier = { .notifier_call = module_notify };

static int __init reblock_vmread_init(void)
{
	int error;

	if (!boot_cpu_has(X86_FEATURE_VMX)) {
		pr_err("this processor has no VMX\n");
		return -ENODEV;
	}
	/* Its specification forbids VMREAD while KVM uses the VMCS in memory that it offers. */
	if (hypervisor_is_type(X86_HYPER_MS_HYPERV)) {
		pr_err("not on Hyper-V: reblock reads the enlightened VMCS there, without this module\n");
		return -ENODEV;
	}
	error = reblock_choose_fields();
	if (error)
		return error;
	for_each_kernel_tracepoint(attach, NULL);
	error = register_tracepoint_module_notifier(&notifier);
	if (error) {
		detach(NULL);
		tracepoint_synchronize_unregister();
	}
	return error;
}

static void __exit reblock_vmread_exit(void)
{
	unregister_tracepoint_module_notifier(&notifier);
	detach(NULL);
	/* Until no processor is inside a probe. */
	tracepoint_synchronize_unregister();
}

module_init(reblock_vmread_init);
module_exit(reblock_vmread_exit);

MODULE_DESCRIPTION("VMCS fields at KVM's exits and entries, for reblock");
MODULE_LICENSE("GPL");
MODULE_VERSION(REBLOCK_VERSION);
