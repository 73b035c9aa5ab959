// SPDX-License-Identifier: GPL-2.0
/*
 * The arguments of kvm_exit and kvm_entry differ between kernels, stable ones included, and no
 * installed header has them:
 *
 *   kvm_exit    reason, vcpu, isa          kvm_entry    vcpu_id
 *               vcpu, isa                               vcpu
 *                                                       vcpu, force_immediate_exit
 *
 * So these probes take them as what they are to the processor, registers, and look which one is the
 * vCPU. One that is not passed holds something left over, which is compared and never followed.
 */
#include <linux/bug.h>
#include <linux/kernel.h>
#include <asm/kvm.h>
#include <asm/vmx.h>

#include "fields.h"
#include "owner.h"
#include "probes.h"
#include "vmx.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/*
 * Such a kernel checks the type of each function that is called by its address, and stops where it
 * differs.
 */
#if defined(CONFIG_CFI_CLANG) || defined(CONFIG_CFI)
#error "A kernel with control-flow integrity does not take probes of this kind."
#endif

#define ISA_VMX 1

static bool is_tdx(const struct kvm_vcpu *vcpu)
{
#ifdef KVM_X86_TDX_VM
	return vcpu->kvm->arch.vm_type == KVM_X86_TDX_VM;
#else
	return false;
#endif
}

static u32 read(unsigned int wanted, unsigned int field, unsigned long encoding, u32 *what)
{
	unsigned long value;

	if (!(wanted & field) || !vmx_read(encoding, &value))
		return 0;
	*what |= field;
	return value;
}

/*
 * Where nothing can be read the tracepoint fires all the same, so that no one takes an earlier
 * event's values for this one's.
 */
static void tell(const struct kvm_vcpu *vcpu, unsigned int event, unsigned int wanted)
{
	u32 interruptibility, intr_info, idt_vectoring, pin, exec, what = event << 16;

	if (!vcpu || is_tdx(vcpu) || !reblock_has_own_vmcs(vcpu))
		wanted = 0;
	interruptibility =
		read(wanted, REBLOCK_INTERRUPTIBILITY, GUEST_INTERRUPTIBILITY_INFO, &what);
	intr_info = read(wanted, REBLOCK_INTR_INFO, VM_ENTRY_INTR_INFO_FIELD, &what);
	idt_vectoring = read(wanted, REBLOCK_IDT_VECTORING, IDT_VECTORING_INFO_FIELD, &what);
	pin = read(wanted, REBLOCK_PIN, PIN_BASED_VM_EXEC_CONTROL, &what);
	exec = read(wanted, REBLOCK_EXEC, CPU_BASED_VM_EXEC_CONTROL, &what);
	trace_reblock_vmread(vcpu, what, interruptibility, intr_info, idt_vectoring, pin, exec);
}

void reblock_at_exit(void *data, unsigned long first, unsigned long second, unsigned long third)
{
	struct kvm_vcpu *vcpu;
	u32 isa = second;

	if (!trace_reblock_vmread_enabled())
		return;
	vcpu = reblock_loaded_vcpu(first);
	if (!vcpu) {
		vcpu = reblock_loaded_vcpu(second);
		isa = third;
	}
	tell(isa == ISA_VMX ? vcpu : NULL, REBLOCK_EVENT_EXIT, reblock_exit_fields);
}

void reblock_at_entry(void *data, unsigned long first)
{
	if (!trace_reblock_vmread_enabled())
		return;
	tell(reblock_loaded_vcpu(first), REBLOCK_EVENT_ENTRY, reblock_entry_fields);
}
