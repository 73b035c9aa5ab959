/* SPDX-License-Identifier: BSD-2-Clause */
#include "stream.h"

#include <string.h>

#define MAX_VCPUS 8
#define IRET_RIP 0x1000u
#define PIN_VNMI (REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS)
#define NMI_INFO 0x80000202u

struct guest {
	uint16_t seq;
	uint64_t rip;
	uint16_t pin;
	int blocked; /* blocking by NMI, in the processor */
	int l2;
	int entered;      /* the guest runs: an exit comes next */
	int nmi_entering; /* the last entry injected an NMI */
	int fails;        /* the last entry cannot succeed */
	int window;       /* the last entry asked for an exit once NMIs are open, and they are */
	int fault;        /* the last exit was a fault on an IRET */
	int unblocked;    /* the last exit was caused by an IRET under blocking */
	int known_unmasked;
	uint32_t idtv;
	uint32_t at_exit; /* interruptibility saved by it */
};

struct world {
	uint64_t random;
	uint64_t t;
	unsigned vcpus;
	struct guest guests[MAX_VCPUS];
};

unsigned stream_random(uint64_t *state, unsigned limit)
{
	/* xorshift64*: short, and the same everywhere. */
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return limit ? (unsigned)(*state * 0x2545f4914f6cdd1dULL >> 33) % limit : 0;
}

static int chance(struct world *w, unsigned percent)
{
	return stream_random(&w->random, 100) < percent;
}

struct reblock_source stream_source(void)
{
	struct reblock_source source = { .source = "stream",
					 .presence = REBLOCK_SOURCE_CAPTURES |
						     REBLOCK_SOURCE_FIELDS |
						     REBLOCK_SOURCE_BARE_METAL,
					 .bare_metal = 1,
					 .captures = (1u << REBLOCK_KINDS) - 2,
					 .fields = STREAM_ALL_FIELDS };

	return source;
}

static void flag(struct reblock_record *r, unsigned has, unsigned bit, int value)
{
	r->presence |= (uint16_t)has;
	if (value)
		r->flags |= (uint8_t)bit;
}

/* The exit handler, rightly or not: all of it runs before anything reads the VMCS again. */
static void handle(struct world *w, struct guest *g)
{
	/* KVM's cache, where it is set, makes the fault path return before it re-blocks. */
	int returned_early = g->fault && g->known_unmasked;

	if (g->unblocked && !returned_early && chance(w, 60))
		g->blocked = 1;
	else if (chance(w, 8))
		g->blocked = !g->blocked && !returned_early;
}

static void make_exit(struct world *w, struct guest *g, struct reblock_record *r)
{
	static const uint32_t others[] = { 1, 7, 8, 9, 10, 12, 44, 49, 52 };
	static const uint32_t with_field[] = { 48, 48, 48, 62, 66, 75 };
	int iret = chance(w, 55);

	r->kind = REBLOCK_EXIT;
	r->presence |= REBLOCK_HAS_REASON | REBLOCK_HAS_RIP | REBLOCK_HAS_QUALIFICATION |
		       REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_IDT_VECTORING |
		       REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_PIN | REBLOCK_HAS_EXEC;
	g->fault = g->unblocked = 0;
	g->idtv = 0;
	if (g->fails) {
		r->reason = 33 | REBLOCK_REASON_FAILED_ENTRY;
	} else if (g->window) {
		r->reason = REBLOCK_REASON_NMI_WINDOW; /* before any instruction */
	} else if (g->nmi_entering && chance(w, 30)) {
		/* The NMI's delivery took an exit: blocking is in effect, bit 12 can be anything. */
		r->reason = 48;
		r->qualification = chance(w, 50) ? 0x1181 : 0x181;
		g->idtv = NMI_INFO;
		g->blocked = 1;
	} else if (iret) {
		if (g->nmi_entering || chance(w, 60))
			g->blocked = 1;
		g->rip = chance(w, 85) ? IRET_RIP : IRET_RIP + 0x40;
		g->fault = chance(w, 40);
		g->unblocked = g->blocked &&
			       (g->pin & (REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS)) !=
				       REBLOCK_PIN_NMI_EXITING;
		if (g->fault) {
			r->intr_info = chance(w, 90) ? 0x80000b0e : 0x80000b08;
			if (g->unblocked)
				r->intr_info |= REBLOCK_NMI_UNBLOCKING;
			g->unblocked = g->unblocked && r->intr_info == 0x80001b0e;
		} else {
			r->reason = with_field[stream_random(&w->random, 6)];
			r->qualification = g->unblocked ? 0x1181 : 0x181;
		}
		if (g->unblocked)
			g->blocked = 0;
		if (chance(w, 8)) {
			g->idtv = 0x80000031;
			g->unblocked = 0;
		}
	} else {
		if (g->nmi_entering)
			g->blocked = 1;
		r->reason = others[stream_random(&w->random, sizeof(others) / sizeof(others[0]))];
		if (r->reason == REBLOCK_REASON_NMI_WINDOW && !(g->pin & REBLOCK_PIN_VIRTUAL_NMIS))
			r->reason = REBLOCK_REASON_INTERRUPT_WINDOW;
		if (r->reason == 9 && chance(w, 50)) {
			r->qualification = 0xc0000000;
			g->idtv = g->nmi_entering ? NMI_INFO : 0;
		}
		/* NMIs that were blocked open only behind an IRET, somewhere else. */
		if (chance(w, 40) || (r->reason == REBLOCK_REASON_NMI_WINDOW && g->blocked))
			g->rip = 0x5000 + 0x10 * stream_random(&w->random, 4);
		if (r->reason == REBLOCK_REASON_NMI_WINDOW)
			g->blocked = 0;
	}
	g->at_exit = (g->blocked ? REBLOCK_BLOCKING_NMI : 0) |
		     (chance(w, 10) ? REBLOCK_BLOCKING_STI : 0);
	r->rip = g->rip;
	r->idt_vectoring = g->idtv;
	r->interruptibility = g->at_exit;
	r->pin = g->pin;
	flag(r, REBLOCK_HAS_L2, REBLOCK_L2, g->l2);
	flag(r, REBLOCK_HAS_NMI_KNOWN_UNMASKED, REBLOCK_NMI_KNOWN_UNMASKED, g->known_unmasked);
	g->entered = 0;
	handle(w, g);
}

