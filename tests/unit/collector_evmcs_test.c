// SPDX-License-Identifier: BSD-2-Clause
/*
 * The enlightened VMCS, read by the code of the BPF programs from made-up memory. No Hyper-V has ever been
 * below it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static int read_memory(void *to, size_t size, const void *from);

#define EVMCS_READ(to, evmcs, member) read_memory(&(to), sizeof(to), &(evmcs)->member)
#define EVMCS_LAYOUT
#include "collector/bpf/evmcs.h"
#include "collector/host.h"

static struct hv_enlightened_vmcs memory;
static const void *unreadable; /* a member that cannot be read */

static int read_memory(void *to, size_t size, const void *from)
{
	const char *begin = (const char *)&memory, *at = from;

	assert_true(at >= begin && at + size <= begin + sizeof(memory));
	if (from == unreadable) {
		memset(to, 0, size);
		return -14;
	}
	memcpy(to, from, size);
	return 0;
}

static struct reblock_record fill(uint8_t kind)
{
	struct reblock_record r = { .kind = kind };

	fill_evmcs(&r, &memory);
	return r;
}

static int setup(void **state)
{
	(void)state;
	unreadable = NULL;
	memory = (struct hv_enlightened_vmcs){
		.revision_id = 1,
		.guest_interruptibility_info = REBLOCK_BLOCKING_NMI,
		.vm_entry_intr_info_field = 0x80000202,
		.hv_clean_fields = 0xffff,
	};
	return 0;
}

static void an_exit(void **state)
{
	struct reblock_record r = fill(REBLOCK_EXIT);

	(void)state;
	assert_int_equal(r.presence, REBLOCK_HAS_INTERRUPTIBILITY);
	assert_int_equal(r.interruptibility, REBLOCK_BLOCKING_NMI);
	memory.hv_clean_fields = 0;
	r = fill(REBLOCK_EXIT);
	assert_int_equal(r.presence, REBLOCK_HAS_INTERRUPTIBILITY);
	assert_int_equal(r.intr_info, 0);
}

static void not_blocked_is_present_too(void **state)
{
	struct reblock_record r;

	(void)state;
	memory.guest_interruptibility_info = 0;
	r = fill(REBLOCK_ENTRY);
	assert_int_equal(r.presence, REBLOCK_HAS_INTERRUPTIBILITY);
	assert_int_equal(r.interruptibility, 0);
}

static void an_injection_counts_when_written(void **state)
{
	struct reblock_record r = fill(REBLOCK_ENTRY);

	(void)state;
	/* All is clean: this NMI was injected before. */
	assert_int_equal(r.presence, REBLOCK_HAS_INTERRUPTIBILITY);
	assert_int_equal(r.flags, 0);

	memory.hv_clean_fields = 0xffff & ~(1u << 5);
	r = fill(REBLOCK_ENTRY);
	assert_int_equal(r.presence, REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_INTR_INFO |
					     REBLOCK_HAS_NMI_INJECTED);
	assert_int_equal(r.intr_info, 0x80000202);
	assert_int_equal(r.flags, REBLOCK_NMI_INJECTED);

	/* Written, but not valid: an injection that was taken back. */
	memory.vm_entry_intr_info_field = 0x00000202;
	r = fill(REBLOCK_ENTRY);
	assert_int_equal(r.intr_info, 0);
	assert_int_equal(r.flags, 0);
	assert_true(reblock_has(&r, REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_NMI_INJECTED));
}

static void another_revision(void **state)
{
	struct reblock_record r;

	(void)state;
	memory.revision_id = 0x13;
	r = fill(REBLOCK_ENTRY);
	assert_int_equal(r.presence, 0);
	memory.revision_id = 1 | 1u << 31; /* a shadow VMCS */
	r = fill(REBLOCK_EXIT);
	assert_int_equal(r.presence, 0);
}

static void what_cannot_be_read_is_absent(void **state)
{
	struct reblock_record r;

	(void)state;
	memory.hv_clean_fields = 0;
	unreadable = &memory.revision_id;
	r = fill(REBLOCK_ENTRY);
	assert_int_equal(r.presence, 0);
	unreadable = &memory.guest_interruptibility_info;
	r = fill(REBLOCK_ENTRY);
	assert_int_equal(r.presence, REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_NMI_INJECTED);
	unreadable = &memory.hv_clean_fields;
	r = fill(REBLOCK_ENTRY);
	assert_int_equal(r.presence, REBLOCK_HAS_INTERRUPTIBILITY);
	unreadable = &memory.vm_entry_intr_info_field;
	r = fill(REBLOCK_ENTRY);
	assert_int_equal(r.presence, REBLOCK_HAS_INTERRUPTIBILITY);
}

/* What memory was made of before gives way to what was read. */
static void an_injection_replaces(void **state)
{
	struct reblock_record r = {
		.kind = REBLOCK_ENTRY,
		.presence = REBLOCK_HAS_INTR_INFO | REBLOCK_HAS_ERROR_CODE |
			    REBLOCK_HAS_NMI_INJECTED,
		.intr_info = 0x80000b0e,
		.error_code = 2,
		.flags = REBLOCK_NMI_INJECTED | REBLOCK_RIP_SAME,
	};

	(void)state;
	set_injection(&r, 0x80000b0d);
	assert_int_equal(r.intr_info, 0x80000b0d);
	assert_int_equal(r.error_code, 2);
	assert_int_equal(r.flags, REBLOCK_RIP_SAME);
	set_injection(&r, 0x80000030);
	assert_int_equal(r.intr_info, 0x80000030);
	assert_int_equal(r.error_code, 0);
	assert_false(reblock_has(&r, REBLOCK_HAS_ERROR_CODE));
}

static void who_is_below(void **state)
{
	(void)state;
	assert_true(host_is_hyperv(0x7263694d, 0x666f736f, 0x76482074));  /* "Microsoft Hv" */
	assert_false(host_is_hyperv(0x4b4d564b, 0x564b4d56, 0x0000004d)); /* "KVMKVMKVM" */
	assert_false(host_is_hyperv(0x7263694d, 0x666f736f, 0));
	assert_false(host_is_hyperv(0, 0, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_exit, setup),
		cmocka_unit_test_setup(not_blocked_is_present_too, setup),
		cmocka_unit_test_setup(an_injection_counts_when_written, setup),
		cmocka_unit_test_setup(another_revision, setup),
		cmocka_unit_test_setup(what_cannot_be_read_is_absent, setup),
		cmocka_unit_test_setup(an_injection_replaces, setup),
		cmocka_unit_test(who_is_below),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
