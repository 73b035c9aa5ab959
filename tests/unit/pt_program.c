/* SPDX-License-Identifier: BSD-2-Clause */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "pt_program.h"

enum {
	LEVELS = 7, /* a function calls those of lower levels: only the program itself is endless */
	FUNCTIONS = 400,     /* of a level */
	BLOCKS_FIRST = 1000, /* of the function that it begins with; of all others: */
	BLOCKS_LEAST = 4,
	BLOCKS_MORE = 12,
	INSTRUCTIONS_MOST = 6, /* before the last one of a block */
	TARGETS_MOST = 6,      /* of one indirect branch */
};

/* Instructions that compilers make, all of which go on with the next one. */
static const struct {
	uint8_t size, bytes[7];
} usual[] = {
	{ 3, { 0x48, 0x89, 0xd8 } },             /* mov %rbx,%rax */
	{ 3, { 0x83, 0xc0, 0x01 } },             /* add $1,%eax */
	{ 5, { 0x48, 0x8b, 0x44, 0x24, 0x08 } }, /* mov 8(%rsp),%rax */
	{ 3, { 0x8d, 0x04, 0x1b } },             /* lea (%rbx,%rbx),%eax */
	{ 3, { 0x0f, 0xb6, 0xc0 } },             /* movzbl %al,%eax */
	{ 2, { 0x31, 0xc0 } },                   /* xor %eax,%eax */
	{ 7, { 0x48, 0x8d, 0x35, 0x00, 0x10 } }, /* lea 0x1000(%rip),%rsi */
	{ 2, { 0x85, 0xc0 } },                   /* test %eax,%eax */
	{ 4, { 0x48, 0x39, 0x47, 0x10 } },       /* cmp %rax,0x10(%rdi) */
	{ 4, { 0x66, 0x0f, 0xef, 0xc0 } },       /* pxor %xmm0,%xmm0 */
	{ 4, { 0xf3, 0x0f, 0x6f, 0x06 } },       /* movdqu (%rsi),%xmm0 */
	{ 4, { 0x48, 0x83, 0xec, 0x18 } },       /* sub $24,%rsp */
	{ 1, { 0x55 } },                         /* push %rbp */
	{ 5, { 0xb8, 0x01 } },                   /* mov $1,%eax */
};

static const struct {
	uint8_t size, address,
		bytes[2]; /* and so many bytes of them are an address, relative to the end */
} ends[PT_ENDS] = {
	[PT_END_IF] = { 2, 1, { 0x75 } },            /* jne */
	[PT_END_JUMP] = { 5, 4, { 0xe9 } },          /* jmp */
	[PT_END_JUMP_TO] = { 2, 0, { 0xff, 0xe0 } }, /* jmp *%rax */
	[PT_END_CALL] = { 5, 4, { 0xe8 } },          /* call */
	[PT_END_CALL_TO] = { 2, 0, { 0xff, 0xd0 } }, /* call *%rax */
	[PT_END_RETURN] = { 1, 0, { 0xc3 } },        /* ret */
	[PT_END_IRET] = { 2, 0, { 0x48, 0xcf } },    /* iretq */
	[PT_END_LEAVE] = { 2, 0, { 0x0f, 0x05 } },   /* syscall */
};

static const uint8_t cpuid[] = { 0x0f, 0xa2 };

uint32_t pt_random(uint64_t *state, uint64_t n)
{
	/* xorshift64* (Marsaglia, Vigna) */
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)((*state * 0x2545f4914f6cdd1d >> 32) * n >> 32);
}

static uint32_t below(struct pt_program *p, uint32_t n)
{
	return pt_random(&p->random, n);
}

static void *with_room(void *array, size_t wanted, size_t *room, size_t each)
{
	if (wanted <= *room)
		return array;
	*room = 2 * wanted + 64;
	array = realloc(array, *room * each);
	if (!array)
		abort();
	return array;
}

static void put_code(struct pt_program *p, const uint8_t *bytes, size_t size)
{
	p->code = with_room(p->code, p->size + size, &p->code_room, 1);
	memcpy(p->code + p->size, bytes, size);
	p->size += size;
}

static void put_target(struct pt_program *p, uint32_t block)
{
	p->targets = with_room(p->targets, p->n_targets + 1, &p->targets_room, sizeof(*p->targets));
	p->targets[p->n_targets++] = block;
}

/* How a block ends that is not the last of its function. */
static enum pt_block_end choose(struct pt_program *p, bool calls)
{
	uint32_t of_1000 = below(p, 1000);

	if (of_1000 < 70)
		return PT_END_JUMP;
	if (of_1000 < 80)
		return PT_END_JUMP_TO;
	if (of_1000 < 81)
		return PT_END_LEAVE;
	if (of_1000 < 190 && calls)
		return PT_END_CALL;
	if (of_1000 < 210 && calls)
		return PT_END_CALL_TO;
	return PT_END_IF;
}

/* A function that is being made, of the functions that it may call the first blocks. */
struct making {
	uint32_t first, n;
	const uint32_t *callees;
	uint32_t n_callees;
	enum pt_block_end last; /* how it ends; a jump: it does not */
};

