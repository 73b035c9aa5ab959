/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which bits of a record must be 0 depends on its kind and presence alone. Sources use few
 * combinations, so the masks are kept and the test of a record is eight ands.
 */
#include <string.h>
#include <reblock/input.h>
#include "input/utf8.h"
#include "input/well_formed.h"

#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "records are little-endian in memory"
#endif

static const uint16_t fields_of[REBLOCK_KINDS] = {
	[REBLOCK_EXIT] = REBLOCK_HAS_REASON | REBLOCK_HAS_RIP | REBLOCK_HAS_QUALIFICATION |
			 REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_ERROR_CODE |
			 REBLOCK_HAS_IDT_VECTORING | REBLOCK_HAS_INTERRUPTIBILITY |
			 REBLOCK_HAS_PIN | REBLOCK_HAS_EXEC | REBLOCK_HAS_L2 |
			 REBLOCK_HAS_NMI_KNOWN_UNMASKED | REBLOCK_HAS_SEQ,
	[REBLOCK_ENTRY] = REBLOCK_HAS_RIP | REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_ERROR_CODE |
			  REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_PIN | REBLOCK_HAS_EXEC |
			  REBLOCK_HAS_L2 | REBLOCK_HAS_NMI_KNOWN_UNMASKED |
			  REBLOCK_HAS_NMI_INJECTED | REBLOCK_HAS_RIP_SAME | REBLOCK_HAS_SEQ,
	[REBLOCK_MASK_WRITE] = REBLOCK_HAS_MASKED | REBLOCK_HAS_SEQ,
	[REBLOCK_MASK_READ] = REBLOCK_HAS_MASKED | REBLOCK_HAS_SEQ,
	[REBLOCK_BLOCKED_READ] = REBLOCK_HAS_MASKED | REBLOCK_HAS_SEQ,
	[REBLOCK_EVENTS_WRITE] = REBLOCK_HAS_MASKED | REBLOCK_HAS_NMI_INJECTED |
				 REBLOCK_HAS_PENDING | REBLOCK_HAS_SEQ,
	[REBLOCK_USER_EXIT] = REBLOCK_HAS_REASON | REBLOCK_HAS_SEQ,
	[REBLOCK_LOST] = REBLOCK_HAS_QUALIFICATION | REBLOCK_HAS_SEQ,
	[REBLOCK_META] = REBLOCK_HAS_ERROR_CODE | REBLOCK_HAS_RIP | REBLOCK_HAS_SEQ,
};

uint16_t well_formed_fields(unsigned kind)
{
	return kind < REBLOCK_KINDS ? fields_of[kind] : 0;
}

/* The record with every bit set that a record of this kind and presence may use. */
static void usable(uint8_t kind, uint16_t presence, struct reblock_record *use)
{
	static const struct {
		uint16_t has;
		uint8_t flag;
	} flags[] = {
		{ REBLOCK_HAS_L2, REBLOCK_L2 },
		{ REBLOCK_HAS_NMI_KNOWN_UNMASKED, REBLOCK_NMI_KNOWN_UNMASKED },
		{ REBLOCK_HAS_NMI_INJECTED, REBLOCK_NMI_INJECTED },
		{ REBLOCK_HAS_RIP_SAME, REBLOCK_RIP_SAME },
		{ REBLOCK_HAS_MASKED, REBLOCK_MASKED },
		{ REBLOCK_HAS_PENDING, REBLOCK_PENDING },
	};
	unsigned has = presence & well_formed_fields(kind);

	memset(use, 0, sizeof(*use));
	use->t = UINT64_MAX;
	use->vm = UINT32_MAX;
	use->vcpu = use->cpu = UINT16_MAX;
	use->kind = UINT8_MAX;
	use->presence = (uint16_t)has;
	use->reason = has & REBLOCK_HAS_REASON ? UINT32_MAX : 0;
	use->rip = has & REBLOCK_HAS_RIP ? UINT64_MAX : 0;
	use->qualification = has & REBLOCK_HAS_QUALIFICATION ? UINT64_MAX : 0;
	if (kind == REBLOCK_META) /* the second half of the name */
		use->qualification = use->rip;
	use->intr_info = has & REBLOCK_HAS_INTR_INFO ? UINT32_MAX : 0;
	use->error_code = has & REBLOCK_HAS_ERROR_CODE ? UINT32_MAX : 0;
	use->idt_vectoring = has & REBLOCK_HAS_IDT_VECTORING ? UINT32_MAX : 0;
	use->interruptibility = has & REBLOCK_HAS_INTERRUPTIBILITY ? UINT32_MAX : 0;
	use->pin = has & REBLOCK_HAS_PIN ? UINT16_MAX : 0;
	use->exec = has & REBLOCK_HAS_EXEC ? UINT32_MAX : 0;
	use->seq = has & REBLOCK_HAS_SEQ ? UINT16_MAX : 0;
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (has & flags[i].has)
			use->flags |= flags[i].flag;
	if (kind == REBLOCK_ENTRY)
		use->flags |= REBLOCK_NO_OTHER_INJECTION;
}

