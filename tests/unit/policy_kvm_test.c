/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * KVM's cache, nmi_known_unmasked: the model through sequences of exits, and beside the real one, whose value
 * the recorder has put into the traces of corpus/traces.
 */
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <reblock/input.h>
#include <reblock/policies.h>
#include <reblock/policy_replay.h>

#define VNMI (REBLOCK_PIN_NMI_EXITING | REBLOCK_PIN_VIRTUAL_NMIS)
#define FAULT_ON_IRET 0x80001b0eu
#define BIT12 0x1000u
#define MAX_VCPUS 32

static struct reblock_policy_replay replay;

static void exit_with(uint32_t reason, uint32_t intr_info, uint64_t qualification, uint32_t state)
{
	struct reblock_record exit = { .kind = REBLOCK_EXIT,
				       .presence = REBLOCK_HAS_REASON | REBLOCK_HAS_RIP |
						   REBLOCK_HAS_QUALIFICATION |
						   REBLOCK_HAS_INTR_INFO |
						   REBLOCK_HAS_IDT_VECTORING |
						   REBLOCK_HAS_INTERRUPTIBILITY | REBLOCK_HAS_PIN,
				       .reason = reason,
				       .rip = 0x1000,
				       .intr_info = intr_info,
				       .qualification = qualification,
				       .interruptibility = state,
				       .pin = VNMI };

	reblock_policy_replay_exit(&replay, &exit);
}

static struct reblock_prediction enter(uint32_t intr_info)
{
	struct reblock_record entry = { .kind = REBLOCK_ENTRY,
					.presence = REBLOCK_HAS_RIP | REBLOCK_HAS_INTR_INFO |
						    REBLOCK_HAS_PIN,
					.rip = 0x1000,
					.intr_info = intr_info,
					.pin = VNMI };
	struct reblock_prediction p;

	reblock_policy_replay_entry(&replay, &entry, 0, &p);
	return p;
}

/* The value of the cache: 0 or 1, or 2 where the alternatives differ. */
static unsigned cache(void)
{
	unsigned value = replay.alternatives[0].state[0];
	unsigned i;

	for (i = 1; i < replay.n; i++)
		if (replay.alternatives[i].state[0] != value)
			return 2;
	return value;
}

static void begin(const char *policy)
{
	reblock_policy_replay_begin(&replay, reblock_policy_find(policy));
}

static void enter_nmi_handler(void)
{
	exit_with(12, 0, 0, 0);
	(void)enter(0x80000202);
	assert_int_equal(cache(), 0);
}

static void unknown_at_first(void **state)
{
	(void)state;
	begin("kvm");
	assert_int_equal(cache(), 2);
	/* Any exit without bit 12 fills it from the VMCS ... unless it says "unmasked" already. */
	exit_with(12, 0, 0, 0);
	assert_int_equal(cache(), 1);
	(void)enter(0);
	begin("kvm");
	exit_with(12, 0, 0, REBLOCK_BLOCKING_NMI);
	assert_int_equal(cache(), 2);
}

static void fault_on_iret(void **state)
{
	struct reblock_prediction p;

	(void)state;
	begin("kvm");
	enter_nmi_handler();
	exit_with(0, FAULT_ON_IRET, 0, 0);
	assert_int_equal(cache(), 0);
	p = enter(0);
	assert_true(p.certain);
	assert_int_equal(p.blocking, 1);
	/* The same IRET again: still right. */
	exit_with(0, FAULT_ON_IRET, 0, 0);
	p = enter(0);
	assert_int_equal(p.mistakes, 0);
	/* It completes; the next exit finds NMIs open, and the cache says so until the next NMI. */
	exit_with(12, 0, 0, 0);
	assert_int_equal(cache(), 1);
	(void)enter(0);
	assert_int_equal(cache(), 1);
	enter_nmi_handler();
}

