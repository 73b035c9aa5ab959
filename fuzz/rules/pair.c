/* SPDX-License-Identifier: BSD-2-Clause */
#include <string.h>
#include "rules/pair.h"

#define EVENT (REBLOCK_INTR_VALID | REBLOCK_INTR_TYPE | REBLOCK_INTR_VECTOR)

static uint32_t number(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The vector of an NMI is 2. */
static uint32_t event(uint32_t info)
{
	if ((info & REBLOCK_INTR_TYPE) == REBLOCK_INTR_TYPE_NMI)
		info = (info & ~REBLOCK_INTR_VECTOR) | REBLOCK_VECTOR_NMI;
	return info;
}

static uint32_t reason(const uint8_t *at)
{
	static const uint8_t named[] = { 0, 48, 62, 66, 75, 9, 44, 49, 8, 1, 12, 7 };
	uint32_t high = (uint32_t)at[1] << 24;

	return at[0] < sizeof(named) ? named[at[0]] | high : at[0] | (uint32_t)at[2] << 8 | high;
}

static void decode_exit(struct reblock_record *exit, const uint8_t *at)
{
	static const uint16_t fields[] = { REBLOCK_HAS_REASON,        REBLOCK_HAS_RIP,
					   REBLOCK_HAS_QUALIFICATION, REBLOCK_HAS_INTR_INFO,
					   REBLOCK_HAS_IDT_VECTORING, REBLOCK_HAS_PIN };

	for (unsigned i = 0; i < 6; i++)
		exit->presence |= at[0] >> i & 1 ? 0 : fields[i];
	exit->kind = REBLOCK_EXIT;
	exit->reason = reason(at + 4);
	exit->intr_info = number(at + 7);
	exit->idt_vectoring = event(number(at + 11));
	exit->qualification = number(at + 15) | (uint64_t)number(at + 19) << 32;
	exit->pin = (uint16_t)(at[23] | at[24] << 8);
	exit->rip = 0x1000;
}

static void decode_entry(struct reblock_record *entry, const uint8_t *at)
{
	static const uint16_t fields[] = { REBLOCK_HAS_INTR_INFO, REBLOCK_HAS_PIN, REBLOCK_HAS_RIP,
					   REBLOCK_HAS_INTERRUPTIBILITY };

	for (unsigned i = 0; i < 4; i++)
		entry->presence |= at[1] >> i & 1 ? 0 : fields[i];
	entry->kind = REBLOCK_ENTRY;
	if (at[1] & 0x10)
		entry->presence |= REBLOCK_HAS_RIP_SAME;
	if (at[1] & 0x20)
		entry->presence |= REBLOCK_HAS_NMI_INJECTED;
	entry->flags = (uint8_t)((at[1] & 0x40 ? REBLOCK_RIP_SAME : 0) |
				 (at[1] & 0x80 ? REBLOCK_NMI_INJECTED : 0) |
				 (at[3] & 0x01 ? REBLOCK_NO_OTHER_INJECTION : 0));
	entry->intr_info = event(number(at + 25));
	entry->pin = (uint16_t)(at[29] | at[30] << 8);
	entry->interruptibility = at[31];
	entry->rip = at[3] & 0x02 ? 0x2000 : 0x1000;
}

/* What is absent holds 0. */
static void hide(struct reblock_record *r)
{
	r->reason = r->presence & REBLOCK_HAS_REASON ? r->reason : 0;
	r->rip = r->presence & REBLOCK_HAS_RIP ? r->rip : 0;
	r->qualification = r->presence & REBLOCK_HAS_QUALIFICATION ? r->qualification : 0;
	r->intr_info = r->presence & REBLOCK_HAS_INTR_INFO ? r->intr_info : 0;
	r->idt_vectoring = r->presence & REBLOCK_HAS_IDT_VECTORING ? r->idt_vectoring : 0;
	r->pin = r->presence & REBLOCK_HAS_PIN ? r->pin : 0;
	r->interruptibility = r->presence & REBLOCK_HAS_INTERRUPTIBILITY ? r->interruptibility : 0;
	if (!(r->presence & REBLOCK_HAS_RIP_SAME))
		r->flags &= (uint8_t)~REBLOCK_RIP_SAME;
	if (!(r->presence & REBLOCK_HAS_NMI_INJECTED))
		r->flags &= (uint8_t)~REBLOCK_NMI_INJECTED;
}

void rules_pair_decode(struct rules_pair *pair, const uint8_t *at)
{
	memset(pair, 0, sizeof(*pair));
	decode_exit(&pair->exit, at);
	decode_entry(&pair->entry, at);
	pair->between = at[2] < 128 ? 0 : at[2] & 0x3f;
	/* Equal vectors and events are what matters, and hard to meet. */
	if (at[3] & 0x04)
		pair->entry.intr_info = event((pair->entry.intr_info & ~REBLOCK_INTR_VECTOR) |
					      (pair->exit.intr_info & REBLOCK_INTR_VECTOR));
	if (at[3] & 0x08)
		pair->entry.intr_info = pair->exit.idt_vectoring & EVENT;
	hide(&pair->exit);
	hide(&pair->entry);
}
