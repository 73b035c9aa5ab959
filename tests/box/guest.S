/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The guest: one vCPU in long mode, no operating system. The VMM copies guest_code..guest_code_end to AT_CODE, so
 * everything here is position independent; the mailbox says what to do in a round.
 *
 * Nesting is told by the saved RIP: from guest_nmi up to and including its IRETs is the NMI handler, and an NMI
 * that finds the guest there came before that handler's IRET had run. There is no flag to clear in the right moment.
 */
#include "guest.h"

	.intel_syntax noprefix
	.section .rodata.guest, "a"
	.globl guest_code, guest_code_end, guest_nmi, guest_iret_moved, guest_page_fault, guest_unplanned

#define WORD(n) qword ptr ds:[AT_MAILBOX + 8 * (n)]

	.balign 16
guest_code:
	/* Return once: a blocking left over from another VM must not be taken for ours. */
	mov	esp, AT_STACK_TOP
	mov	rax, rsp
	push	SELECTOR_DATA
	push	rax
	push	0x202 /* interrupts on: none comes, but it tells the handlers' state (off) from this one */
	push	SELECTOR_CODE
	lea	rax, [rip + 1f]
	push	rax
	iretq
1:
round:
	mov	esp, AT_STACK_TOP
	out	PORT_PREPARE, al
	mov	rcx, WORD(WORD_PREFILL)
	mov	edi, AT_FILL
	test	rcx, rcx
	jz	2f
1:	mov	[rdi], rcx
	add	rdi, 4096
	dec	rcx
	jnz	1b
2:	mov	rdi, WORD(WORD_TOUCH_BEFORE)
	test	rdi, rdi
	jz	3f
	mov	rax, [rdi]
3:	mov	rsp, WORD(WORD_MAIN_RSP)
	out	PORT_ROUND, al
	nop
	nop
	mov	esp, AT_STACK_TOP
	mov	rcx, WORD(WORD_SPIN)
	test	rcx, rcx
	jz	5f
4:	dec	rcx
	jnz	4b
5:	mov	rdi, WORD(WORD_TOUCH)
	test	rdi, rdi
	jz	6f
	mov	rax, [rdi]
6:	mov	rsi, WORD(WORD_CPUIDS)
	test	rsi, rsi
	jz	8f
7:	rdtsc
	shl	rdx, 32
	lea	r8, [rax + rdx]
	xor	eax, eax
	xor	ecx, ecx
	cpuid
	rdtsc
	shl	rdx, 32
	add	rax, rdx
	sub	rax, r8
	cmp	rax, WORD(WORD_LEAST_TICKS)
	jae	1f
	mov	WORD(WORD_LEAST_TICKS), rax
1:	dec	rsi
	jnz	7b
8:	mov	rsi, WORD(WORD_DEADLINES)
	test	rsi, rsi
	jz	2f
	mov	ecx, 0x6e0
	xor	eax, eax
	xor	edx, edx
1:	wrmsr
	dec	rsi
	jnz	1b
2:	mov	rcx, WORD(WORD_HALTS)
	test	rcx, rcx
	jz	10f
9:	hlt
	dec	rcx
	jnz	9b
10:	out	PORT_DONE, al
	jmp	round

	.balign 16
guest_nmi:
	push	rax
	push	rcx
	push	rsi
	push	rdi
	inc	WORD(WORD_ENTRIES)
	mov	rax, [rsp + 32] /* where the NMI found the guest */
	lea	rcx, [rip + guest_nmi]
	cmp	rax, rcx
	jb	3f
	lea	rcx, [rip + nmi_end]
	cmp	rax, rcx
	jae	3f
	cmp	WORD(WORD_PF_RETURNED), 0
	jne	1f
	inc	WORD(WORD_NESTED)
	jmp	2f
1:	inc	WORD(WORD_NESTED_ALLOWED)
2:	jmp	6f
3:	mov	WORD(WORD_PF_RETURNED), 0
	cmp	WORD(WORD_ARMED), 0
	je	6f
	mov	WORD(WORD_ARMED), 0
	lea	rsi, [rsp + 32]
	mov	rdi, WORD(WORD_FRAME_AT)
	mov	ecx, 5
	cld
	rep movsq
	out	PORT_HANDLER, al
	mov	rcx, WORD(WORD_FILL)
	mov	rax, [rsp] /* from here to the return no translation is new: only the return's may find the log full */
	mov	edi, AT_FILL
	test	rcx, rcx
	jz	5f
4:	mov	[rdi], rcx
	add	rdi, 4096
	dec	rcx
	jnz	4b
5:	pop	rdi
	pop	rsi
	pop	rcx
	pop	rax
	mov	rsp, WORD(WORD_IRET_RSP)
guest_iret_moved:
	iretq
6:	pop	rdi
	pop	rsi
	pop	rcx
	pop	rax
	iretq
nmi_end:

	/* Runs on its own stack: the fault is the IRET's, whose stack is the page that is missing. */
	.balign 16
guest_page_fault:
	push	rax
	inc	WORD(WORD_PF_ENTRIES)
	mov	WORD(WORD_PF_RETURNED), 1
	mov	rax, WORD(WORD_PF_ENTRY)
	or	qword ptr [rax], 1
	pop	rax
	add	rsp, 8 /* the error code */
	iretq

	.balign 16
guest_unplanned:
	out	PORT_FAULT, al
	hlt
guest_code_end:

	.section .note.GNU-stack, "", @progbits