static void stale_after_ept_violation(void **state)
{
	static const struct {
		uint32_t reason;
		uint64_t qualification;
	} exits[] = { { 48, 0x181 | BIT12 }, { 62, BIT12 }, { 75, BIT12 } };
	struct reblock_prediction p;
	size_t i;

	(void)state;
	for (i = 0; i < 3; i++) {
		begin("kvm");
		enter_nmi_handler();
		exit_with(exits[i].reason, 0, exits[i].qualification, 0);
		/* The processor has cleared blocking, so the recovery takes NMIs for open; the handler blocks. */
		assert_int_equal(cache(), 1);
		reblock_policy_replay_mask_read(&replay, 0);
		p = enter(0);
		assert_int_equal(p.blocking, 1);
		assert_int_equal(p.mistakes, REBLOCK_MISTAKE_STALE_MASK);
		assert_int_equal(cache(), 1);
		/* An exit of another kind in between does not mend it: the VMCS is not looked at. */
		exit_with(1, 0x80000031, 0, REBLOCK_BLOCKING_NMI);
		assert_int_equal(cache(), 1);
		(void)enter(0);
		/* A second exit by qualification is handled all the same ... */
		exit_with(48, 0, 0x181 | BIT12, 0);
		p = enter(0);
		assert_int_equal(p.mistakes, 0);
		assert_int_equal(p.blocking, 1);
		/* ... and a fault on that IRET is not. */
		exit_with(0, FAULT_ON_IRET, 0, 0);
		p = enter(0);
		assert_true(p.certain);
		assert_int_equal(p.blocking, 0);
		assert_int_equal(p.mistakes, REBLOCK_MISTAKE_MISSED);
	}
}

/* What heals the cache: a new NMI, or a mask that is set. */
static void what_heals(void **state)
{
	struct reblock_prediction p;

	(void)state;
	begin("kvm");
	enter_nmi_handler();
	exit_with(48, 0, 0x181 | BIT12, 0);
	reblock_policy_replay_events_write(&replay, REBLOCK_YES);
	assert_int_equal(cache(), 0);
	(void)enter(0);
	exit_with(0, FAULT_ON_IRET, 0, 0);
	p = enter(0);
	assert_int_equal(p.blocking, 1);
	assert_int_equal(p.mistakes, 0);
}

/* A reflected fault after a stale cache: what is a miss on resuming is right here. */
static void stale_cache_and_reflection(void **state)
{
	struct reblock_prediction p;

	(void)state;
	begin("kvm");
	enter_nmi_handler();
	exit_with(48, 0, 0x181 | BIT12, 0);
	(void)enter(0);
	exit_with(0, FAULT_ON_IRET, 0, 0);
	p = enter(0x80000b0e);
	assert_true(p.certain);
	assert_int_equal(p.blocking, 0);
	assert_int_equal(p.mistakes, 0);
}

/* 2d6144e366fb: L1 re-blocks for its guest past the cache, and the next fault on that IRET is missed. */
static void mask_past_the_cache(void **state)
{
	static const char *const names[] = { "kvm-before-2d6144e366fb", "kvm" };
	struct reblock_prediction p;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		begin(names[i]);
		/* L2's fault on IRET went to L1, which resumes L2 with blocking 1. */
		exit_with(24, 0, 0, 0);
		assert_int_equal(cache(), 1);
		reblock_policy_replay_events_write(&replay, REBLOCK_YES);
		assert_int_equal(cache(), i == 0);
		(void)enter(0);
		exit_with(0, FAULT_ON_IRET, 0, 0);
		p = enter(0);
		assert_true(p.certain);
		assert_int_equal(p.mistakes, i == 0 ? REBLOCK_MISTAKE_MISSED : 0);
	}
}

/* One vCPU of a real trace beside the model. */
struct beside {
	uint32_t vm;
	uint16_t vcpu;
	bool exited;
	struct reblock_policy_replay replay;
};

static struct beside vcpus[MAX_VCPUS];
static unsigned n_vcpus, agreed, open_cases;

static struct beside *vcpu_of(const struct reblock_record *r)
{
	unsigned i;

