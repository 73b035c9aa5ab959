/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The tracepoint: fires inside each kvm_exit and kvm_entry of a vCPU of VMX, before every other
 * consumer of that event has its turn. The vCPU's address is for BPF programs, which compare it; it
 * is not recorded.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM reblock

#if !defined(REBLOCK_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define REBLOCK_TRACE_H

#include <linux/tracepoint.h>

/* clang-format off */
TRACE_EVENT(reblock_vmread,
	/* WHAT: fields.h. A value whose bit is not set there was not read, and is 0. */
	TP_PROTO(const void *vcpu, u32 what, u32 interruptibility, u32 entry_intr_info,
		 u32 idt_vectoring, u32 pin, u32 exec),
	TP_ARGS(vcpu, what, interruptibility, entry_intr_info, idt_vectoring, pin, exec),

	TP_STRUCT__entry(
		__field(u32, what)
		__field(u32, interruptibility)
		__field(u32, entry_intr_info)
		__field(u32, idt_vectoring)
		__field(u32, pin)
		__field(u32, exec)
	),

	TP_fast_assign(
		__entry->what = what;
		__entry->interruptibility = interruptibility;
		__entry->entry_intr_info = entry_intr_info;
		__entry->idt_vectoring = idt_vectoring;
		__entry->pin = pin;
		__entry->exec = exec;
	),

	TP_printk("%s read 0x%x interruptibility 0x%x entry_intr_info 0x%x idt_vectoring 0x%x pin 0x%x exec 0x%x",
		  __entry->what >> 16 == 1 ? "exit" : "entry", __entry->what & 0xffff,
		  __entry->interruptibility, __entry->entry_intr_info, __entry->idt_vectoring,
		  __entry->pin, __entry->exec)
);
/* clang-format on */

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
