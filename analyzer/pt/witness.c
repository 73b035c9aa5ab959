/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "pt/witness.h"

void pt_witness_bare(struct reblock_record *r, enum reblock_witness_kind kind)
{
	memset(r, 0, sizeof(*r));
	r->kind = REBLOCK_WITNESS;
	r->t = REBLOCK_NO_TIME;
	r->cpu = REBLOCK_NO_CPU;
	r->vm = REBLOCK_NO_VM;
	r->vcpu = REBLOCK_NO_VCPU;
	r->error_code = kind;
	r->presence = REBLOCK_HAS_ERROR_CODE;
}

static void put_rip(struct reblock_record *r, const struct pt_event *e, uint16_t has, uint64_t rip)
{
	if (!(e->has & has))
		return;
	r->rip = rip;
	r->presence |= REBLOCK_HAS_RIP;
}

static void put_to(struct reblock_record *r, const struct pt_event *e)
{
	if (!(e->has & PT_HAS_TO))
		return;
	r->qualification = e->to;
	r->presence |= REBLOCK_HAS_QUALIFICATION;
}

static bool interrupt(struct reblock_record *r, const struct pt_event *e)
{
	pt_witness_bare(r, e->type == PT_EVENT_ASYNC ? REBLOCK_SAW_ASYNC : REBLOCK_SAW_INTERRUPT);
	put_rip(r, e, PT_HAS_IP, e->ip);
	put_to(r, e);
	if (e->type == PT_EVENT_INTERRUPT && (e->has & PT_HAS_VECTOR)) {
		r->intr_info = e->vector;
		r->presence |= REBLOCK_HAS_INTR_INFO;
	}
	return true;
}

static bool left(struct reblock_record *r, const struct pt_event *e)
{
	pt_witness_bare(r, REBLOCK_SAW_EXIT);
	put_rip(r, e, PT_HAS_IP, e->ip);
	if (e->has & PT_HAS_AT_IRET) {
		r->flags |= e->at_iret ? REBLOCK_MASKED : 0;
		r->presence |= REBLOCK_HAS_MASKED;
	}
	if (e->has & PT_HAS_REASON) {
		r->reason = (uint32_t)e->reason;
		r->presence |= REBLOCK_HAS_REASON;
	}
	if (e->has & PT_HAS_QUALIFICATION) {
		r->qualification = e->qualification;
		r->presence |= REBLOCK_HAS_QUALIFICATION;
	}
	return true;
}

/*
 * Whether it is certain that what is blocked stays as it is. Of software interrupts INT 2 goes to the NMI's handler, but only a
 * true NMI has NMIs blocked (SDM volume 3A, "Nonmaskable Interrupt (NMI)"); what IRETs its handler runs is seen.
 */
static bool leaves_blocking(uint8_t cfe)
{
	return cfe == PT_CFE_UINTR || cfe == PT_CFE_UIRET || cfe == PT_CFE_SWINTR ||
	       cfe == PT_CFE_SYSCALL;
}

bool pt_witness(const struct pt_event *e, struct reblock_record *r)
{
	switch (e->type) {
	case PT_EVENT_INTERRUPT:
	case PT_EVENT_ASYNC:
		return interrupt(r, e);
	case PT_EVENT_IRET:
		/* Whether one that leads nowhere has completed is not known: it may have faulted, or exited. */
		pt_witness_bare(r, pt_iret_completed(e) ? REBLOCK_SAW_IRET : REBLOCK_SAW_GAP);
		if (!pt_iret_completed(e))
			return true;
		put_rip(r, e, PT_HAS_IP, e->ip);
		put_to(r, e);
		return true;
	case PT_EVENT_EXIT:
	case PT_EVENT_DISABLED:
		return left(r, e);
	case PT_EVENT_ENTRY:
	case PT_EVENT_ENABLED:
		pt_witness_bare(r, REBLOCK_SAW_ENTRY);
		put_rip(r, e, PT_HAS_TO, e->to);
		return true;
	case PT_EVENT_OTHER:
		if (leaves_blocking(e->cfe))
			return false;
		pt_witness_bare(r, REBLOCK_SAW_OTHER);
		put_rip(r, e, PT_HAS_IP, e->ip);
		return true;
	case PT_EVENT_GAP:
		pt_witness_bare(r, REBLOCK_SAW_GAP);
		return true;
	default:
		return false;
	}
}
