/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Which bits of a record must be 0 depends on its kind and presence alone. Sources use few
 * combinations, so the masks are kept and the test of a record is eight ands.
 */
#include <limits.h>
#include <string.h>
#include <reblock/input.h>
#include <reblock/json.h>
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
	[REBLOCK_WITNESS] = REBLOCK_HAS_REASON | REBLOCK_HAS_RIP | REBLOCK_HAS_QUALIFICATION |
			    REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_ERROR_CODE | REBLOCK_HAS_L2 |
			    REBLOCK_HAS_MASKED,
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
	if (kind == REBLOCK_EXIT || kind == REBLOCK_ENTRY)
		use->flags |= REBLOCK_LEFT_OUT;
	if (kind == REBLOCK_WITNESS)
		use->intr_info &= REBLOCK_INTR_VECTOR;
	if (kind == REBLOCK_META && (has & REBLOCK_HAS_RIP))
		for (size_t i = 0; i < REBLOCK_NAME_LENGTH; i++)
			((unsigned char *)use)[reblock_name_at(i)] = UCHAR_MAX;
}

/*
 * A kind needs its identifiers: only lost records may be without them, meta without a vCPU. A witness
 * needs a word for what was seen, too; of one that only a newer reblock knows nothing is known.
 */
static bool identified(const struct reblock_record *r)
{
	switch (r->kind) {
	case REBLOCK_LOST:
		return r->vm != REBLOCK_NO_VM || r->vcpu == REBLOCK_NO_VCPU;
	case REBLOCK_META:
		return r->vm != REBLOCK_NO_VM && r->vcpu == REBLOCK_NO_VCPU;
	case REBLOCK_WITNESS:
		return r->vm != REBLOCK_NO_VM && r->vcpu != REBLOCK_NO_VCPU &&
		       (r->presence & REBLOCK_HAS_ERROR_CODE) &&
		       reblock_witness_name(r->error_code);
	default:
		return r->vm != REBLOCK_NO_VM && r->vcpu != REBLOCK_NO_VCPU;
	}
}

/* Never 0, which is the key of an empty place: neither for a record that is all zero. */
static uint32_t key_of(uint8_t kind, uint16_t presence)
{
	return 1u << 24 | (uint32_t)presence << 8 | kind;
}

/* Two kinds never share a place. */
static unsigned place_of(uint32_t key)
{
	return (key & 15) | (key >> 8) * 0x9e3779b1u >> 28 << 4;
}

_Static_assert(REBLOCK_KINDS <= 16 && WELL_FORMED_SLOTS == 256, "places");

static void fill(struct well_formed_slot *slot, uint8_t kind, uint16_t presence)
{
	struct reblock_record use;

	usable(kind, presence, &use);
	memcpy(slot->must_be_0, &use, sizeof(use));
	for (size_t i = 0; i < 8; i++)
		slot->must_be_0[i] = ~slot->must_be_0[i];
	slot->key = key_of(kind, presence);
}

/* Two words at once, where the processor can. */
typedef uint64_t word_pair __attribute__((vector_size(16), aligned(8), may_alias));

static inline bool any_bit(const struct reblock_record *r, const uint64_t must_be_0[8])
{
	const word_pair *word = (const word_pair *)(const void *)r;
	const word_pair *mask = (const word_pair *)(const void *)must_be_0;
	word_pair bad = (word[0] & mask[0]) | (word[1] & mask[1]) | (word[2] & mask[2]) |
			(word[3] & mask[3]);

	return (bad[0] | bad[1]) != 0;
}

bool well_formed_record(struct well_formed *w, const struct reblock_record *r)
{
	uint32_t key = key_of(r->kind, r->presence);
	struct well_formed_slot *slot = &w->slot[place_of(key)];

	if (!well_formed_fields(r->kind) || !identified(r))
		return false;
	if (slot->key != key)
		fill(slot, r->kind, r->presence);
	return !any_bit(r, slot->must_be_0) && (r->kind != REBLOCK_META || utf8_name_valid(r));
}

size_t well_formed_until(struct well_formed *w, const struct reblock_record *r, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t key = key_of(r[i].kind, r[i].presence);
		const struct well_formed_slot *slot = &w->slot[place_of(key)];

		/* Most records are like one before, and of a vCPU. */
		if (slot->key == key && r[i].kind != REBLOCK_WITNESS && r[i].vm != REBLOCK_NO_VM &&
		    r[i].vcpu != REBLOCK_NO_VCPU && !any_bit(&r[i], slot->must_be_0))
			continue;
		if (!well_formed_record(w, &r[i]))
			return i;
	}
	return n;
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