static void set_end(struct pt_program *p, const struct making *m, uint32_t i)
{
	struct pt_code_block *b = &p->blocks[m->first + i];
	uint32_t later = m->n - 1 - i;

	b->end = (uint8_t)(later ? choose(p, m->n_callees) : m->last);
	switch (b->end) {
	case PT_END_IF:
		/* Over a block or two, near enough for an address of one byte; or a loop, but none right behind another. */
		b->chance = (uint8_t)below(p, 200);
		if (i > 1 && !below(p, 4) && b[-1].to > m->first + i - 1 &&
		    b[-2].to > m->first + i - 2)
			b->to = m->first + i - below(p, 3);
		else
			b->to = m->first + i + 1 + below(p, later < 3 ? later : 3);
		break;
	case PT_END_JUMP:
		b->to = later ? m->first + i + 1 + below(p, later) : m->first;
		break;
	case PT_END_CALL:
		b->to = m->callees[below(p, m->n_callees)];
		break;
	case PT_END_JUMP_TO:
	case PT_END_CALL_TO:
		b->to = p->n_targets;
		b->n_to = (uint8_t)(1 + below(p, TARGETS_MOST));
		for (unsigned k = 0; k < b->n_to; k++)
			put_target(p, b->end == PT_END_CALL_TO ?
					      m->callees[below(p, m->n_callees)] :
					      m->first + i + 1 + below(p, later));
		break;
	default:
		break;
	}
}

/* Where the block ends. */
static size_t behind(const struct pt_program *p, const struct making *m, uint32_t i)
{
	return i + 1 < m->n ? p->blocks[m->first + i + 1].at : p->size;
}

/* The address that the last instruction of block I has: relative to its end. */
static void set_address(struct pt_program *p, const struct making *m, uint32_t i)
{
	const struct pt_code_block *b = &p->blocks[m->first + i];
	size_t end = behind(p, m, i), size = ends[b->end].address;
	int32_t distance;

	if (!size)
		return;
	distance = (int32_t)(p->blocks[b->to].at - (uint32_t)end);
	if (size == 1 && distance != (int8_t)distance)
		abort();
	memcpy(p->code + end - size, &distance, size);
}

static uint32_t put_function(struct pt_program *p, const uint32_t *callees, uint32_t n_callees,
			     enum pt_block_end last)
{
	struct making m = { p->n, BLOCKS_LEAST + below(p, BLOCKS_MORE), callees, n_callees, last };

	if (last == PT_END_JUMP)
		m.n = BLOCKS_FIRST;

	p->blocks = with_room(p->blocks, p->n + m.n, &p->blocks_room, sizeof(*p->blocks));
	memset(p->blocks + p->n, 0, m.n * sizeof(*p->blocks));
	p->n += m.n;
	for (uint32_t i = 0; i < m.n; i++) {
		struct pt_code_block *b = &p->blocks[m.first + i];

		b->at = (uint32_t)p->size;
		b->instructions = (uint8_t)(1 + below(p, INSTRUCTIONS_MOST));
		for (unsigned k = 0; k + 1 < b->instructions; k++) {
			uint32_t which = below(p, sizeof(usual) / sizeof(*usual));

			put_code(p, usual[which].bytes, usual[which].size);
		}
		set_end(p, &m, i);
		put_code(p, b->end == PT_END_LEAVE && p->guest ? cpuid : ends[b->end].bytes,
			 ends[b->end].size);
	}
	for (uint32_t i = 0; i < m.n; i++)
		set_address(p, &m, i);
	return m.first;
}

void pt_program_make(struct pt_program *p, bool guest)
{
	static uint32_t callees[LEVELS * FUNCTIONS];
	uint32_t n = 0;

	memset(p, 0, sizeof(*p));
	p->random = 1;
	p->guest = guest;
	for (uint32_t level = 0; level < LEVELS; level++)
		for (uint32_t i = 0, known = n; i < FUNCTIONS; i++)
			callees[n++] = put_function(p, callees, known, PT_END_RETURN);
	for (uint32_t i = 0; i < PT_PROGRAM_HANDLERS; i++)
		p->handlers[i] = put_function(p, callees, FUNCTIONS, PT_END_IRET);
	p->begin = put_function(p, callees + n - FUNCTIONS, FUNCTIONS, PT_END_JUMP);
}

int pt_program_write(const struct pt_program *p, const char *path)
{
	static const uint8_t zeros[PT_PROGRAM_CODE - PT_PROGRAM_BASE];
	size_t before = sizeof(zeros);
	Elf64_Phdr segment = {
		.p_type = PT_LOAD,
		.p_flags = PF_R | PF_X,
		.p_vaddr = PT_PROGRAM_BASE,
		.p_paddr = PT_PROGRAM_BASE,
		.p_filesz = before + p->size,
		.p_memsz = before + p->size,
		.p_align = before,
	};
	Elf64_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			     EV_CURRENT },
		.e_type = ET_EXEC,
		.e_machine = EM_X86_64,
		.e_version = EV_CURRENT,
		.e_entry = PT_PROGRAM_CODE + p->blocks[p->begin].at,
		.e_phoff = sizeof(header),
		.e_ehsize = sizeof(header),
		.e_phentsize = sizeof(segment),
		.e_phnum = 1,
	};
	FILE *f = fopen(path, "w");

	if (!f)
		return -errno;
	if (!p->guest) {
		fwrite(&header, sizeof(header), 1, f);
		fwrite(&segment, sizeof(segment), 1, f);
		before -= sizeof(header) + sizeof(segment);
	}
	fwrite(zeros, before, 1, f);
	fwrite(p->code, p->size, 1, f);
	return ferror(f) | fclose(f) ? -EIO : 0;
}

void pt_program_free(struct pt_program *p)
{
	free(p->blocks);
	free(p->targets);
	free(p->code);
}
