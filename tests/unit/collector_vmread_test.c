// SPDX-License-Identifier: BSD-2-Clause
/* What the kernel module has read gets into the record of its own event, and into no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "collector/bpf/slot.h"

#define VCPU 0xffff888000001000u
#define ALL \
	(REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_IDT_VECTORING | REBLOCK_HAS_PIN | \
	 REBLOCK_HAS_EXEC)

static struct vmread_slot slot_of(uint32_t kind, uint32_t fields)
{
	return (struct vmread_slot){
		.vcpu = VCPU,
		.what = kind << 16 | fields,
		.interruptibility = REBLOCK_BLOCKING_NMI,
		.intr_info = 0x80000202,
		.idt_vectoring = 0x80000b0e,
		.pin = 0x7f,
		.exec = 0xb5d86dfa,
	};
}

static struct reblock_record take(struct vmread_slot slot, struct reblock_record r, uint64_t vcpu)
{
	take_slot(&slot, &r, vcpu);
	assert_int_equal(slot.what, 0);
	return r;
}

static const struct reblock_record an_exit = {
	.kind = REBLOCK_EXIT,
	.reason = REBLOCK_REASON_EPT_VIOLATION,
	.presence = REBLOCK_HAS_REASON,
};
static const struct reblock_record an_entry = { .kind = REBLOCK_ENTRY };

static void all_of_an_exit(void **state)
{
	struct reblock_record r = take(slot_of(REBLOCK_EXIT, ALL), an_exit, VCPU);

	(void)state;
	assert_int_equal(r.presence, ALL | REBLOCK_HAS_REASON);
	assert_int_equal(r.interruptibility, REBLOCK_BLOCKING_NMI);
	assert_int_equal(r.idt_vectoring, 0x80000b0e);
	assert_int_equal(r.pin, 0x7f);
	assert_int_equal(r.exec, 0xb5d86dfa);
	assert_int_equal(r.intr_info, 0);
	assert_int_equal(r.flags, 0);
}

static void an_entry_with_an_nmi(void **state)
{
	struct reblock_record r =
		take(slot_of(REBLOCK_ENTRY, REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_INTR_INFO),
		     an_entry, VCPU);

	(void)state;
	assert_int_equal(r.presence, REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_INTR_INFO |
					     REBLOCK_HAS_NMI_INJECTED);
	assert_int_equal(r.intr_info, 0x80000202);
	assert_int_equal(r.flags, REBLOCK_NMI_INJECTED);
	assert_int_equal(r.pin, 0);
}

/* What memory gave stays where the module has not read. */
static void only_what_was_read(void **state)
{
	struct reblock_record r = an_exit;

	(void)state;
	r.pin = 0x16;
	r.idt_vectoring = 7;
	r.presence |= REBLOCK_HAS_PIN | REBLOCK_HAS_IDT_VECTORING;
	r = take(slot_of(REBLOCK_EXIT, REBLOCK_HAS_INTERRUPTIBILITY), r, VCPU);
	assert_int_equal(r.pin, 0x16);
	assert_int_equal(r.idt_vectoring, 7);
	assert_int_equal(r.exec, 0);
	assert_false(reblock_has(&r, REBLOCK_HAS_EXEC));
	assert_true(reblock_has(&r, REBLOCK_HAS_INTERRUPTIBILITY));
}

static void unchanged(struct vmread_slot slot, const struct reblock_record *record, uint64_t vcpu)
{
	struct reblock_record r = take(slot, *record, vcpu);

	assert_memory_equal(&r, record, sizeof(r));
}

static void nothing_of_another_event(void **state)
{
	struct reblock_record failed = an_exit;

	(void)state;
	unchanged(slot_of(REBLOCK_ENTRY, ALL), &an_exit, VCPU);
	unchanged(slot_of(REBLOCK_EXIT, ALL), &an_entry, VCPU);
	unchanged(slot_of(REBLOCK_EXIT, ALL), &an_exit, VCPU + 8);
	unchanged(slot_of(0, 0), &an_exit, VCPU);
	unchanged(slot_of(REBLOCK_EXIT, 0), &an_exit, VCPU);
	failed.reason |= REBLOCK_REASON_FAILED_ENTRY;
	unchanged(slot_of(REBLOCK_EXIT, ALL), &failed, VCPU);
}

static void an_unknown_vcpu(void **state)
{
	struct reblock_record r = take(slot_of(REBLOCK_EXIT, ALL), an_exit, 0);

	(void)state;
	assert_int_equal(r.presence, ALL | REBLOCK_HAS_REASON);
}

static void taken_once(void **state)
{
	struct vmread_slot slot = slot_of(REBLOCK_EXIT, ALL);
	struct reblock_record first = an_exit, second = an_exit;

	(void)state;
	take_slot(&slot, &first, VCPU);
	take_slot(&slot, &second, VCPU);
	assert_int_equal(first.presence, ALL | REBLOCK_HAS_REASON);
	assert_memory_equal(&second, &an_exit, sizeof(second));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_an_exit),           cmocka_unit_test(an_entry_with_an_nmi),
		cmocka_unit_test(only_what_was_read),       cmocka_unit_test(an_unknown_vcpu),
		cmocka_unit_test(nothing_of_another_event), cmocka_unit_test(taken_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
