/* SPDX-License-Identifier: BSD-2-Clause */
/* What a filter lets through, pair by pair: docs/rules.md, section 5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <reblock/filter.h>

#define NMI 0x80000202u
#define INTERRUPT 0x80000031u

static const struct reblock_record quiet_entry = { .kind = REBLOCK_ENTRY,
						   .t = 20,
						   .rip = 0x1000,
						   .presence = REBLOCK_HAS_RIP | REBLOCK_HAS_L2 |
							       REBLOCK_HAS_INTR_INFO };

static struct reblock_record quiet_exit(uint32_t reason)
{
	struct reblock_record exit = { .kind = REBLOCK_EXIT,
				       .t = 10,
				       .rip = 0x1000,
				       .reason = reason,
				       .presence = REBLOCK_HAS_REASON | REBLOCK_HAS_RIP |
						   REBLOCK_HAS_QUALIFICATION | REBLOCK_HAS_L2 |
						   REBLOCK_HAS_INTR_INFO |
						   REBLOCK_HAS_IDT_VECTORING };

	return exit;
}

/* Whether the pair is recorded by a filter that knows nothing yet. */
static bool recorded(struct reblock_record exit, struct reblock_record entry)
{
	struct reblock_filter filter = { 0 };

	if (!reblock_filter_exit(&filter, &exit))
		return reblock_filter_pair(&filter, NULL, false, &entry);
	return reblock_filter_pair(&filter, &exit, false, &entry);
}

static void by_the_exit(void **state)
{
	static const uint16_t with_field[] = { 48, 62, 66, 75 };
	struct reblock_record exit;

	(void)state;
	for (uint32_t reason = 0; reason < 128; reason++) {
		exit = quiet_exit(reason);
		assert_int_equal(recorded(exit, quiet_entry), reason == 8 || reason == 9);
		exit.reason |= 1u << 27;
		assert_int_equal(recorded(exit, quiet_entry), reason == 8 || reason == 9);
		exit.reason |= REBLOCK_REASON_FAILED_ENTRY;
		assert_true(recorded(exit, quiet_entry));
		exit = quiet_exit(reason);
		exit.qualification = exit.intr_info = ~REBLOCK_NMI_UNBLOCKING & 0xffff;
		assert_int_equal(recorded(exit, quiet_entry), reason == 8 || reason == 9);
		exit = quiet_exit(reason);
		exit.idt_vectoring = INTERRUPT;
		assert_int_equal(recorded(exit, quiet_entry), reason == 8 || reason == 9);
		exit.idt_vectoring = NMI;
		assert_true(recorded(exit, quiet_entry));
		exit = quiet_exit(reason);
		exit.presence |= REBLOCK_HAS_INTERRUPTIBILITY;
		exit.interruptibility = REBLOCK_BLOCKING_STI;
		assert_int_equal(recorded(exit, quiet_entry), reason == 8 || reason == 9);
		exit.interruptibility = REBLOCK_BLOCKING_NMI;
		assert_true(recorded(exit, quiet_entry));
	}
	for (unsigned i = 0; i < 4; i++) {
		exit = quiet_exit(with_field[i]);
		exit.qualification = REBLOCK_NMI_UNBLOCKING;
		assert_true(recorded(exit, quiet_entry));
		exit = quiet_exit(with_field[i]);
		exit.presence &= (uint16_t)~REBLOCK_HAS_QUALIFICATION;
		assert_true(recorded(exit, quiet_entry));
	}
	exit = quiet_exit(0);
	exit.intr_info = 0x80001b0e;
	assert_true(recorded(exit, quiet_entry));
	exit.intr_info = NMI;
	assert_true(recorded(exit, quiet_entry));
	exit = quiet_exit(0);
	exit.presence &= (uint16_t)~REBLOCK_HAS_INTR_INFO;
	assert_true(recorded(exit, quiet_entry));
	exit = quiet_exit(12);
	exit.presence &= (uint16_t)(~(REBLOCK_HAS_REASON | REBLOCK_HAS_QUALIFICATION));
	exit.reason = 0;
	assert_true(recorded(exit, quiet_entry));
}

