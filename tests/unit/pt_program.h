/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A program that exists only to be traced: functions of blocks, with the jumps, calls and returns that compilers make. No
 * processor runs it: pt_walk.h goes through it as one would, and whoever decodes the trace has to follow its instructions.
 */
#ifndef PT_PROGRAM_H
#define PT_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PT_PROGRAM_BASE \
	0x400000u /* where its file is mapped, whole; the code stands one page behind */
#define PT_PROGRAM_CODE (PT_PROGRAM_BASE + 0x1000u)

enum { PT_PROGRAM_HANDLERS = 16 };

enum pt_block_end {
	PT_END_IF, /* Jcc */
	PT_END_JUMP,
	PT_END_JUMP_TO, /* by a register, to one of several blocks */
	PT_END_CALL,
	PT_END_CALL_TO, /* by a register, of one of several functions */
	PT_END_RETURN,
	PT_END_IRET,  /* of an interrupt's handler */
	PT_END_LEAVE, /* for where no packets are made: SYSCALL, or CPUID, which is a VM exit */
	PT_ENDS
};

/* Instructions, of which only the last one may lead elsewhere than to the next block. */
struct pt_code_block {
	uint32_t at; /* offset in the code */
	uint32_t to; /* block; of JUMP_TO and CALL_TO the first of n_to in the program's targets */
	uint8_t n_to;
	uint8_t end;          /* enum pt_block_end */
	uint8_t chance;       /* of 256: that Jcc is taken */
	uint8_t instructions; /* how many there are */
};

struct pt_program {
	struct pt_code_block *blocks;
	uint32_t n, begin; /* the block that it begins with; it never ends */
	bool guest;
	uint32_t handlers[PT_PROGRAM_HANDLERS]; /* of interrupts, their first blocks */
	uint32_t *targets;
	uint32_t n_targets;
	uint8_t *code;
	size_t size;
	uint64_t random;
	size_t blocks_room, targets_room, code_room;
};

/* Makes it, what a GUEST runs or a process: the same each time. It ends the process where there is no memory. */
void pt_program_make(struct pt_program *program, bool guest);

/* Writes it to PATH: an ELF executable, or a guest's memory from PT_PROGRAM_BASE on. Returns 0, or a negative errno. */
int pt_program_write(const struct pt_program *program, const char *path);

void pt_program_free(struct pt_program *program);

/* Returns a number below N, at most 2^32, out of a row that looks random and goes on from *STATE, which is not 0. */
uint32_t pt_random(uint64_t *state, uint64_t n);

#endif
