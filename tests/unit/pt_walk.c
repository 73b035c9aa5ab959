/* SPDX-License-Identifier: BSD-2-Clause */
/* Packets: SDM volume 3C, "Intel Processor Trace", "Packet Definitions". */
#include <string.h>
#include "pt_walk.h"

enum {
	STEPS_PER_INTERRUPT = 2000,
	LEAVE_SIZE = 2, /* bytes of CPUID, and of IRETQ */
};

static void put(struct pt_walk *w, const void *bytes, size_t size)
{
	memcpy(w->out + w->size, bytes, size);
	w->size += size;
}

static void put_number(struct pt_walk *w, uint64_t value, size_t size)
{
	put(w, &value, size);
}

static uint64_t ip_of(const struct pt_walk *w, uint32_t block)
{
	return PT_PROGRAM_CODE + w->program->blocks[block].at;
}

static void flush_tnt(struct pt_walk *w)
{
	if (w->n_tnt)
		put_number(w, (1u << w->n_tnt | w->tnt) << 1, 1);
	w->n_tnt = w->tnt = 0;
}

static void put_tnt(struct pt_walk *w, bool taken)
{
	w->tnt = (uint8_t)(w->tnt << 1 | taken);
	if (++w->n_tnt == 6)
		flush_tnt(w);
}

/* TIP, TIP.PGE, TIP.PGD or FUP: the bytes of the address that are not as in the last one. */
static void put_address(struct pt_walk *w, uint8_t type, uint64_t ip)
{
	if (!(w->last_ip >> 16 ^ ip >> 16)) {
		put_number(w, type | 1 << 5, 1);
		put_number(w, ip, 2);
	} else if (!(w->last_ip >> 32 ^ ip >> 32)) {
		put_number(w, type | 2 << 5, 1);
		put_number(w, ip, 4);
	} else {
		put_number(w, type | 3 << 5, 1);
		put_number(w, ip, 6);
	}
	w->last_ip = ip;
}

enum { TIP = 0x0d, TIP_PGE = 0x11, TIP_PGD = 0x01, FUP = 0x1d };

#define CR3 0x5000u

static void put_pip(struct pt_walk *w)
{
	put(w, "\x02\x43", 2);
	put_number(w, CR3 >> 4 | w->program->guest, 6); /* NR: in VMX non-root operation */
}

static void put_psb(struct pt_walk *w)
{
	uint64_t ticks = w->tsc / PT_WALK_TSC_OF_TICK;

	flush_tnt(w);
	w->psb = w->size;
	for (int i = 0; i < 8; i++)
		put(w, "\x02\x82", 2);
	put_number(w, 0x19, 1);
	put_number(w, w->tsc, 7);
	put(w, "\x02\x73", 2); /* TMA */
	put_number(w, ticks & 0xffff, 2);
	put_number(w, 0, 1);
	put_number(w, w->tsc % PT_WALK_TSC_OF_TICK, 2);
	put(w, "\x02\x03\x0c\x00", 4); /* CBR */
	put(w, "\x99\x01", 2);         /* MODE.Exec: 64 bits */
	put_pip(w);
	w->last_ip = 0;
	w->known = 0;
	if (w->begun)
		put_address(w, FUP, ip_of(w, w->block));
	put(w, "\x02\x23", 2);
	if (!w->begun)
		put_address(w, TIP_PGE, ip_of(w, w->block));
	w->branches += !w->begun;
	w->begun = true;
}

static void put_mtc(struct pt_walk *w)
{
	uint8_t now = (uint8_t)(w->tsc / PT_WALK_TSC_OF_TICK >> PT_WALK_MTC_FREQ);

	if (now == w->mtc)
		return;
	w->mtc = now;
	put_number(w, 0x59, 1);
	put_number(w, now, 1);
}

static void put_tip(struct pt_walk *w, uint32_t block)
{
	flush_tnt(w);
	put_address(w, TIP, ip_of(w, block));
}