static uint32_t injection(struct world *w, const struct guest *g)
{
	static const uint32_t events[] = { NMI_INFO,   NMI_INFO,   0x80000031,
					   0x80000b0e, 0x80000b0e, 0x80000b0d,
					   0x80000603, 0x80000700, 0x80001b0e };

	if (g->idtv && chance(w, 80))
		return g->idtv;
	return chance(w, 55) ?
		       0 :
		       events[stream_random(&w->random, sizeof(events) / sizeof(events[0]))];
}

static void make_entry(struct world *w, struct guest *g, struct reblock_record *r)
{
	int same = chance(w, 85);
	uint32_t state = g->at_exit;

	r->kind = REBLOCK_ENTRY;
	r->presence |= REBLOCK_HAS_RIP | REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_INTERRUPTIBILITY |
		       REBLOCK_HAS_PIN | REBLOCK_HAS_EXEC;
	if (chance(w, 5))
		g->l2 = !g->l2;
	state = g->blocked ? (state | REBLOCK_BLOCKING_NMI) : (state & ~REBLOCK_BLOCKING_NMI);
	if (chance(w, 10))
		state &= REBLOCK_BLOCKING_NMI;
	if (!same)
		g->rip += 2;
	r->rip = g->rip;
	r->intr_info = injection(w, g);
	r->interruptibility = state;
	if (g->pin & REBLOCK_PIN_VIRTUAL_NMIS && chance(w, 30))
		r->exec = REBLOCK_EXEC_NMI_WINDOW;
	g->window = r->exec && !g->blocked && !r->intr_info;
	r->pin = g->pin;
	flag(r, REBLOCK_HAS_RIP_SAME, REBLOCK_RIP_SAME, same);
	flag(r, REBLOCK_HAS_L2, REBLOCK_L2, g->l2);
	g->nmi_entering = r->intr_info == NMI_INFO;
	flag(r, REBLOCK_HAS_NMI_INJECTED, REBLOCK_NMI_INJECTED, g->nmi_entering);
	if ((!r->intr_info || g->nmi_entering) && chance(w, 60))
		r->flags |= REBLOCK_NO_OTHER_INJECTION;
	g->fails = (g->nmi_entering && g->blocked && (g->pin & REBLOCK_PIN_VIRTUAL_NMIS)) ||
		   r->intr_info == 0x80001b0e;
	g->known_unmasked = !g->blocked && !g->nmi_entering && chance(w, 40);
	g->entered = 1;
}

static void make_operation(struct world *w, struct guest *g, struct reblock_record *r)
{
	static const uint8_t kinds[] = { REBLOCK_MASK_READ,    REBLOCK_MASK_READ,
					 REBLOCK_BLOCKED_READ, REBLOCK_USER_EXIT,
					 REBLOCK_EVENTS_WRITE, REBLOCK_MASK_WRITE };

	r->kind = kinds[stream_random(&w->random, sizeof(kinds))];
	if (r->kind == REBLOCK_USER_EXIT) {
		r->presence |= REBLOCK_HAS_REASON;
		r->reason = 2;
		return;
	}
	/* A read tells the truth or says "blocked", which proves nothing; the mask may be stale. */
	if (r->kind == REBLOCK_BLOCKED_READ)
		flag(r, REBLOCK_HAS_MASKED, REBLOCK_MASKED, g->blocked || chance(w, 50));
	else
		flag(r, REBLOCK_HAS_MASKED, REBLOCK_MASKED, chance(w, 50));
	if (r->kind == REBLOCK_MASK_WRITE || r->kind == REBLOCK_EVENTS_WRITE)
		g->blocked = reblock_flag(r, REBLOCK_MASKED);
}

void stream_make(uint64_t seed, unsigned vcpus, struct reblock_record *records, size_t n)
{
	struct world w = { .random = seed * 0x9e3779b97f4a7c15ULL + 1, .vcpus = vcpus };
	size_t i;

	for (i = 0; i < vcpus; i++) {
		struct guest *g = &w.guests[i];

		g->pin = chance(&w, 80) ? PIN_VNMI : chance(&w, 50) ? REBLOCK_PIN_NMI_EXITING : 0;
		g->rip = IRET_RIP;
	}
	for (i = 0; i < n; i++) {
		struct reblock_record *r = &records[i];
		unsigned which = stream_random(&w.random, vcpus);
		struct guest *g = &w.guests[which];

		memset(r, 0, sizeof(*r));
		w.t += 1 + stream_random(&w.random, 100);
		r->t = w.t;
		r->vm = 1 + which % 2;
		r->vcpu = (uint16_t)(which / 2);
		r->cpu = REBLOCK_NO_CPU;
		r->presence = REBLOCK_HAS_SEQ;
		r->seq = g->seq++;
		if (g->entered)
			make_exit(&w, g, r);
		else if (chance(&w, 20))
			make_operation(&w, g, r);
		else
			make_entry(&w, g, r);
	}
}