static void by_the_entry(void **state)
{
	struct reblock_record exit = quiet_exit(12), entry = quiet_entry;

	(void)state;
	entry.intr_info = INTERRUPT;
	assert_false(recorded(exit, entry));
	entry.intr_info = NMI;
	assert_true(recorded(exit, entry));
	entry.intr_info = 0x80001b0e;
	assert_true(recorded(exit, entry));
	entry.intr_info = 0x1b0e;
	assert_false(recorded(exit, entry));
	entry = quiet_entry;
	entry.presence |= REBLOCK_HAS_NMI_INJECTED;
	assert_false(recorded(exit, entry));
	entry.flags |= REBLOCK_NMI_INJECTED;
	assert_true(recorded(exit, entry));
	entry = quiet_entry;
	entry.presence |= REBLOCK_HAS_INTERRUPTIBILITY;
	entry.interruptibility = REBLOCK_BLOCKING_MOV_SS;
	assert_false(recorded(exit, entry));
	entry.interruptibility = REBLOCK_BLOCKING_NMI;
	assert_true(recorded(exit, entry));
}

static void by_an_operation(void **state)
{
	struct reblock_record exit = quiet_exit(12);

	(void)state;
	for (unsigned kind = REBLOCK_MASK_WRITE; kind <= REBLOCK_USER_EXIT; kind++) {
		bool writes = kind == REBLOCK_MASK_WRITE || kind == REBLOCK_EVENTS_WRITE;

		exit.presence &= (uint16_t)~REBLOCK_HAS_INTERRUPTIBILITY;
		assert_true(reblock_filter_operation(NULL, (uint8_t)kind));
		assert_int_equal(reblock_filter_operation(&exit, (uint8_t)kind), writes);
		exit.presence |= REBLOCK_HAS_INTERRUPTIBILITY;
		assert_int_equal(reblock_filter_operation(&exit, (uint8_t)kind),
				 writes || kind == REBLOCK_MASK_READ);
	}
}

/* How many of 20 pairs at RIP are recorded after one of an IRET at 0x1000. */
static unsigned after(uint64_t rip, bool has_rip)
{
	struct reblock_record exit = quiet_exit(48);
	struct reblock_filter filter = { 0 };
	unsigned n = 0;

	exit.qualification = REBLOCK_NMI_UNBLOCKING;
	assert_true(reblock_filter_pair(&filter, &exit, false, &quiet_entry));
	exit = quiet_exit(12);
	exit.rip = rip;
	if (!has_rip)
		exit.presence &= (uint16_t)~REBLOCK_HAS_RIP;
	while (n < 20 && reblock_filter_exit(&filter, &exit) &&
	       reblock_filter_pair(&filter, &exit, false, &quiet_entry))
		n++;
	return n;
}

static void two_more_and_until_elsewhere(void **state)
{
	(void)state;
	assert_int_equal(after(0x2000, true), 2);
	assert_int_equal(after(0, false), 2);
	assert_int_equal(after(0x1000, true), 20);
}

static void what_comes_in_after_an_nmi(void **state)
{
	struct reblock_record exit = quiet_exit(12), entry = quiet_entry;
	struct reblock_filter filter = { 0 };

	(void)state;
	entry.intr_info = NMI;
	assert_true(reblock_filter_pair(&filter, &exit, false, &entry));
	exit.rip = 0x2000;
	for (unsigned i = 0; i < 3; i++) /* two more, and none */
		assert_int_equal(reblock_filter_pair(&filter, &exit, false, &quiet_entry), i < 2);
	assert_true(reblock_filter_exit(&filter, &exit));
	entry.intr_info = INTERRUPT;
	assert_true(reblock_filter_pair(&filter, &exit, false, &entry));
	entry.t = 20 + REBLOCK_DELIVERED_NS;
	assert_true(reblock_filter_pair(&filter, &exit, false, &entry));
	entry.t++;
	assert_false(reblock_filter_pair(&filter, &exit, false, &entry));
	entry.t = REBLOCK_NO_TIME;
	assert_true(reblock_filter_pair(&filter, &exit, false, &entry));
	entry = quiet_entry;
	entry.flags |= REBLOCK_L2;
	assert_true(reblock_filter_pair(&filter, &exit, false, &entry));
	entry = quiet_entry;
	entry.presence &= (uint16_t)~REBLOCK_HAS_INTR_INFO;
	assert_true(reblock_filter_pair(&filter, &exit, false, &entry));
	exit.t = 21 + REBLOCK_DELIVERED_NS;
	assert_false(reblock_filter_exit(&filter, &exit));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(by_the_exit),
					    cmocka_unit_test(by_the_entry),
					    cmocka_unit_test(by_an_operation),
					    cmocka_unit_test(two_more_and_until_elsewhere),
					    cmocka_unit_test(what_comes_in_after_an_nmi) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