/* A kind needs its identifiers: only lost records may be without them, meta without a vCPU. */
static bool identified(const struct reblock_record *r)
{
	switch (r->kind) {
	case REBLOCK_LOST:
		return r->vm != REBLOCK_NO_VM || r->vcpu == REBLOCK_NO_VCPU;
	case REBLOCK_META:
		return r->vm != REBLOCK_NO_VM && r->vcpu == REBLOCK_NO_VCPU;
	default:
		return r->vm != REBLOCK_NO_VM && r->vcpu != REBLOCK_NO_VCPU;
	}
}

static const struct well_formed_slot *slot_of(struct well_formed *w, uint8_t kind,
					      uint16_t presence)
{
	uint32_t key = (uint32_t)presence << 8 | kind;
	struct well_formed_slot *slot =
		&w->slot[(presence ^ presence >> 5 ^ presence >> 10 ^ kind * 7u) %
			 WELL_FORMED_SLOTS];

	if (slot->key != key) {
		struct reblock_record use;

		usable(kind, presence, &use);
		memcpy(slot->must_be_0, &use, sizeof(use));
		for (size_t i = 0; i < 8; i++)
			slot->must_be_0[i] = ~slot->must_be_0[i];
		slot->key = key;
	}
	return slot;
}

bool well_formed_record(struct well_formed *w, const struct reblock_record *r)
{
	const struct well_formed_slot *slot;
	uint64_t word[8], bad = 0;

	if (!well_formed_fields(r->kind) || !identified(r))
		return false;
	slot = slot_of(w, r->kind, r->presence);
	memcpy(word, r, sizeof(word));
	for (size_t i = 0; i < 8; i++)
		bad |= word[i] & slot->must_be_0[i];
	return !bad && (r->kind != REBLOCK_META || utf8_name_valid(r));
}

size_t well_formed_until(struct well_formed *w, const struct reblock_record *r, size_t n)
{
	size_t i = 0;

	while (i < n && well_formed_record(w, &r[i]))
		i++;
	return i;
}

bool reblock_record_normalize(struct reblock_record *r)
{
	struct reblock_record use;
	uint64_t word[8], mask[8];

	if (!well_formed_fields(r->kind))
		return false;
	if (r->kind == REBLOCK_META) {
		r->vcpu = REBLOCK_NO_VCPU;
		utf8_name_clean(r);
	}
	if (r->kind == REBLOCK_LOST && r->vm == REBLOCK_NO_VM)
		r->vcpu = REBLOCK_NO_VCPU;
	usable(r->kind, r->presence, &use);
	memcpy(word, r, sizeof(word));
	memcpy(mask, &use, sizeof(mask));
	for (size_t i = 0; i < 8; i++)
		word[i] &= mask[i];
	memcpy(r, word, sizeof(word));
	return identified(r);
}