/* One of several, the first ones more often than the last. */
static uint32_t one_of(struct pt_walk *w, const struct pt_code_block *b)
{
	return w->program
		->targets[b->to + pt_random(&w->random, 1 + pt_random(&w->random, b->n_to))];
}

static void call(struct pt_walk *w, uint32_t function)
{
	w->calls[w->depth++] = w->block + 1;
	w->known++;
	w->block = function;
}

static void go_back(struct pt_walk *w)
{
	w->block = w->calls[--w->depth];
	if (w->known) {
		w->known--;
		put_tnt(w, true);
	} else
		put_tip(w, w->block);
}

/* Kernel and hypervisor are not traced. */
static void leave_and_come_back(struct pt_walk *w)
{
	flush_tnt(w);
	if (w->program->guest)
		put_address(w, FUP, ip_of(w, w->block + 1) - LEAVE_SIZE);
	put_number(w, TIP_PGD, 1);
	w->tsc += 200 + pt_random(&w->random, 2000);
	w->block++;
	w->known = 0;
	if (w->program->guest)
		put_pip(w);
	put_address(w, TIP_PGE, ip_of(w, w->block));
	w->branches++;
	w->exits++;
}

static void interrupt(struct pt_walk *w)
{
	flush_tnt(w);
	put_address(w, FUP, ip_of(w, w->block));
	w->calls[w->depth++] = w->block;
	w->block = w->program->handlers[pt_random(&w->random, PT_PROGRAM_HANDLERS)];
	w->interrupted = true;
	put_tip(w, w->block);
}

static void iret(struct pt_walk *w)
{
	uint64_t ip = ip_of(w, w->block + 1) - LEAVE_SIZE;

	w->block = w->calls[--w->depth];
	w->interrupted = false;
	if (w->irets < w->irets_room)
		w->iret[w->irets] = (struct pt_walk_iret){ ip, ip_of(w, w->block) };
	w->irets++;
	put_tip(w, w->block);
}

static void step(struct pt_walk *w)
{
	const struct pt_code_block *b = &w->program->blocks[w->block];
	bool taken = true;

	w->tsc += 1 + pt_random(&w->random, 4);
	put_mtc(w);
	w->instructions += b->instructions;
	switch (b->end) {
	case PT_END_IF:
		taken = pt_random(&w->random, 256) < b->chance;
		put_tnt(w, taken);
		w->block = taken ? b->to : w->block + 1;
		break;
	case PT_END_JUMP:
		w->block = b->to;
		break;
	case PT_END_JUMP_TO:
		w->block = one_of(w, b);
		put_tip(w, w->block);
		break;
	case PT_END_CALL:
		call(w, b->to);
		break;
	case PT_END_CALL_TO:
		call(w, one_of(w, b));
		put_tip(w, w->block);
		break;
	case PT_END_RETURN:
		go_back(w);
		break;
	case PT_END_IRET:
		iret(w);
		break;
	default:
		leave_and_come_back(w);
		break;
	}
	w->branches += taken;
	if (w->program->guest && !w->interrupted && !pt_random(&w->random, STEPS_PER_INTERRUPT))
		interrupt(w);
}

void pt_walk_begin(struct pt_walk *w, const struct pt_program *program, uint64_t seed, uint64_t tsc)
{
	memset(w, 0, sizeof(*w));
	w->program = program;
	w->random = seed;
	w->block = program->begin;
	w->tsc = tsc;
}

size_t pt_walk_on(struct pt_walk *w, uint8_t *out, size_t size)
{
	w->out = out;
	w->size = 0;
	put_psb(w);
	w->mtc = (uint8_t)(w->tsc / PT_WALK_TSC_OF_TICK >> PT_WALK_MTC_FREQ);
	while (w->size < size) {
		if (w->size - w->psb >= PT_WALK_PSB)
			put_psb(w);
		step(w);
	}
	flush_tnt(w);
	return w->size;
}