	for (i = 0; i < n_vcpus; i++)
		if (vcpus[i].vm == r->vm && vcpus[i].vcpu == r->vcpu)
			return &vcpus[i];
	assert_true(n_vcpus < MAX_VCPUS);
	vcpus[n_vcpus].vm = r->vm;
	vcpus[n_vcpus].vcpu = r->vcpu;
	vcpus[n_vcpus].exited = false;
	reblock_policy_replay_begin(&vcpus[n_vcpus].replay, reblock_policy_find("kvm"));
	return &vcpus[n_vcpus++];
}

/*
 * The recorded cache must be among the model's alternatives; those that it is not are dropped, so that
 * each step is checked from the real value before it.
 */
static void compare(struct beside *b, const struct reblock_record *r, uint64_t number)
{
	unsigned real = reblock_flag(r, REBLOCK_NMI_KNOWN_UNMASKED) != 0;
	unsigned may = 0;
	unsigned i;

	if (!reblock_has(r, REBLOCK_HAS_NMI_KNOWN_UNMASKED))
		return;
	for (i = 0; i < b->replay.n; i++)
		may |= 1u << b->replay.alternatives[i].state[0];
	if (!(may & 1u << real))
		fail_msg("record %llu, vm %u: KVM's nmi_known_unmasked was %u, the model's is %u",
			 (unsigned long long)number, r->vm, real, !real);
	agreed += may == 1u << real;
	open_cases += may == 3;
	for (i = 0; i < b->replay.n; i++)
		if (b->replay.alternatives[i].state[0] != real)
			b->replay.alternatives[i--] = b->replay.alternatives[--b->replay.n];
}

static void beside_record(const struct reblock_record *r, uint64_t number)
{
	enum reblock_tri masked = reblock_tri_of(reblock_flag(r, REBLOCK_MASKED));
	struct reblock_prediction p;
	struct beside *b;

	if (r->kind == REBLOCK_META || r->kind == REBLOCK_LOST)
		return;
	b = vcpu_of(r);
	switch (r->kind) {
	case REBLOCK_EXIT:
		compare(b, r, number); /* recorded before the recovery */
		reblock_policy_replay_exit(&b->replay, r);
		break;
	case REBLOCK_ENTRY:
		reblock_policy_replay_entry(&b->replay, r, 0, &p);
		compare(b, r, number);
		break;
	case REBLOCK_MASK_WRITE:
		reblock_policy_replay_mask_write(&b->replay, masked);
		break;
	case REBLOCK_EVENTS_WRITE:
		reblock_policy_replay_events_write(&b->replay, masked);
		break;
	case REBLOCK_MASK_READ:
		reblock_policy_replay_mask_read(&b->replay, 0);
		break;
	default:
		break;
	}
}

static void like_the_real_one(void **state)
{
	glob_t traces;
	size_t i;

	(void)state;
	assert_int_equal(glob(SOURCE_DIR "/corpus/traces/*.rbt", 0, NULL, &traces), 0);
	for (i = 0; i < traces.gl_pathc; i++) {
		const struct reblock_record *records;
		struct reblock_input *input = NULL;
		uint64_t number = 0;
		char *error = NULL;
		long n;

		n_vcpus = 0;
		if (reblock_input_open(traces.gl_pathv[i], NULL, NULL, &input, &error))
			fail_msg("%s", error);
		while ((n = reblock_input_next(input, &records)) > 0)
			for (long k = 0; k < n; k++)
				beside_record(&records[k], number++);
		assert_int_equal(n, 0);
		reblock_input_close(input);
	}
	globfree(&traces);
	print_message("the model's cache was that of KVM %u times, and could be either %u times\n",
		      agreed, open_cases);
	assert_true(agreed > 3000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unknown_at_first),           cmocka_unit_test(fault_on_iret),
		cmocka_unit_test(stale_after_ept_violation),  cmocka_unit_test(what_heals),
		cmocka_unit_test(stale_cache_and_reflection), cmocka_unit_test(mask_past_the_cache),
		cmocka_unit_test(like_the_real_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
